"""Plays runs by a crew: gives their shards out, shows what all do together, notes how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from time import monotonic

from palaestra.agents.failures import Interrupted, LimitReached, PalaestraError
from palaestra.sims.playing.crew import Crew, Ended
from palaestra.sims.playing.progress import Progress, Tally
from palaestra.sims.playing.shards import ShardedRun
from palaestra.sims.unforeseen import unforeseen

GRACE = 60.0
"""Seconds for which those who are told to stop may go on recording what is answered."""


class Spread:
    """Runs that a crew plays, the first ones first.

    Args:
        runs: which; of a sweep all of its runs.
        crew: plays their shards.
        quiet: show no progress.
    """

    def __init__(
        self,
        runs: Sequence[ShardedRun],
        crew: Crew,
        quiet: bool = False,
    ) -> None:
        self._runs = runs
        self._crew = crew
        self._quiet = quiet
        self._under_way: dict[Path, ShardedRun] = {}
        self._at_fault: ShardedRun | None = None

    def play(self) -> None:
        """Play all to their ends.

        Raises:
            PalaestraError: what went wrong, with how to go on; all that was answered is recorded.
        """
        with contextlib.ExitStack() as stack:
            for run in self._runs:
                stack.enter_context(run.played())
            for run in self._runs:
                run.begin()
            tally = self._tally({})
            episodes = sum(run.episodes for run in self._runs)
            calls = sum(run.calls() for run in self._runs) / episodes
            self._progress = Progress(episodes, tally.ended, calls, self._quiet, lambda: self._spend)
            problem: Exception | None = None
            with self._progress:
                try:
                    self._play()
                except KeyboardInterrupt:
                    problem = Interrupted("interrupted")
                except Exception as error:
                    problem = error
                if problem is not None:
                    self._stop()
            for run in self._runs:
                fault = problem if self._at_fault in (run, None) else None
                with contextlib.suppress(Exception) if problem else contextlib.nullcontext():
                    run.note(fault)
            if problem is not None:
                raise self._told(problem)

    def _play(self) -> None:
        while self._under_way or any(run.waits for run in self._runs):
            for run in self._runs:
                self._at_fault = run
                while self._crew.idle() and (job := run.next_job()) is not None:
                    self._under_way[job.shard] = run
                    self._crew.give(job)
            self._at_fault = None
            for run, ended in self._over():
                self._at_fault = run
                if words := run.take_back(ended):
                    self._progress.say(words)
            self._at_fault = None
            self._show()

    def _over(self) -> list[tuple[ShardedRun, Ended]]:
        """What ended since the last time, of which run."""
        return [(self._under_way.pop(ended.job.shard), ended) for ended in self._crew.ended()]

    def _show(self) -> None:
        for words in self._crew.words():
            self._progress.say(words)
        self._progress.show(self._tally(self._crew.tallies()))

    def _tally(self, under_way: Mapping[Path, Tally]) -> Tally:
        """What was done of all runs, those under way included."""
        total = sum((run.tally(under_way) for run in self._runs), Tally())
        self._spend = total.spend
        return total

    def _stop(self) -> None:
        """Have those who play stop, and wait until they have recorded what is answered, or nobody will."""
        self._crew.stop()
        until = monotonic() + GRACE
        with contextlib.suppress(Exception, KeyboardInterrupt):
            while self._under_way and monotonic() < until:
                for run, ended in self._over():
                    with contextlib.suppress(Exception):
                        run.take_back(ended)

    def _told(self, problem: Exception) -> PalaestraError:
        """The same with words, and how to go on."""
        run = self._at_fault or self._runs[0]
        told = problem if isinstance(problem, PalaestraError) else unforeseen(problem, run.where)
        go_on = f"palaestra resume {quote(str(run.where))}"
        if isinstance(told, LimitReached):
            told.remedy = f"Raise it to go on: {go_on} --set {told.raised}"
        elif go_on not in told.remedy:
            told.remedy = f"{told.remedy}\n  Go on with: {go_on}".strip()
        return told
