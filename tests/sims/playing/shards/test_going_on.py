"""A run in shards goes on where it was: nothing of it is played twice, left out, or played beyond a limit."""

from __future__ import annotations

import contextlib
import shutil
from itertools import count
from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput, Interrupted, LimitReached, RunLocked, RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.repair import of_all_logs, repair
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.sweep import points
from palaestra.sims.playing import play, progress
from palaestra.sims.playing.crew import OneAfterAnother, ShardJob
from palaestra.sims.playing.shards import plan
from palaestra.sims.playing.sweep import resume_sweep, runs, start_sweep
from support.crews import Losing, of
from support.scripted_debates import recorded, scenario


def debates(**fields: object) -> Scenario:
    return scenario({}, **{"episodes": 6, **fields})


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play.start(debates(), tmp_path_factory.mktemp("alone") / "run", quiet=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play.start(debates(), tmp_path_factory.mktemp("shards") / "run", quiet=True, crew=of(Losing(3)))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.mark.parametrize("lost", ["emptied", "gone"])
def test_a_run_whose_log_was_lost_is_not_played_anew_in_shards(
    alone: Path, tmp_path: Path, lost: str
) -> None:
    folder = Path(shutil.copytree(alone, tmp_path / "run"))
    (folder / run_log.NAME).unlink() if lost == "gone" else (folder / run_log.NAME).write_bytes(b"")
    before = RunState.read(folder)
    with pytest.raises(BadInput, match="was begun in one log"):
        play.resume(folder, quiet=True, crew=of(Losing(2)))
    assert RunState.read(folder) == before
    with pytest.raises(RunUnreadable, match="is damaged"):
        play.resume(folder, quiet=True)


def test_records_in_a_runs_own_log_beside_its_shards_are_refused(folder: Path, alone: Path) -> None:
    shutil.copy(alone / run_log.NAME, folder / run_log.NAME)
    with pytest.raises(RunUnreadable, match="episode 0 is none of those of this log"):
        play.resume(folder, ["episodes=7"], quiet=True)


def test_fewer_episodes_and_more_again_leave_none_out(alone: Path, tmp_path: Path) -> None:
    folder = plan(debates(), tmp_path / "run", 2)
    for episodes in (1, 4, 6):
        play.resume(folder, [f"episodes={episodes}"], quiet=True)
        assert RunState.read(folder).counts.episodes == episodes
    assert recorded(folder) == recorded(alone)


def test_a_shard_is_not_played_in_shards(tmp_path: Path) -> None:
    folder = plan(debates(), tmp_path / "run", 2)
    with pytest.raises(BadInput, match="shards/1 is a shard of a run"):
        play.resume(folder / "shards/1", quiet=True, crew=of(Losing(2)))
    assert not (folder / "shards/1/shards").exists()


def test_the_time_of_shards_that_one_process_plays_is_that_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()  # a second passes whenever somebody looks
    monkeypatch.setattr(progress, "perf_counter", lambda: float(next(seconds)))
    endless = play.resume(plan(debates(), tmp_path / "endless", 3), quiet=True)
    taken = RunState.read(endless).seconds
    assert taken == pytest.approx(sum(RunState.told(endless / f"shards/{n}").seconds for n in range(3)))
    with pytest.raises(LimitReached) as reached:
        play.resume(plan(debates(limits={"minutes": 0.6 * taken / 60}), tmp_path / "run", 3), quiet=True)
    assert reached.value.limit == "minutes"
    assert RunState.read(tmp_path / "run").limited_by == "minutes"


def test_a_damaged_shard_names_its_run_whose_repair_makes_a_sweep_go_on(tmp_path: Path) -> None:
    swept = points(debates(episodes=2, sweep={"rounds": [1, 2]}))
    sweep = start_sweep(swept, tmp_path / "sweep", quiet=True, crew=of(Losing(2)))
    damaged, whole = runs(sweep)[0], recorded(runs(sweep)[0])
    log = damaged / "shards/1/log.jsonl"
    log.write_bytes(log.read_bytes()[:-200])
    with pytest.raises(RunUnreadable) as told:
        list(run_log.read(damaged))
    assert told.value.remedy.endswith(f"palaestra repair {damaged}")
    of_all_logs(damaged / "shards/1", repair)  # the shard alone, as nobody says
    resume_sweep(sweep, quiet=True, crew=of(crew := Losing(2)))
    assert [job.shard for job in crew.played] == [damaged / "shards/1"]
    assert recorded(damaged) == whole
    assert Run(damaged).state.status == "finished"


def test_a_sweep_of_which_a_run_cannot_go_on_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    swept = points(debates(limits={"calls": 12}, sweep={"rounds": [1, 2]}))
    with pytest.raises(LimitReached):
        start_sweep(swept, tmp_path / "sweep", quiet=True, crew=of(Losing(2)))
    first, second = runs(tmp_path / "sweep")
    before = RunState.told(first)
    assert before.limited_by == "calls"
    with contextlib.closing(run_log.Log(second)), pytest.raises(RunLocked):
        resume_sweep(tmp_path / "sweep", quiet=True, settings=["limits.calls=999"], crew=of(Losing(2)))
    assert RunState.told(first) == before


@pytest.mark.parametrize(
    ("here", "run"), [(".", "../.."), ("shards/0", "."), ("../0", "../.."), ("a/shards/0", "a")]
)
def test_a_shard_names_its_run_wherever_one_stands(folder: Path, here: str, run: str) -> None:
    assert RunState.told(folder / "shards/0").whole(Path(here)) == Path(run)
    assert RunState.told(folder).whole(Path(here)) == Path(here)


def test_ctrl_c_while_this_process_plays_a_shard_ends_that_job(tmp_path: Path) -> None:
    def pressed(job: ShardJob) -> None:
        raise KeyboardInterrupt

    crew = OneAfterAnother(pressed)
    crew.give(ShardJob(tmp_path))
    [ended] = crew.ended()
    assert isinstance(ended.problem, Interrupted)
