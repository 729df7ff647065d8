"""Plays shards of runs one after another on engines that are started once; can be looked at and stopped.

That is what an actor of Ray is here (`palaestra.sims.playing.ray_crew`); nothing in this module knows of Ray.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from palaestra.agents.failures import EngineUnavailable, PalaestraError
from palaestra.runs.record.folder import NAME, package_versions
from palaestra.sims.playing.crew import ShardJob
from palaestra.sims.playing.play import resume
from palaestra.sims.playing.progress import Progress, Tally
from palaestra.sims.playing.venue import Venue
from palaestra.sims.unforeseen import unforeseen


class ShardPlayer:
    """Plays one shard at a time; its other methods may be called meanwhile, from other threads.

    Args:
        folder: the working folder of who gives the shards out, from which relative paths count.
    """

    def __init__(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            os.chdir(folder)
        self._venue: Venue | None = None
        self._progress: _Relayed | None = None
        self._words: list[str] = []
        self._stop: Callable[[], None] | None = None
        self._stopped = False

    def ready(self, version: str) -> PalaestraError | None:
        """What is wrong if this isn't the same `version` of Palaestra."""
        here = package_versions().get("palaestra", "")
        if here == version:
            return None
        return EngineUnavailable(
            f"{os.uname().nodename} has palaestra {here or 'of no version'}, and this machine {version}",
            "Install the same version on all machines of the cluster.",
        )

    def play(self, job: ShardJob) -> tuple[Tally | None, PalaestraError | None]:
        """Play a shard on; what was done, if it began, and by what it was ended, if not by its end."""
        self._progress, problem = None, None
        try:
            _require_seen(job.shard)
            if self._venue is None:
                self._venue = Venue()
            resume(job.shard, job.settings, venue=self._venue, allowed=job.allowed, onlooker=self)
        except PalaestraError as error:
            problem = error
        except Exception as error:
            problem = unforeseen(error, job.shard)
        return self._tally(), problem

    def report(self) -> tuple[Tally | None, list[str]]:
        """What was done of the shard under way, if it began, and what there is to tell since then."""
        words, self._words = self._words, []
        return self._tally(), words

    def stop(self) -> None:
        """Have the sitting under way, or the next one, stop as with Ctrl-C."""
        self._stopped = True
        if self._stop is not None:
            self._stop()

    def close(self) -> None:
        """Close the engines."""
        if self._venue is not None:
            self._venue.__exit__(None, None, None)

    def progress(
        self, episodes: int, done: int, calls_per_episode: float, spend: Callable[[], float | None]
    ) -> Progress:
        """See `palaestra.sims.playing.onlooker.Onlooker`."""
        self._progress = _Relayed(episodes, done, calls_per_episode, True, spend)
        self._progress.tell = self._tell
        return self._progress

    @contextlib.contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """See `palaestra.sims.playing.onlooker.Onlooker`."""
        loop = asyncio.get_running_loop()

        def stop_there() -> None:
            loop.call_soon_threadsafe(stop)

        self._stop = stop_there
        if self._stopped:
            stop()
        try:
            yield
        finally:
            self._stop = None

    def _tell(self, words: str) -> None:
        self._words.append(words)

    def _tally(self) -> Tally | None:
        return None if self._progress is None else self._progress.tally()


def _require_seen(shard: Path) -> None:
    """Raise `EngineUnavailable` where the folder of a shard isn't on this machine."""
    if not (shard / NAME).exists():
        raise EngineUnavailable(
            f"{os.uname().nodename} doesn't see the folder {shard}",
            "Choose a run folder with --out that all machines of the cluster have under one path.",
        )


class _Relayed(Progress):
    """Progress that is shown elsewhere."""

    tell: Callable[[str], None]

    def say(self, words: str) -> None:
        """See `Progress`."""
        self.tell(words)
