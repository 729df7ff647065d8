"""A model is known again: by its commit, and by hashes of weights, tokenizer, configuration and template."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest
from pydantic import ValidationError

from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines import checkpoint
from palaestra.sims.engines.checkpoint import BLOCK, BLOCKS, find, identity, weights

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of a model that is larger than what is sampled of it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(range(251)) * (2 * BLOCK * BLOCKS // 251))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.fixture
def cached(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the Hugging Face id `some/model`, fetched at its tag `v1`; no network."""
    here = tmp_path / "hub" / "models--some--model"
    snapshot = Path(copytree(model, here / "snapshots" / COMMIT))
    (here / "refs").mkdir()
    (here / "refs" / "v1").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return snapshot


def flip(file: Path, place: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("place", [0, 1_000_003, -1])
def test_every_byte_of_the_weights_counts(place: int, model: Path) -> None:
    before, file = weights(model), model / "model.safetensors"
    assert before is not None
    assert before.startswith("whole:")
    assert weights(Path(copytree(model, model.with_name("copy")))) == before
    flip(file, place % file.stat().st_size)
    assert weights(model) != before


def test_of_large_weights_the_beginning_the_size_and_samples_count(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "WHOLE", 1000)
    file = model / "model.safetensors"
    content, found = file.read_bytes(), [weights(model)]
    for place in (0, len(content) - 1):
        flip(file, place)
        found.append(weights(model))
        flip(file, place)
    for other in (content[:-1], content[: len(content) // 2] + bytes(len(content) - len(content) // 2)):
        file.write_bytes(other)
        found.append(weights(model))
    assert len(set(found)) == 5
    assert all(str(each).startswith("sampled:") for each in found)


def test_what_is_hashed_are_the_files_that_are_loaded(model: Path) -> None:
    before = weights(model)
    (model / "pytorch_model.bin").write_bytes(b"also here")
    (model / "README.md").write_text("a card")
    assert weights(model) == before
    (model / "model.safetensors").unlink()
    unsafe = weights(model)
    assert unsafe not in (None, before)
    (model / "training_args.bin").write_bytes(b"left by a trainer")
    assert weights(model) == unsafe
    (model / "pytorch_model.bin").unlink()
    assert weights(model) is None


def test_a_folder_is_known_by_its_files_template_and_adapters(model: Path, tmp_path: Path) -> None:
    settings, adapter = VllmEngine(model=str(model)), tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"low rank")
    told = identity(str(model), settings, "{{ messages }}", [adapter])
    assert set(told) == {"weights", "config", "tokenizer", "template", f"adapter {adapter}"}
    (model / "config.json").write_text('{"model_type": "llama", "rope_theta": 1}')
    (model / "tokenizer.json").write_text('{"model": 1}')
    (adapter / "adapter_model.safetensors").write_bytes(b"low rang")
    again = identity(str(model), settings, "{{ message }}", [adapter])
    assert {key for key in told if told[key] == again[key]} == {"weights"}


def test_a_fetched_model_is_known_by_its_commit_too(cached: Path, model: Path) -> None:
    settings = VllmEngine(model="some/model", revision="v1")
    told = identity("some/model", settings, "", [])
    assert (told["revision"], told["commit"]) == ("v1", COMMIT)
    assert told["weights"] == weights(model)
    assert set(identity("other/model", VllmEngine(model="other/model"), "", [])) == {"template"}


@pytest.mark.torch
def test_a_model_is_found_at_its_revision_and_at_no_other(cached: Path) -> None:
    assert find(VllmEngine(model="some/model", revision="v1")) == "some/model"
    assert find(VllmEngine(model="some/model", revision=COMMIT)) == "some/model"
    with pytest.raises(EngineUnavailable, match="'some/model' at revision 'v2'"):
        find(VllmEngine(model="some/model", revision="v2"))


def test_a_revision_is_of_an_id_and_said_once(tmp_path: Path) -> None:
    for model in ("smollm2", "./here", str(tmp_path)):
        with pytest.raises(ValidationError, match="one of a Hugging Face id"):
            VllmEngine(model=model, revision="main")
    with pytest.raises(ValidationError, match="by the engine's `revision`"):
        VllmEngine(model="some/model", options={"revision": "main"})
    assert VllmEngine(model="some/model", revision="v1").model_dump(mode="json")["revision"] == "v1"
