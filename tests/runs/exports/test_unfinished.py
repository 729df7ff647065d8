"""A folder comes to be whole or not at all, and nobody's work is taken away by another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput, RunUnwritable
from palaestra.runs.exports.unfinished import becoming

DIE = """
import os, sys
from pathlib import Path
from palaestra.runs.exports.unfinished import becoming

with becoming(Path(sys.argv[1])) as folder:
    (folder / "rows").write_text("half")
    os._exit(9)
"""


def test_it_is_there_once_it_is_whole(tmp_path: Path) -> None:
    with becoming(tmp_path / "new" / "out") as folder:
        (folder / "rows").write_text("all")
        assert not (tmp_path / "new" / "out").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]
    assert (tmp_path / "new" / "out" / "rows").read_text() == "all"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with becoming(tmp_path / "out") as folder:
            (folder / "rows").write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(RunUnwritable, match="out can't be written"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_of_two_with_one_name_the_first_that_is_whole_has_it_and_the_other_is_told(tmp_path: Path) -> None:
    def both() -> None:
        with becoming(tmp_path / "out") as one:
            (one / "rows").write_text("one")
            with becoming(tmp_path / "out") as two:
                (two / "rows").write_text("two")
            assert (one / "rows").read_text() == "one"

    with pytest.raises(BadInput, match="out exists already"):
        both()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "rows").read_text() == "two"


def test_what_a_killed_one_left_is_taken_away_by_the_next(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", DIE, str(tmp_path / "a")], check=False).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with becoming(tmp_path / "b"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
