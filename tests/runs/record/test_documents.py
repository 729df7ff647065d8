"""The JSON files in which a folder says what it is: `run.json` for all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from palaestra.agents.failures import PalaestraError, RunUnreadable, RunUnwritable
from palaestra.runs.exports.described import Described
from palaestra.runs.record.documents import Document
from palaestra.runs.record.state import Counts, PlayedScenario, RunState, SittingRecord
from palaestra.sims.playing.sweep import SweepState
from palaestra.sims.training.checkpoints import TrainingState
from palaestra.sims.training.evolve import EvolutionState

STATE = RunState(scenario=PlayedScenario(scenario="debate", title="Städte 🏙"), status="running")
DOCUMENTS: list[type[Document]] = [RunState, SweepState, Described, EvolutionState, TrainingState]
all_documents = pytest.mark.parametrize("document", DOCUMENTS)


def test_a_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    STATE.write(tmp_path)
    sat = STATE.continued(STATE.settings | {"rounds": 3}, SittingRecord(started="now"))
    over = sat.stopped("failed", Counts(episodes=2, calls=7), {0: "7-0000000a"}, 1.5, ValueError("no"))
    over.write(tmp_path)
    assert RunState.read(tmp_path) == over
    assert (over.error, over.seconds, over.settings["rounds"]) == ("no", 1.5, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_settings_are_those_that_the_file_has_and_no_others() -> None:
    settings = {"scenario": "debate", "rounds": 3, "policies": {"default": {"temperature": None}}}
    assert PlayedScenario.model_validate(settings).model_dump(exclude_unset=True) == settings


def test_a_field_that_this_version_does_not_know_outlives_a_resume(tmp_path: Path) -> None:
    told = {"scenario": {"scenario": "debate"}, "status": "failed", "note": {"mine": [1]}, "error": "no"}
    (tmp_path / "run.json").write_text(json.dumps(told))
    RunState.read(tmp_path).stopped("finished", Counts(), {}).write(tmp_path)
    kept = json.loads((tmp_path / "run.json").read_text())
    assert kept["note"] == {"mine": [1]}
    assert "error" not in kept


@all_documents
def test_a_folder_without_the_document_is_told_what_it_is_not(
    document: type[Document], tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(document.unreadable, match=f"is not {document.folder_is}") as raised:
            document.read(folder)
        assert isinstance(raised.value, PalaestraError)
        assert raised.value.remedy


@all_documents
@pytest.mark.parametrize("text", ['{"status": ', "", "[]", "null", "{}", "\x00\x00", '{"runs": 3}'])
def test_damage_is_told_by_file_and_place(document: type[Document], text: str, tmp_path: Path) -> None:
    (tmp_path / document.file_name).write_text(text)
    with pytest.raises(document.unreadable, match=f"{document.file_name} is damaged"):
        document.read(tmp_path)


def test_the_field_that_is_damaged_is_named(tmp_path: Path) -> None:
    told = {"scenario": {"scenario": "debate"}, "status": "running", "counts": {"calls": "many"}}
    (tmp_path / "run.json").write_text(json.dumps(told))
    with pytest.raises(RunUnreadable, match=r"`counts\.calls`: Input should be a valid integer"):
        RunState.read(tmp_path)


def test_a_folder_in_the_document_s_place_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(RunUnreadable, match="can't be read"):
        RunState.read(tmp_path)


def test_the_folder_of_a_sweep_names_one_of_its_runs(tmp_path: Path) -> None:
    SweepState(scenario="debate", file="debate.yaml", points=()).write(tmp_path)
    (tmp_path / "0-rounds=1").mkdir()
    STATE.write(tmp_path / "0-rounds=1")
    with pytest.raises(RunUnreadable, match="is the folder of a sweep") as raised:
        RunState.read(tmp_path)
    assert "0-rounds=1" in raised.value.remedy


@pytest.mark.parametrize("folder", ["gone", "file"])
def test_a_document_that_cannot_be_written_is_unwritable_and_leaves_nothing(
    folder: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunUnwritable, match=r"run\.json can't be written"):
        STATE.write(tmp_path / folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
