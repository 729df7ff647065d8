"""A run in shards is the run of one process: however many play, and whoever is lost."""

from __future__ import annotations

import errno
import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from palaestra.agents.failures import (
    BadInput,
    EngineUnavailable,
    Interrupted,
    LimitReached,
    RunLocked,
    RunUnreadable,
    RunUnwritable,
)
from palaestra.runs.record import log as run_log
from palaestra.runs.record.folder import package_versions
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import Scenario, load
from palaestra.scenarios.core.ready_made import find
from palaestra.scenarios.core.sweep import points
from palaestra.sims.playing import play, progress
from palaestra.sims.playing.crew import Ended, ShardJob
from palaestra.sims.playing.player import ShardPlayer
from palaestra.sims.playing.shards import plan
from palaestra.sims.playing.sweep import resume_sweep, runs, start_sweep
from support.crews import Losing, of
from support.scripted_debates import recorded, scenario

EPISODES = 7
PRICES = {"prompt": 1.5, "cached": 0.5, "output": 6}


def debates(**fields: object) -> Scenario:
    return scenario({"prices": PRICES}, **{"episodes": EPISODES, **fields})


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play.start(debates(), tmp_path_factory.mktemp("alone") / "run", quiet=True)


def shards_of(folder: Path) -> list[range]:
    return [range(shard.first, shard.end) for shard in RunState.read(folder).shards]


@pytest.mark.parametrize(("size", "lengths"), [(1, [7]), (3, [2, 2, 3]), (20, [1] * 7)])
def test_any_number_of_players_record_what_one_process_does(
    alone: Path, tmp_path: Path, size: int, lengths: list[int]
) -> None:
    folder = play.start(debates(), tmp_path / "run", quiet=True, crew=of(Losing(size)))
    assert recorded(folder) == recorded(alone)
    assert [len(shard) for shard in shards_of(folder)] == lengths
    assert [episode for shard in shards_of(folder) for episode in shard] == list(range(EPISODES))
    assert Run(folder).state.status == "finished"
    assert Run(folder).state.counts == Run(alone).state.counts


def test_a_tournament_whose_ratings_move_is_the_same_in_shards(tmp_path: Path) -> None:
    duels = load(find("sparta"), ["episodes=3", "iterations=2"]).on_scripted_engines()
    folder = play.start(duels, tmp_path / "shards", quiet=True, crew=of(Losing(3)))
    assert recorded(folder) == recorded(play.start(duels, tmp_path / "alone", quiet=True))
    assert len(Run(folder).table("rating")) > 0


def test_a_shard_whose_player_is_lost_goes_on_from_its_log_and_it_is_told(
    alone: Path, tmp_path: Path
) -> None:
    crew = Losing(3, losses=2)
    folder = play.start(debates(), tmp_path / "run", quiet=True, crew=of(crew))
    assert recorded(folder) == recorded(alone)
    assert len(crew.played) == 3 + 2
    assert Run(folder).state.faults == {"ray": {"an actor that was lost": 2}}
    assert Run(folder).state.counts == Run(alone).state.counts


def test_a_shard_that_kills_whoever_plays_it_stops_the_run_which_goes_on_later(
    alone: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailable, match="episodes 0 to 6 was lost 4 times") as lost:
        play.start(debates(), tmp_path / "run", quiet=True, crew=of(Losing(1, losses=9)))
    assert f"palaestra resume {tmp_path / 'run'}" in lost.value.remedy
    assert Run(tmp_path / "run").state.status == "failed"
    play.resume(tmp_path / "run", quiet=True)
    assert recorded(tmp_path / "run") == recorded(alone)
    assert Run(tmp_path / "run").state.status == "finished"


def taken(folder: Path) -> dict[str, float]:
    run, counts = Run(folder), RunState.read(folder).counts
    assert run.spend is not None
    tokens = counts.prompt_tokens + counts.output_tokens
    return {"calls": counts.calls, "tokens": tokens, "spend": run.spend}


@pytest.mark.parametrize("name", ["calls", "tokens", "spend"])
def test_shards_together_keep_within_a_limit_and_use_it_up(alone: Path, tmp_path: Path, name: str) -> None:
    most = {**taken(alone), "calls": 60, "tokens": 9000}[name] * (0.6 if name == "spend" else 1)
    folder = tmp_path / "run"
    with pytest.raises(LimitReached) as reached:
        play.start(debates(limits={name: most}), folder, quiet=True, crew=of(Losing(3)))
    assert reached.value.limit == name
    state = RunState.read(folder)
    assert (state.status, state.limited_by) == ("limited", name)
    assert 0.85 * most < taken(folder)[name] <= most
    assert (state.counts.calls == 60) == (name == "calls")

    with pytest.raises(LimitReached):
        play.resume(folder, quiet=True)
    assert RunState.read(folder).counts == state.counts
    play.resume(folder, [f"limits.{name}={1000 * most}"], quiet=True)
    assert recorded(folder) == recorded(alone)


def test_the_time_of_a_run_ends_for_all_its_shards_at_once(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()  # a second passes whenever somebody looks
    monkeypatch.setattr(progress, "perf_counter", lambda: float(next(seconds)))
    folder = tmp_path / "run"
    with pytest.raises(LimitReached) as reached:
        play.start(debates(limits={"minutes": 0.1}), folder, quiet=True, crew=of(Losing(3)))
    assert reached.value.raised == "limits.minutes=0.2"
    assert (RunState.read(folder).status, RunState.read(folder).limited_by) == ("limited", "minutes")
    play.resume(folder, ["limits.minutes=1000"], quiet=True)
    assert recorded(folder) == recorded(alone)


def test_shards_are_lent_of_a_limit_by_the_episodes_that_they_have_to_play(tmp_path: Path) -> None:
    crew = Losing(3)
    with pytest.raises(LimitReached):
        play.start(debates(limits={"calls": 60}), tmp_path / "run", quiet=True, crew=of(crew))
    lent = [json.loads(job.settings[-1].removeprefix("limits=")) for job in crew.played[:3]]
    assert [limits["calls"] for limits in lent] == [60 * 2 // 7, (60 - 17) * 2 // 7, (60 - 17 - 12) * 3 // 7]


def test_an_engine_that_fails_in_one_shard_stops_all_with_one_message(alone: Path, tmp_path: Path) -> None:
    dying = scenario({"prices": PRICES, "die_every": 20, "max_restarts": 0}, episodes=EPISODES)
    with pytest.raises(EngineUnavailable) as failed:
        play.start(dying, tmp_path / "run", quiet=True, crew=of(Losing(3)))
    assert str(failed.value).count("palaestra resume") == 1
    assert f"palaestra resume {tmp_path / 'run'}" in failed.value.remedy
    assert [Run(tmp_path / "run").state.status, RunState.read(tmp_path / "run/shards/2").status] == [
        "failed",
        "interrupted",
    ]
    play.resume(tmp_path / "run", ["engines.default.die_every=null"], quiet=True)
    assert recorded(tmp_path / "run") == recorded(alone)


def test_more_episodes_get_shards_of_their_own(tmp_path: Path) -> None:
    folder = play.start(debates(), tmp_path / "run", quiet=True, crew=of(Losing(2)))
    play.resume(folder, ["episodes=12"], quiet=True, crew=of(Losing(3)))
    assert [len(shard) for shard in shards_of(folder)] == [3, 4, 1, 2, 2]
    assert recorded(folder) == recorded(play.start(debates(episodes=12), tmp_path / "alone", quiet=True))


def test_players_who_share_a_server_share_its_rates(tmp_path: Path) -> None:
    crew = Losing(3)
    limited = scenario({"requests_per_minute": 60_001, "tokens_per_minute": 90_000_000}, episodes=3)
    folder = play.start(limited, tmp_path / "run", quiet=True, crew=of(crew))
    [engine] = {str(RunState.read(job.shard).scenario.engines) for job in crew.played}
    assert "'requests_per_minute': 20000" in engine
    assert "'tokens_per_minute': 30000000" in engine
    assert RunState.read(folder).scenario.engines["default"]["requests_per_minute"] == 60_001
    with pytest.raises(BadInput, match="2 are too few for 3 actors"):
        play.start(scenario({"requests_per_minute": 2}), tmp_path / "few", quiet=True, crew=of(Losing(3)))
    swept = points(scenario({"requests_per_minute": 2}, sweep={"rounds": [1, 2]}))
    with pytest.raises(BadInput, match="2 are too few for 3 actors"):
        start_sweep(swept, tmp_path / "few", quiet=True, crew=of(Losing(3)))
    assert not (tmp_path / "few").exists()


def test_a_shard_is_not_written_through_a_link_to_elsewhere(tmp_path: Path) -> None:
    folder, elsewhere = plan(debates(), tmp_path / "run", 2), tmp_path / "elsewhere"
    (folder / "shards/1").rename(elsewhere)
    (folder / "shards/1").symlink_to(elsewhere)
    with pytest.raises(RunUnreadable, match="shards/1 is a link"):
        play.resume(folder, quiet=True)
    (folder / "shards/1").unlink()
    elsewhere.rename(folder / "shards/1")
    elsewhere.mkdir()
    (folder / "shards/2").symlink_to(elsewhere)
    with pytest.raises(RunUnwritable, match=r"shards/2 can't be written: it is a link"):
        play.resume(folder, ["episodes=9"], quiet=True)
    assert not list(elsewhere.iterdir())


def test_a_sweep_is_played_in_shards_and_goes_on(tmp_path: Path) -> None:
    swept = points(debates(sweep={"rounds": [1, 2]}, episodes=4))
    with pytest.raises(EngineUnavailable) as lost:
        start_sweep(swept, tmp_path / "sweep", quiet=True, crew=of(Losing(2, losses=99)))
    assert f"palaestra resume {tmp_path / 'sweep'}" in lost.value.remedy
    crew = Losing(2)
    resume_sweep(tmp_path / "sweep", quiet=True, crew=of(crew))
    assert {job.shard.parts[-3] for job in crew.played} == {"0-rounds=1", "1-rounds=2"}
    resume_sweep(tmp_path / "sweep", quiet=True, crew=of(idle := Losing(2)))
    assert idle.played == []
    whole = start_sweep(swept, tmp_path / "alone", quiet=True)
    for one, other in zip(runs(tmp_path / "sweep"), runs(whole), strict=True):
        assert recorded(one) == recorded(other)


def test_a_run_of_one_log_is_not_played_on_in_shards(tmp_path: Path) -> None:
    folder = play.start(debates(), tmp_path / "run", quiet=True)
    with pytest.raises(BadInput, match="was begun in one log"):
        play.resume(folder, ["episodes=9"], quiet=True, crew=of(Losing(2)))


def test_nobody_else_plays_a_run_in_shards_meanwhile(tmp_path: Path) -> None:
    folder = play.start(debates(), tmp_path / "run", quiet=True, crew=of(Losing(2)))
    log = run_log.Log(folder)
    try:
        with pytest.raises(RunLocked):
            play.resume(folder, ["episodes=9"], quiet=True)
    finally:
        log.close()


class Interrupting(Losing):
    """Somebody presses Ctrl-C once the first shard is over."""

    def ended(self) -> list[Ended]:
        """Tells what ended, then that somebody wants the play to stop."""
        over = super().ended()
        if len(self.played) == 2:
            raise Interrupted("interrupted")
        return over


def test_ctrl_c_leaves_a_run_that_goes_on(alone: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted) as pressed:
        play.start(debates(), tmp_path / "run", quiet=True, crew=of(Interrupting(4)))
    assert f"palaestra resume {tmp_path / 'run'}" in pressed.value.remedy
    assert Run(tmp_path / "run").state.status == "interrupted"
    play.resume(tmp_path / "run", quiet=True)
    assert recorded(tmp_path / "run") == recorded(alone)


def test_a_player_is_stopped_from_another_thread_and_records_what_was_answered(tmp_path: Path) -> None:
    slow = scenario({"delay": 0.02}, episodes=4, live=1)
    folder = plan(slow, tmp_path / "run", 1)
    player = ShardPlayer(Path.cwd())
    with ThreadPoolExecutor(1) as thread:
        playing = thread.submit(player.play, ShardJob(folder / "shards/0"))
        while (told := player.report()[0]) is None or told.calls < 3:
            pass
        player.stop()
        tally, problem = playing.result()
    player.close()
    assert isinstance(problem, Interrupted)
    assert tally is not None
    recorded_calls = sum(record["record"] == "call" for record in run_log.read(folder))
    assert tally.calls <= recorded_calls == RunState.read(folder).counts.calls < 20


def test_a_disk_that_is_full_in_one_shard_stops_the_run_resumably(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plan(debates(), tmp_path / "run", 3)
    sync, syncs = os.fdatasync, count()

    def full(file: int) -> None:
        if next(syncs) == 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(file)

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(RunUnwritable, match=r"shards/\d/log\.jsonl can't be written: No space left") as told:
        play.resume(folder, quiet=True, crew=of(Losing(3)))
    assert told.value.remedy.endswith(f"Go on with: palaestra resume {folder}")
    play.resume(folder, quiet=True)
    assert recorded(folder) == recorded(alone)


def test_a_player_says_that_it_does_not_see_the_folder_or_is_of_another_version(tmp_path: Path) -> None:
    player = ShardPlayer(Path.cwd())
    _, problem = player.play(ShardJob(tmp_path / "run/shards/0"))
    assert isinstance(problem, EngineUnavailable)
    assert f"doesn't see the folder {tmp_path / 'run/shards/0'}" in str(problem)
    assert "and this machine 0.0.1" in str(player.ready("0.0.1"))
    assert player.ready(package_versions()["palaestra"]) is None


def test_what_a_player_met_comes_whole_through_pickle() -> None:
    reached = LimitReached("the limit of 3 calls is reached", "calls", "limits.calls=6")
    reached.remedy = "Raise it."
    again = pickle.loads(pickle.dumps(reached))
    assert (str(again), again.limit, again.raised) == (str(reached), "calls", "limits.calls=6")
