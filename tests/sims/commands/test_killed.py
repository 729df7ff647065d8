"""What is killed, at whichever file operation, goes on: with the same command, or with the one it names."""

from __future__ import annotations

import re
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from support.command_line import done, palaestra, refused
from support.killed import killed_at
from support.logs import kill_after
from support.scripted_debates import recorded

DEBATE = ("run", "debate", "-q", "-n", "1", "--dry-run", "--set", "rounds=1", "--out", "out")
SOME = 11
"""Without `--every-kill` commands are killed at one in so many of their file operations."""
SWEEP = (*DEBATE, "--set", "sweep={layout: [shared_prefix, persona_first]}")


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> range:
    """The numbers of the file operations to be killed at, from 1."""
    return range(1, 1000, 1 if request.config.getoption("--every-kill") else SOME)


def goes_on(folder: Path, *words: str | Path) -> None:
    """Do what was killed again in `folder`: as it was said, or by the command that the refusal names."""
    again = palaestra(*words, cwd=folder)
    if again.code:
        named = re.search(r"palaestra (resume .*)", again.err)
        assert named, again.err
        done(*named[1].split(), cwd=folder)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_goes_on_wherever_it_was_killed(operations: range, tmp_path: Path) -> None:
    done(*DEBATE, cwd=tmp_path)
    whole = recorded(tmp_path / "out")
    for operation in operations:
        folder = tmp_path / str(operation)
        folder.mkdir()
        if not killed_at(operation, folder, *DEBATE):
            break
        goes_on(folder, *DEBATE)
        assert recorded(folder / "out") == whole
        assert RunState.read(folder / "out").status == "finished"
        assert names(folder / "out") == {"log.jsonl", "run.json", "tables"}
    assert operation > 30, "it was killed at every operation, from the first folder to the last table"


@pytest.mark.whole
def test_a_sweep_goes_on_wherever_it_was_killed(operations: range, tmp_path: Path) -> None:
    for operation in operations:
        folder = tmp_path / str(operation)
        folder.mkdir()
        if not killed_at(operation, folder, *SWEEP):
            break
        goes_on(folder, *SWEEP)
        assert {RunState.read(run).status for run in folder.glob("out/*/")} == {"finished"}
        assert names(folder / "out") == {"sweep.json", "0-layout=shared_prefix", "1-layout=persona_first"}
    assert operation > 30


@pytest.mark.whole
def test_a_run_that_was_killed_while_it_went_on_goes_on(
    operations: range, debate: Path, tmp_path: Path
) -> None:
    more = ("resume", "out", "-q", "--set", "episodes=3", "--set", "engines.default.kind=scripted")
    for operation in operations:
        folder = tmp_path / str(operation)
        copytree(debate, folder / "out")
        kill_after(folder / "out", 40)
        if not killed_at(operation, folder, *more):
            break
        done(*more, cwd=folder)
        assert Run(folder / "out").episodes["ended"].to_list() == [True] * 3
    assert operation > 20


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (("export", "run", "--out", "out"), "out/export.json"),
        pytest.param(
            ("export", "run", "--out", "out", "--as", "parquet"), "out/export.json", marks=pytest.mark.whole
        ),
        pytest.param(("report", "run", "--out", "out.html"), "out.html", marks=pytest.mark.whole),
        (("new", "metric", "fair_share", "--into", "here"), "here/palaestra-fair-share/pyproject.toml"),
        pytest.param(
            ("population", "draw", "townsfolk", "--size", "9", "--out", "out.jsonl"),
            "out.jsonl",
            marks=pytest.mark.whole,
        ),
        (("branch", "run", "-q", "--most", "2", "--out", "out"), "out/run.json"),
    ],
)
def test_what_writes_a_folder_or_a_file_goes_on_wherever_it_was_killed(
    words: tuple[str, ...], made: str, operations: range, car: Path, tmp_path: Path
) -> None:
    if words[0] == "export":
        words = (*words, "--to", "sft")
    for operation in operations:
        folder = tmp_path / str(operation)
        copytree(car, folder / "run")
        if not killed_at(operation, folder, *words):
            break
        if words[0] == "branch" or not (folder / made).exists():  # else it was done but for what it says
            goes_on(folder, *words)
        assert (folder / made).stat().st_size
        assert not [path for path in folder.rglob("*") if path.name.endswith((".new", ".partial", ".old"))]
        rmtree(folder)
    assert operation > 1


def test_a_whole_run_json_that_has_not_got_its_name_counts(debate: Path, tmp_path: Path) -> None:
    copytree(debate, tmp_path / "run")
    (tmp_path / "run/run.json").rename(tmp_path / "run/run.json.new")
    assert "palaestra resume run" in refused("run", "debate", "--dry-run", "--out", "run", cwd=tmp_path)
    done("resume", "run", "-q", cwd=tmp_path)
    assert names(tmp_path / "run") >= {"run.json"}
    assert RunState.read(tmp_path / "run").status == "finished"


@pytest.mark.parametrize("torn", [None, "", '{"status": "runn'])
def test_a_log_that_nothing_tells_of_is_told_with_a_way_out(
    debate: Path, tmp_path: Path, torn: str | None
) -> None:
    copytree(debate, tmp_path / "run")
    (tmp_path / "run/run.json").unlink()
    if torn is not None:
        (tmp_path / "run/run.json.new").write_text(torn)
    ended = palaestra("resume", "run", cwd=tmp_path)
    assert ended.code == 1
    assert "run has a log, but no run.json" in ended.err
    assert "from a copy" in ended.err
    assert "run exists already" in refused("run", "debate", "--dry-run", "--out", "run", cwd=tmp_path)
    assert (tmp_path / "run/log.jsonl").read_bytes() == (debate / "log.jsonl").read_bytes()


@pytest.mark.whole
def test_an_evolution_that_was_killed_before_it_had_a_name_begins_anew(tmp_path: Path) -> None:
    words = ("evolve", "evolve-demo", "--by", "truth", "--out", "out", "-q")
    operation = 0
    while not (tmp_path / "out/evolution.json").exists():
        operation += 1
        assert killed_at(operation, tmp_path, *words)
    assert operation > 3
