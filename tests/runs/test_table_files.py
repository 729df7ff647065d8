"""Tables on disk: trusted only where they are whole and of the log that is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from palaestra.agents.failures import RunUnwritable
from palaestra.runs import run, table_files
from palaestra.runs.run import Run
from palaestra.sims.playing import play
from support.logs import kill_after
from support.scripted_debates import scenario


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three debates, with its tables."""
    folder = play.start(scenario(episodes=3), tmp_path_factory.mktemp("runs") / "run", quiet=True)
    Run(folder).write_tables()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, as `cp -r` makes it: all files are as new as the log."""
    return Path(shutil.copytree(whole, tmp_path / "run", copy_function=shutil.copyfile))


def counted(folder: Path) -> tuple[int, int]:
    run = Run(folder)
    return run.episodes.height, run.table("speech").height


def test_tables_that_fit_are_read_and_not_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = table_files.kept(folder)
    assert kept is not None
    with monkeypatch.context() as patch:
        patch.setattr(run, "build", None)
        read = Run(folder).tables
    assert kept.keys() == read.keys()
    assert all(kept[name].equals(read[name]) for name in kept)


def lose(name: str) -> Callable[[Path], None]:
    return lambda tables: (tables / name).unlink()


def cut(name: str) -> Callable[[Path], None]:
    def change(tables: Path) -> None:
        (tables / name).write_bytes((tables / name).read_bytes()[:200])

    return change


def exchange(name: str, other: str) -> Callable[[Path], None]:
    def change(tables: Path) -> None:
        shutil.copyfile(tables / other, tables / name)

    return change


def flip(name: str) -> Callable[[Path], None]:
    """Flip a bit in the middle, which Polars reads as another number, refuses, or panics at."""

    def change(tables: Path) -> None:
        text = bytearray((tables / name).read_bytes())
        text[len(text) // 2] ^= 1
        (tables / name).write_bytes(text)

    return change


def forget(name: str) -> Callable[[Path], None]:
    def change(tables: Path) -> None:
        said = json.loads((tables / "made-from.json").read_text())
        del said["tables"][name]
        (tables / "made-from.json").write_text(json.dumps(said))

    return change


def say(**fields: object) -> Callable[[Path], None]:
    def change(tables: Path) -> None:
        said = json.loads((tables / "made-from.json").read_text())
        (tables / "made-from.json").write_text(json.dumps(said | fields))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lose("episodes.parquet"),
        lose("speech.parquet"),
        lose("made-from.json"),
        cut("calls.parquet"),
        cut("made-from.json"),
        say(length=1),
        say(digest="00"),
        say(palaestra="0.0.1"),
        exchange("episodes.parquet", "messages.parquet"),
        flip("calls.parquet"),
        forget("speech"),
        say(tables={}),
        say(tables={"episodes": "00"}),
        say(tables="all"),
        shutil.rmtree,
    ],
)
def test_tables_that_are_damaged_or_of_something_else_are_made_again(
    damage: Callable[[Path], None], folder: Path
) -> None:
    before = counted(folder)
    damage(folder / "tables")
    assert table_files.kept(folder) is None
    assert counted(folder) == before
    Run(folder).write_tables()
    assert table_files.kept(folder) is not None


def test_tables_of_a_log_that_is_shorter_now_are_not_trusted(folder: Path) -> None:
    kill_after(folder, 30)
    assert table_files.kept(folder) is None
    assert counted(folder)[0] < 3 or counted(folder)[1] < Run(folder).tables["speech"].height + 1


@pytest.mark.parametrize("tables_written", range(6))
def test_writing_that_stops_anywhere_leaves_no_table_that_misleads(
    tables_written: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = counted(folder), 0
    usual = pl.DataFrame.write_parquet

    def stopped(frame: pl.DataFrame, file: Path) -> None:
        nonlocal written
        written += 1
        if written > tables_written:
            raise OSError(28, "No space left on device")
        usual(frame, file)

    (folder / "tables" / "made-from.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "write_parquet", stopped)
        with pytest.raises(RunUnwritable, match="No space left"):
            Run(folder).write_tables()
    assert counted(folder) == before
    Run(folder).write_tables()
    assert sorted(path.name for path in folder.iterdir()) == ["log.jsonl", "run.json", "tables"]
    assert table_files.kept(folder) is not None


@pytest.mark.parametrize("name", ["run[1]x", "r*", "a?b", "{a,b}", "ä ö"])
def test_a_folder_s_name_is_a_name_and_no_pattern(name: str, folder: Path) -> None:
    (folder.parent / "ro").mkdir()
    shutil.copytree(folder, folder.parent / "r1")
    named = folder.rename(folder.parent / name)
    assert counted(named)[0] == 3
    kept = table_files.kept(named)
    assert kept is not None
    assert kept["episodes"].height == 3
