"""What a training takes and what it refuses, without training: export folders, starts, settings."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from palaestra.agents.failures import BadInput, RunLocked
from palaestra.runs.exports.described import Author
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.training import checkpoints
from palaestra.sims.training import train as training
from palaestra.sims.training.datasets import (
    Tokens,
    dpo_ids,
)
from palaestra.sims.training.progress import TrainingProgress
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.source import Start, TrainingSource
from palaestra.sims.training.train import TrainerUnavailable, train
from support import tokenizers as like
from support.training_export import answer, question, rows, write_export


@pytest.fixture(scope="module")
def template(tokenizer: Any) -> ChatTemplate:
    return ChatTemplate(tokenizer)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "export")


def lines(file: Path, *made: dict[str, Any]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in made))


def test_rows_are_the_same_from_jsonl_and_from_parquet(export: Path, tmp_path: Path) -> None:
    import polars as pl

    other = tmp_path / "other"
    shutil.copytree(export, other)
    about = json.loads((other / "export.json").read_text())
    (other / "export.json").write_text(json.dumps(about | {"file_type": "parquet"}))
    for file in other.glob("*/*.jsonl"):
        pl.read_ndjson(file).write_parquet(file.with_suffix(".parquet"))
        file.unlink()
    for form in rows():
        assert list(TrainingSource(export).rows(form, "test")) == list(
            TrainingSource(other).rows(form, "test")
        )


def test_a_column_that_begins_empty_is_read(export: Path) -> None:
    empty: dict[str, Any] = {"prompt": [], "output": "x" * 1000, "judgment": None}
    lines(export / "critiques/train.jsonl", *[empty] * 12_000, empty | {"judgment": "Bad."})
    assert TrainingSource(export).rows("critiques", "train")[-1]["judgment"] == "Bad."


def test_without_a_test_file_there_are_no_test_rows(export: Path) -> None:
    (export / "dpo/test.jsonl").unlink()
    assert not TrainingSource(export).rows("dpo", "test")


def test_a_policy_is_trained_on_from_its_adapter_unless_another_is_named(tmp_path: Path) -> None:
    policies = {
        "base": {"model": "smollm2", "adapter": None},
        "ann": {"model": "smollm2", "adapter": "ann-1", "template_options": {"enable_thinking": False}},
    }
    source = TrainingSource(write_export(tmp_path / "export", policies=policies))
    ann = source.start("ann", None, None)
    assert (ann.model, ann.adapter) == ("smollm2", Path("ann-1"))
    assert ann.author.template_options == {"enable_thinking": False}
    assert source.start("ann", None, Path("bo-1")).adapter == Path("bo-1")
    assert source.start("base", None, None).adapter is None
    assert source.start(None, "other", None).model == "other"
    with pytest.raises(BadInput, match="several policies: base, ann"):
        source.start(None, None, None)


def test_another_model_is_told_the_day_of_play_and_the_same_one_all_that_it_was_told(tmp_path: Path) -> None:
    told: dict[str, Any] = {"day": "2026-02-03", "template_options": {"x": 1}, "chat_template": "{{ 1 }}"}
    policies = {"a": {"model": "big"} | told, "b": {"model": "small", "day": "2026-02-03"}}
    source = TrainingSource(write_export(tmp_path / "export", policies=policies))
    for policy in (None, "b"):
        assert source.start(policy, "other", None).author == Author(day=date(2026, 2, 3))
    assert source.start(None, "big", None).author == Author(**told)
    assert source.start(None, "small", None).author == Author(day=date(2026, 2, 3))


def test_another_model_needs_a_policy_where_they_played_on_several_days(tmp_path: Path) -> None:
    policies = {name: {"model": "big", "day": f"2026-02-0{number}"} for number, name in enumerate("ab", 1)}
    source = TrainingSource(write_export(tmp_path / "export", policies=policies))
    for model in ("big", "other"):
        with pytest.raises(BadInput, match="on several days"):
            source.start(None, model, None)
        assert source.start("b", model, None).author.day == date(2026, 2, 2)


def test_a_training_that_goes_on_tells_its_model_the_day_on_which_it_began(tmp_path: Path) -> None:
    """Where nobody knows on which day was played; else its prompts would have other tokens overnight."""
    out, unknown = tmp_path / "out", Start("other", None, Author())
    with checkpoints.Unfinished(out, {"day": "2026-02-03"}, resume=False):
        began = checkpoints.began_on(out)
    assert training.pinned(unknown, began).author.day == date(2026, 2, 3)
    assert training.pinned(unknown, None).author.day == date.today()
    played = Start("other", None, Author(day=date(2026, 1, 1)))
    assert training.pinned(played, began).author.day == date(2026, 1, 1)


@pytest.mark.torch
def test_what_was_played_on_a_day_trains_on_the_tokens_of_that_day(tmp_path: Path) -> None:
    policies = {"a": {"model": "big", "day": "2026-02-03"}}
    source = TrainingSource(write_export(tmp_path / "export", policies=policies))
    tokenizer = like.byte_like(like.DATED)
    row = {"prompt": question("France"), "chosen": answer("Paris it is."), "rejected": answer("No idea.")}
    played = ChatTemplate(tokenizer, day=date(2026, 2, 3))
    for start in (
        source.start("a", None, None),
        source.start(None, "big", None),
        source.start("a", "x", None),
    ):
        template = ChatTemplate(tokenizer, day=training.pinned(start, None).author.day)
        assert dpo_ids(row, Tokens(template, 0)) == dpo_ids(row, Tokens(played, 0))


def test_policies_that_are_the_same_mind_need_no_choice(tmp_path: Path) -> None:
    policies = {
        name: {"model": "smollm2", "adapter": None, "temperature": t} for name, t in (("a", 0), ("b", 1))
    }
    source = TrainingSource(write_export(tmp_path / "export", policies=policies))
    assert source.start(None, None, None).model == "smollm2"


REFUSING = "{{ raise_exception('only riddles') }}"


def refuse(folder: Path, template: str) -> str:
    """A copy of the embedded model's tokenizer with another chat template."""
    from transformers import AutoTokenizer

    shutil.copytree(embedded_model.ensure(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    (folder / "chat_template.jinja").unlink()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(str(folder))
    return str(folder)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"export": "elsewhere"}, "not the folder of an export", "palaestra export RUN"),
        ({"remove": "kto", "method": "kto"}, "has no kto rows, only dpo, ", "palaestra export RUN --to kto"),
        ({"empty": "sft", "method": "sft"}, "train split of .*sft is empty", "less strict"),
        ({"policy": "nobody"}, "no policy 'nobody'", "It has: default."),
        ({"model": "./nowhere"}, "no model './nowhere'", "folder with a checkpoint"),
        ({"adapter": "nowhere"}, "nowhere holds no LoRA adapter", "adapter_config.json"),
        ({"method": "kto", "batch_size": 1}, "within a batch", "batch_size"),
        ({"method": "ranked"}, "nothing here trains on ranked", "The methods are: "),
        ({"method": "dpi"}, "there is no format 'dpi'", "The formats are"),
        ({"max_length": 16}, "every dpo row is longer than 16 tokens", "max_length"),
        ({"template": REFUSING}, "can't render the roles .*only riddles", ""),
        ({"template": None}, "no chat template", "instruction-tuned"),
        ({"template": "{{ messages[0].content }}"}, "can't be loaded", "checkpoint"),  # it has no weights
        ({"resume": True}, "no training of .* was begun", "without --resume"),
        ({"role": "tool"}, "role 'tool'", "system, user, assistant"),
        ({"garbage": "not json"}, "can't be read", "anew"),
        ({"garbage": '{"prompt": 3}'}, "is not one", "anew"),
        ({"exists": True}, "exists already", "new folder"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_nothing_is_written(
    arguments: dict[str, Any], message: str, remedy: str, export: Path, tmp_path: Path
) -> None:
    given = dict(arguments)
    about = json.loads((export / "export.json").read_text())
    about["formats"].pop(given.pop("remove", None), None)
    if empty := given.pop("empty", None):
        about["formats"][empty]["train"] = 0
    (export / "export.json").write_text(json.dumps(about))
    if role := given.pop("role", None):
        row = {"prompt": [{"role": role, "content": "?"}], "chosen": answer("a"), "rejected": answer("b")}
        lines(export / "dpo/train.jsonl", row)
    if garbage := given.pop("garbage", None):
        (export / "dpo/train.jsonl").write_text(garbage)
    if "template" in given:
        given["model"] = refuse(tmp_path / "model", given.pop("template"))
    if given.pop("exists", False):
        (tmp_path / "out").mkdir()
    settings = {name: given.pop(name) for name in ("batch_size", "max_length") if name in given}
    before = sorted(tmp_path.rglob("*"))
    if "adapter" in given:
        given["adapter"] = tmp_path / given["adapter"]
    folder = tmp_path / given.pop("export", "export")
    with pytest.raises(BadInput, match=message) as refused:
        train(folder, tmp_path / "out", settings=TrainSettings(**settings), quiet=True, **given)
    assert remedy in refused.value.remedy
    assert sorted(tmp_path.rglob("*")) == before


def test_without_the_trainers_it_says_how_to_install_them(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "NEEDED", ("trl-that-nobody-has",))
    with pytest.raises(TrainerUnavailable) as refused:
        train(export, tmp_path / "out", quiet=True)
    assert "pip install 'palaestra[train]'" in refused.value.remedy


def test_an_export_of_a_policy_without_a_model_needs_one_named(tmp_path: Path) -> None:
    source = TrainingSource(
        write_export(tmp_path / "export", policies={"made-up": {"model": None, "adapter": None}})
    )
    with pytest.raises(BadInput, match="doesn't say which model"):
        source.start(None, None, None)


def test_two_processes_cannot_train_one_adapter(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with checkpoints.Unfinished(out, {}, resume=False):
        with pytest.raises(RunLocked, match="another process"):
            checkpoints.Unfinished(out, {}, resume=False)
        assert checkpoints.partial(out).exists()
    assert not list(tmp_path.iterdir())


def test_progress_tells_steps_loss_preference_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs = {"loss": 0.5, "rewards/accuracies": 0.75, "rewards/margins": 0.1, "grad_norm": 3.0}
    with TrainingProgress() as progress:
        progress.begin(1, 3)
        progress.stepped(2, logs)
        progress.stepped(3, logs)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "step 3/3 · loss 0.500 · accuracy 75% · margin 0.100 · 0:00:00 left"


@pytest.mark.parametrize("targets", [["lm_head"], ["q_proj", "embed_tokens"], []])
def test_only_hidden_layers_get_an_adapter(targets: list[str]) -> None:
    with pytest.raises(ValidationError, match="hidden layers"):
        TrainSettings(targets=targets)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in TrainSettings.model_fields.values())
