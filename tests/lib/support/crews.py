"""Crews without a cluster: in this process, and one whose players are lost in the middle of a shard."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from palaestra.agents.failures import LimitReached
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing import play
from palaestra.sims.playing.crew import Crew, Ended, MakeCrew, OneAfterAnother, PlayerLost, ShardJob
from palaestra.sims.playing.player import ShardPlayer


class Losing(OneAfterAnother):
    """Players in this process, of whom the first `losses` are lost after a few calls.

    Attributes:
        size: of how many shards a run is made.
        played: the jobs that were given out.
    """

    def __init__(self, size: int, losses: int = 0, calls: int = 5) -> None:
        super().__init__(self._played)
        self.size = size
        self.played: list[ShardJob] = []
        self._losses = losses
        self._calls = calls
        self.player = ShardPlayer(Path.cwd())

    def _played(self, job: ShardJob) -> None:
        self.played.append(job)
        if self._losses:
            self._losses -= 1
            tries = sum(played.shard == job.shard for played in self.played)
            few = json.dumps({"calls": self._calls * tries})
            with contextlib.suppress(LimitReached):
                play.resume(job.shard, (*job.settings, f"limits={few}"), quiet=True)
            raise PlayerLost("it was killed")
        _, problem = self.player.play(job)
        if problem is not None:
            raise problem

    def ended(self) -> list[Ended]:
        """A job whose player was lost told nothing of what it did."""
        return [replace(ended, tally=None) for ended in super().ended()]


def of(crew: Losing) -> MakeCrew:
    """What makes that crew, whatever is played, and lets it go in the end."""

    @contextlib.contextmanager
    def make(scenarios: Sequence[Scenario]) -> Iterator[Crew]:
        try:
            yield crew
        finally:
            crew.player.close()

    return make
