"""A branch run is a run: it resumes, and does not depend on how it was played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from palaestra.agents.calls import Call
from palaestra.agents.failures import BadInput, EngineUnavailable, RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch, selection
from support.branching import debates, paid
from support.logs import kill_after
from support.scripted_debates import recorded


@pytest.mark.parametrize("live", [1, 2, 64])
def test_the_log_does_not_depend_on_the_number_of_live_episodes(live: int, tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    chosen = selection(["purpose=argue"], most=3)
    few = branch(origin, tmp_path / "few", chosen, 3, 2, [f"live={live}"], quiet=True)
    assert recorded(few) == recorded(branch(origin, tmp_path / "all", chosen, 3, 2, quiet=True))


@pytest.mark.parametrize("deaths", [1, 2, 7, 20, 45])
def test_a_branch_run_whose_engine_died_is_resumed_to_the_same_end(deaths: int, tmp_path: Path) -> None:
    origin, chosen = debates(tmp_path / "origin"), selection(["purpose=argue"], most=3)
    whole = branch(origin, tmp_path / "whole", chosen, 2, 2, quiet=True)
    dying = [f"engines.default.die_every={deaths}", "engines.default.max_restarts=0", "live=3"]
    folder = tmp_path / "branch"
    with pytest.raises(EngineUnavailable):
        branch(origin, folder, chosen, 2, 2, dying, quiet=True)
    assert RunState.read(folder).status == "failed"
    play.resume(folder, ["engines.default.die_every=null"], quiet=True)
    assert recorded(folder) == recorded(whole)
    assert RunState.read(folder).status == "finished"


def cuts(folder: Path, number: int) -> Iterator[int]:
    lines = len((folder / run_log.NAME).read_bytes().splitlines())
    return (1 + i * (lines - 2) // number for i in range(number))


def test_a_branch_run_killed_at_any_moment_resumes_to_the_same_content_and_asks_nothing_again(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = debates(tmp_path / "origin", rounds=1)
    whole = branch(origin, tmp_path / "whole", selection(["purpose=argue"], most=2), 2, 2, quiet=True)
    for lines in cuts(whole, 12):
        copytree(whole, tmp_path / "killed")
        kill_after(tmp_path / "killed", lines)
        asked.clear()
        play.resume(tmp_path / "killed", quiet=True)
        assert recorded(tmp_path / "killed") == recorded(whole)
        assert len(asked) == paid(whole) - paid(whole, lines)
        rmtree(tmp_path / "killed")


def test_a_finished_branch_run_can_be_read_like_any_other(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    run = Run(branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True))
    assert run.episodes.height == 2
    assert run.episodes["ended"].all()
    assert any("argue" in line for line in transcript(run, 1))


def test_the_plan_of_a_branch_run_stays_as_it_is(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    with pytest.raises(BadInput, match="can't change that"):
        play.resume(folder, ["episodes=100"], quiet=True)


def test_without_the_run_that_it_branches_an_unfinished_one_is_not_resumed_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    kill_after(folder, 40)
    before = (folder / "run.json").read_text()
    origin.rename(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="can't be read"):
        play.resume(folder, quiet=True)
    assert (folder / "run.json").read_text() == before
    (tmp_path / "elsewhere").rename(origin)
    (origin / run_log.NAME).unlink()
    with pytest.raises(BadInput, match="can't be read"):
        play.resume(folder, quiet=True)


def test_a_run_that_was_recorded_otherwise_is_told_and_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another version of the rules would, opinions are asked in another order."""
    origin = debates(tmp_path / "origin")
    monkeypatch.setattr(Debate, "_ask_opinions", lambda _episode, _moment: iter(()))
    with pytest.raises(RunUnreadable, match="doesn't fit this scenario any more"):
        branch(origin, tmp_path / "branch", selection(["purpose=argue"]), quiet=True)
