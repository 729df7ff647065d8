"""The run folder: made empty, its `run.json` replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.record.folder import create


def test_a_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    assert create(tmp_path / "a" / "b", "debate").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())


def test_an_empty_folder_may_be_taken(tmp_path: Path) -> None:
    assert create(tmp_path, "debate") == tmp_path


def test_by_default_each_run_has_a_folder_of_its_own_in_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [create(None, "debate") for _ in range(3)]
    for folder in folders:
        (folder / "run.json").write_text("{}")
        assert folder.parent == Path("outputs")
        assert folder.name.startswith("debate-")


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="exists already"):
        create(tmp_path / "file", "debate")
