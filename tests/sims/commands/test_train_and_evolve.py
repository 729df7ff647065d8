"""What is refused before anything is trained, and an evolution that has nothing to learn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from palaestra.runs.run import Run
from support.command_line import done, palaestra, refused
from support.training_export import write_export

# --- train ---


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("elsewhere",), "not the folder of an export"),
        (("e", "--policy", "nobody"), "no policy 'nobody'"),
        (("e", "--set", "epoch=2"), "Fields: rank, "),
        (("e", "--method", "kto", "--set", "batch_size=1"), "within a batch"),
        (("e", "--adapter", "nowhere"), "nowhere holds no LoRA adapter"),
        (("e", "--resume"), "without --resume"),
    ],
)
def test_what_can_not_be_trained_is_refused_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    write_export(tmp_path / "e")
    assert said in refused("train", *words, "--out", "adapter", "-q", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


def test_a_training_runs_no_code_that_a_models_folder_or_an_adapter_names(tmp_path: Path) -> None:
    write_export(tmp_path / "e")
    ran = tmp_path / "ran"
    model, adapter = tmp_path / "model", tmp_path / "megatron"
    model.mkdir()
    adapter.mkdir()
    named = {"auto_map": {"AutoConfig": "evil.Config"}, "model_type": "evil"}
    (model / "config.json").write_text(json.dumps(named))
    (model / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Config: pass\n")
    assert f"no model '{model}'" in refused("train", "e", "--model", model, "--out", "a", "-q", cwd=tmp_path)
    told = {"peft_type": "LORA", "megatron_config": {}, "megatron_core": "antigravity"}
    (adapter / "adapter_config.json").write_text(json.dumps(told))
    assert "for Megatron" in refused("train", "e", "--adapter", adapter, "--out", "a", "-q", cwd=tmp_path)
    assert not ran.exists()


# --- evolve ---


@pytest.fixture
def tribe(tmp_path: Path) -> Path:
    """A folder with the ready tribe on an engine that answers without a model, and a check that all pass."""
    text = palaestra("show", "evolve-demo").out
    text = re.sub(r"check: .*", "check: {least_words: 1}", text)
    (tmp_path / "tribe.yaml").write_text(text + "engines: {default: {kind: scripted}}\n")
    return tmp_path


def test_a_tribe_that_has_nothing_to_learn_is_measured_and_ends_there(tribe: Path) -> None:
    words = ("evolve", "tribe.yaml", "--by", "truth", "--generations", "1", "--out", "e")
    ended = palaestra(*words, cwd=tribe)
    assert ended.code == 0, ended.err
    assert "generation 0 of 1: measuring generation 1 of 1: playing" in ended.words
    assert "has nothing to learn from, so it ends here" in ended.words
    measured = Run(tribe / "e" / "generation-0" / "measure").table("answer")
    for policy in ("ann", "bo", "cem"):
        own = measured.filter(policy=policy)
        assert f"{policy} {own.height} {own['passed'].sum() / own.height:.2f} " in ended.words
    assert f"0 all {measured.height} 1.00 " in ended.words
    assert ended.words.endswith("evolution: e")
    assert done("evolve", "e", cwd=tribe).endswith("evolution: e")  # on, with nothing left to do


def test_a_quiet_evolution_tells_only_its_result_and_goes_to_outputs(tribe: Path) -> None:
    said = palaestra("evolve", "tribe.yaml", "--by", "truth", "-g", "1", "-q", cwd=tribe)
    assert said.err == ""
    assert said.out.startswith("held-out success; pairs by truth")
    assert (tribe / "outputs" / "evolution-tribe" / "evolution.json").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("debate",), "a tribe evolves by duels"),
        (("tribe.yaml", "--set", "train.epoch=2"), "train.epochs"),
        (("tribe.yaml", "--by", "panel", "--method", "sft"), "--set at_least=7"),
        (("e", "--generations", "3"), "an evolution goes on as it was begun"),
        (("e",), "is not the folder of an evolution"),
    ],
)
def test_what_can_not_evolve_is_refused_and_nothing_is_written(
    tribe: Path, words: tuple[str, ...], said: str
) -> None:
    (tribe / "e").mkdir()
    assert said in refused("evolve", *words, cwd=tribe)
    assert sorted(path.name for path in tribe.iterdir()) == ["e", "tribe.yaml"]
