"""The scheduler: steps many episodes at once and keeps the engines full with their calls.

Every call goes to its engine the moment its episode asks it; an episode steps on when its
last reply is in. No episode waits for another. Before an episode sees a reply, the reply
is on disk: to bring one there takes as long as to bring a thousand, so replies that arrive
within a few milliseconds, or while the log is being written, share a write.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import Interrupted, LimitReached
from palaestra.runs.record.recorder import Recorder
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.registry import rules_border

FLUSH_EVERY = 0.005
"""Seconds from one write of the log to the next while further replies may come: a call takes a hundred times
as long, and without it two thousand replies a second are as many writes."""
GARBAGE = (10_000, 10, 10)
"""Thresholds of garbage collection while a run is played. An episode holds thousands of objects for long, so
Python's own look through them too often; ones much higher would keep hundreds of ended episodes in memory."""


class Observer(Protocol):
    """Whoever wants to know how a run gets on."""

    def episode_ended(self) -> None:
        """An episode is over."""

    def call_answered(self, call: Call, reply: Reply) -> None:
        """A call was answered and recorded."""


@dataclass(slots=True, eq=False)
class _Live:
    """An episode under way, with the replies that its pending calls have so far."""

    episode: Episode[Any]
    replies: list[Reply | None] = field(default_factory=list)
    missing: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


@dataclass(slots=True)
class _Answered:
    live: _Live
    position: int
    call: Call
    reply: Reply
    seconds: tuple[float, float]


class Scheduler:
    """Plays episodes.

    Args:
        make: makes the episode of an index.
        ask: answers a call.
        recorder: writes the log, and answers from it what it already holds.
        live: most episodes under way at once.
        observer: is told of answers and ends.
    """

    def __init__(
        self,
        make: Callable[[int], Episode[Any]],
        ask: Callable[[Call], Awaitable[Reply]],
        recorder: Recorder,
        live: int,
        observer: Observer,
    ) -> None:
        self._make = make
        self._ask = ask
        self._recorder = recorder
        self._limit = live
        self._observer = observer
        self._live: set[_Live] = set()
        self._under_way = 0
        self._answered: list[_Answered | Exception] = []
        self._arrived = asyncio.Event()
        self._started = self._flushed = perf_counter()

    def interrupt(self) -> None:
        """Make `play` stop: it records what was answered, then raises `Interrupted`."""
        self._take(Interrupted("interrupted"))

    async def play(self, indices: Iterable[int]) -> None:
        """Play the episodes `indices` to their ends.

        Raises:
            Interrupted: `interrupt` was called.
            LimitReached: `ask` raised it, which it does only when no other call is under way.
            PalaestraError: whatever an engine or the log raised. All replies that came
                before are recorded.
        """
        waiting = iter(indices)
        # What was imported stays; to look for garbage in it again and again is a fifth of the cost of a call.
        # Garbage that is there already waits for the end: to collect it first takes longer than a short run.
        usual = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        try:
            while True:
                while len(self._live) < self._limit and (index := next(waiting, None)) is not None:
                    self._begin(index)
                if not self._live:
                    break
                await self._exchange()
            await self._recorder.flush()
        finally:
            gc.set_threshold(*usual)
            gc.unfreeze()
            tasks = [task for live in self._live for task in live.tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _exchange(self) -> None:
        """Take what was answered, record it, and let the episodes that have all their replies step."""
        await self._arrived.wait()
        if self._under_way and (wait := self._flushed + FLUSH_EVERY - perf_counter()) > 0:
            await asyncio.sleep(wait)
        taken = self._taken()
        answered = await self._record(taken)
        failures = [item for item in taken if isinstance(item, Exception)]
        for failure in failures:
            if not isinstance(failure, LimitReached):
                await self._record(self._taken())
                raise failure
        for item in answered:
            self._observer.call_answered(item.call, item.reply)
            item.live.replies[item.position] = item.reply
            item.live.missing -= 1
            if not item.live.missing:
                with self._rules(item.live.episode):
                    self._advance(item.live)
        if failures:  # a limit is reached: nothing is under way any more, and who has all replies has stepped
            await self._recorder.flush()
            raise failures[0]

    def _take(self, answer: _Answered | Exception) -> None:
        self._answered.append(answer)
        self._arrived.set()

    def _taken(self) -> list[_Answered | Exception]:
        """What was answered since last time."""
        taken, self._answered = self._answered, []
        self._arrived.clear()
        return taken

    @staticmethod
    def _rules(episode: Episode[Any]) -> AbstractContextManager[None]:
        """What the rules raise within is told as theirs: they may be anybody's."""
        return rules_border(type(episode), f"episode {episode.number}")

    async def _record(self, taken: list[_Answered | Exception]) -> list[_Answered]:
        """Bring the replies among `taken` to disk, and return them."""
        answered = [item for item in taken if isinstance(item, _Answered)]
        for item in answered:
            item.reply = self._recorder.reply(item.live.episode, item.call, item.reply, item.seconds)
        await self._recorder.flush()
        self._flushed = perf_counter()
        return answered

    def _begin(self, index: int) -> None:
        live = _Live(self._make(index))
        with self._rules(live.episode):
            self._recorder.begin(live.episode)
            if not live.episode.running:
                self._observer.episode_ended()
                return
            self._live.add(live)
            if self._submit(live):
                self._advance(live)

    def _advance(self, live: _Live) -> None:
        """Step an episode that has all its replies, and on while the log has the next ones."""
        complete = True
        while complete:
            live.episode.advance([reply for reply in live.replies if reply is not None])
            self._recorder.note(live.episode)
            if not live.episode.running:
                self._live.discard(live)
                self._observer.episode_ended()
                return
            complete = self._submit(live)

    def _submit(self, live: _Live) -> bool:
        """Ask an episode's pending calls, except those whose replies are recorded; True if all are."""
        calls = live.episode.pending
        live.replies = [self._recorder.recorded(live.episode, call) for call in calls]
        live.missing = live.replies.count(None)
        self._under_way += live.missing
        live.tasks = [
            asyncio.create_task(self._answer(live, position, call))
            for position, call in enumerate(calls)
            if live.replies[position] is None
        ]
        return not live.missing

    async def _answer(self, live: _Live, position: int, call: Call) -> None:
        submitted = self._clock()
        try:
            reply = await self._ask(call)
        except Exception as failure:
            self._take(failure)
        else:
            self._take(_Answered(live, position, call, reply, (submitted, self._clock())))
        finally:
            self._under_way -= 1

    def _clock(self) -> float:
        """Seconds since this scheduler was made, to the millisecond."""
        return int((perf_counter() - self._started) * 1000 + 0.5) / 1000
