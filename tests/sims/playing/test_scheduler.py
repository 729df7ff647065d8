"""The scheduler keeps many episodes under way, records first, and stops cleanly."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import EngineUnavailable, Interrupted, LimitReached
from palaestra.agents.scripted import scripted_replies
from palaestra.runs.record import log as run_log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.runs.record.records import Record
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing import scheduler
from palaestra.sims.playing.scheduler import Scheduler
from support.scripted_debates import play_out, recorded, scenario

Ask = Callable[[Call], Awaitable[Reply]]


class Tally:
    """Counts what a scheduler tells."""

    def __init__(self) -> None:
        self.ended = 0
        self.answered = 0

    def episode_ended(self) -> None:
        self.ended += 1

    def call_answered(self, call: Call, reply: Reply) -> None:
        self.answered += 1


async def answer(call: Call) -> Reply:
    return scripted_replies([call])[0]


def scheduler_of(played: Scenario, log: run_log.Log, ask: Ask = answer, live: int = 2) -> Scheduler:
    read = run_log.read(log.path.parent)
    recorder = Recorder(log, Past(read), read.heads)
    return Scheduler(lambda i: played.rules(played.config, index=i), ask, recorder, live, Tally())


def play(
    played: Scenario, folder: Path, ask: Ask = answer, live: int = 2, indices: range = range(4)
) -> list[Record]:
    """Play episodes into the log of `folder` and return its content."""
    folder.mkdir(exist_ok=True)
    log = run_log.Log(folder)
    try:
        asyncio.run(scheduler_of(played, log, ask, live).play(indices))
    finally:
        log.close()
    return recorded(folder)


def test_every_episode_is_played_to_its_end(tmp_path: Path) -> None:
    records = play(scenario(), tmp_path)
    assert [record["episode"] for record in records if record["record"] == "end"] == [0, 1, 2, 3]


def test_the_observer_is_told_of_every_answer_and_every_end(tmp_path: Path) -> None:
    log = run_log.Log(tmp_path)
    tally = Tally()
    played = scenario()
    scheduler = Scheduler(
        lambda i: played.rules(played.config, index=i), answer, Recorder(log, Past(), {}), 2, tally
    )
    asyncio.run(scheduler.play(range(3)))
    log.close()
    calls_of_one = sum(len(calls) for calls in play_out(played.rules(played.config)).values())
    assert (tally.ended, tally.answered) == (3, 3 * calls_of_one)


@pytest.mark.parametrize("live", [1, 3, 64])
def test_the_log_is_the_same_whatever_the_number_of_live_episodes(live: int, tmp_path: Path) -> None:
    alone = play(scenario(), tmp_path / "alone", live=1)
    assert play(scenario(), tmp_path / "together", live=live) == alone


def test_no_more_episodes_than_live_are_under_way_at_once(tmp_path: Path) -> None:
    played = scenario()
    begun: list[int] = []
    ended = Tally()
    most = 0

    def make(index: int) -> Episode[Any]:
        nonlocal most
        begun.append(index)
        most = max(most, len(begun) - ended.ended)
        return played.rules(played.config, index=index)

    log = run_log.Log(tmp_path)
    asyncio.run(Scheduler(make, answer, Recorder(log, Past(), {}), 3, ended).play(range(8)))
    log.close()
    assert most == 3
    assert begun == list(range(8))


def test_an_episode_does_not_wait_for_another(tmp_path: Path) -> None:
    """Episode 1 ends although the first call of episode 0 gets no answer until then."""
    played = scenario()
    over = asyncio.Event()
    first_seed = played.rules(played.config, index=0).pending[0].seed
    log = run_log.Log(tmp_path)

    class Waiter(Tally):
        def episode_ended(self) -> None:
            over.set()

    async def ask(call: Call) -> Reply:
        if call.seed == first_seed:
            await over.wait()
        return await answer(call)

    def make(index: int) -> Episode[Any]:
        return played.rules(played.config, index=index)

    asyncio.run(Scheduler(make, ask, Recorder(log, Past(), {}), 2, Waiter()).play(range(2)))
    log.close()
    ends = [record["episode"] for record in run_log.read(tmp_path) if record["record"] == "end"]
    assert ends == [1, 0]


def test_all_calls_of_an_exchange_are_asked_at_once(tmp_path: Path) -> None:
    """Each call waits for the other debater's, so asking one after another would never end."""
    played = scenario(judges=[], opinions=False)
    waiting: list[asyncio.Future[None]] = []

    async def ask(call: Call) -> Reply:
        waiting.append(asyncio.get_running_loop().create_future())
        if len(waiting) == 2:
            for future in waiting:
                future.set_result(None)
            waiting.clear()
        else:
            await waiting[-1]
        return await answer(call)

    records = play(played, tmp_path, ask, indices=range(1))
    assert any(record["record"] == "end" for record in records)


def test_a_reply_is_on_disk_before_its_episode_asks_anything_further(tmp_path: Path) -> None:
    """Whenever a later exchange is asked, the log already holds all replies to the earlier ones."""
    played = scenario(speaking="sequential", judges=[], opinions=False)

    async def ask(call: Call) -> Reply:
        on_disk = [record["call"] for record in run_log.read(tmp_path) if record["record"] == "call"]
        assert on_disk == list(range(call.index))
        return await answer(call)

    play(played, tmp_path, ask, indices=range(1))


class Counted(Recorder):
    """Counts how often it writes, at once."""

    flushes = 0

    async def flush(self) -> None:
        self.flushes += bool(self._lines)
        self._log.append(b"".join(self._lines))
        self._lines.clear()


def flushes(folder: Path, monkeypatch: pytest.MonkeyPatch, every: float) -> int:
    """How often the log is written where calls of two episodes are answered one after another."""
    folder.mkdir()
    monkeypatch.setattr(scheduler, "FLUSH_EVERY", every)
    turns = asyncio.Lock()

    async def one_after_another(call: Call) -> Reply:
        async with turns:
            for _ in range(3):
                await asyncio.sleep(0)
        return await answer(call)

    played, log = scenario(), run_log.Log(folder)
    recorder = Counted(log, Past(), {})
    make = partial(played.rules, played.config)
    asyncio.run(Scheduler(lambda i: make(index=i), one_after_another, recorder, 2, Tally()).play(range(2)))
    log.close()
    return recorder.flushes


def test_replies_that_come_soon_after_one_another_share_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = flushes(tmp_path / "shared", monkeypatch, 0.2)
    alone = flushes(tmp_path / "alone", monkeypatch, 0.0)
    assert shared < alone / 2
    assert recorded(tmp_path / "shared") == recorded(tmp_path / "alone")


def test_a_reply_is_not_held_back_where_no_other_can_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "FLUSH_EVERY", 1e9)
    played = scenario(speaking="sequential", judges=[], opinions=False)
    assert play(played, tmp_path, live=1, indices=range(2))


def test_garbage_is_collected_as_before_once_play_is_over(tmp_path: Path) -> None:
    seen, before = set[tuple[int, int, int]](), gc.get_threshold()

    async def ask(call: Call) -> Reply:
        seen.add(gc.get_threshold())
        return await answer(call)

    play(scenario(), tmp_path, ask, indices=range(1))
    assert seen == {scheduler.GARBAGE}
    assert gc.get_threshold() == before


def test_replies_that_arrive_in_any_order_reach_the_calls_they_answer(tmp_path: Path) -> None:
    async def later_first(call: Call) -> Reply:
        for _ in range(20 - call.index % 20):
            await asyncio.sleep(0)
        return await answer(call)

    assert play(scenario(), tmp_path / "a", later_first) == play(scenario(), tmp_path / "b")


def test_a_failing_engine_ends_play_and_what_was_answered_is_recorded(tmp_path: Path) -> None:
    answered: list[int] = []

    async def breaks(call: Call) -> Reply:
        if len(answered) == 5:
            raise EngineUnavailable("gone")
        answered.append(call.seed)
        return await answer(call)

    with pytest.raises(EngineUnavailable, match="gone"):
        play(scenario(), tmp_path, breaks)
    seeds = {record["seed"] for record in run_log.read(tmp_path) if record["record"] == "call"}
    assert seeds == set(answered)


def test_a_reply_that_arrives_while_the_last_ones_are_written_is_recorded_too(tmp_path: Path) -> None:
    failed, late = asyncio.Event(), asyncio.Event()
    answered: list[int] = []

    class SlowDisk(Recorder):
        async def flush(self) -> None:
            await super().flush()
            if failed.is_set():
                late.set()
                for _ in range(10):
                    await asyncio.sleep(0)

    async def ask(call: Call) -> Reply:
        if failed.is_set():
            await late.wait()
        elif answered:
            failed.set()
            raise EngineUnavailable("gone")
        answered.append(call.seed)
        return await answer(call)

    played, log = scenario(), run_log.Log(tmp_path)
    scheduler = Scheduler(
        lambda i: played.rules(played.config, index=i), ask, SlowDisk(log, Past(), {}), 2, Tally()
    )
    with pytest.raises(EngineUnavailable, match="gone"):
        asyncio.run(scheduler.play(range(2)))
    log.close()
    seeds = [record["seed"] for record in run_log.read(tmp_path) if record["record"] == "call"]
    assert sorted(seeds) == sorted(answered)
    assert len(seeds) == 3  # of four that were asked, one failed


def test_play_goes_on_after_a_failure_without_asking_again(tmp_path: Path) -> None:
    asked: list[int] = []

    async def breaks(call: Call) -> Reply:
        if len(asked) == 7:
            raise EngineUnavailable("gone")
        asked.append(call.seed)
        return await answer(call)

    async def counted(call: Call) -> Reply:
        asked.append(call.seed)
        return await answer(call)

    with pytest.raises(EngineUnavailable):
        play(scenario(), tmp_path / "broken", breaks)
    assert play(scenario(), tmp_path / "broken", counted) == play(scenario(), tmp_path / "whole")
    assert len(asked) == len(set(asked))


def test_an_interrupt_records_what_was_answered_and_then_stops(tmp_path: Path) -> None:
    log = run_log.Log(tmp_path)
    answered: list[int] = []
    stopped: Scheduler

    async def ask(call: Call) -> Reply:
        answered.append(call.seed)
        if len(answered) == 4:
            stopped.interrupt()
        if len(answered) > 4:
            await asyncio.Event().wait()
        return await answer(call)

    stopped = scheduler_of(scenario(), log, ask)
    with pytest.raises(Interrupted):
        asyncio.run(stopped.play(range(4)))
    log.close()
    seeds = [record["seed"] for record in run_log.read(tmp_path) if record["record"] == "call"]
    assert set(seeds) <= set(answered)
    assert len(seeds) >= 3


def test_an_episode_whose_last_answer_comes_with_the_end_of_a_limit_is_over(tmp_path: Path) -> None:
    played = scenario()
    own = {asked.seed for calls in play_out(played.rules(played.config)).values() for asked in calls}
    last, tally = asyncio.Event(), Tally()

    async def ask(call: Call) -> Reply:
        if call.seed not in own:
            await last.wait()
            raise LimitReached("no more", "calls", "limits.calls=2")
        if call.index == len(own) - 1:
            while tally.answered < len(own) - 1:
                await asyncio.sleep(0)
            last.set()
        return await answer(call)

    log = run_log.Log(tmp_path)
    make = partial(played.rules, played.config)
    scheduler = Scheduler(lambda i: make(index=i), ask, Recorder(log, Past(), {}), 2, tally)
    with pytest.raises(LimitReached, match="no more"):
        asyncio.run(scheduler.play(range(2)))
    log.close()
    ended = [record["episode"] for record in run_log.read(tmp_path) if record["record"] == "end"]
    assert ended == [0]


def test_no_task_is_left_behind_by_an_interrupt(tmp_path: Path) -> None:
    log = run_log.Log(tmp_path)
    cancelled: list[int] = []

    async def never(call: Call) -> Reply:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(call.seed)
            raise
        raise AssertionError

    async def run() -> None:
        scheduler = scheduler_of(scenario(), log, never)
        playing = asyncio.create_task(scheduler.play(range(2)))
        for _ in range(5):
            await asyncio.sleep(0)
        scheduler.interrupt()
        with pytest.raises(Interrupted):
            await playing
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    log.close()
    assert len(cancelled) == 4


def test_the_records_of_a_log_are_those_that_a_plain_walk_through_the_episode_makes(tmp_path: Path) -> None:
    played = scenario()
    records = play(played, tmp_path, indices=range(1))
    episode = played.rules(played.config, respond=scripted_replies)
    while episode.running:
        episode.step()
    logged = {kind: sum(r["record"] == kind for r in records) for kind in ("message", "event", "call")}
    assert logged["message"] == len(episode.messages)
    assert logged["event"] == len(episode.events)
