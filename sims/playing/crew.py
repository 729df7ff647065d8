"""Those who play shards of runs, one each at a time: actors of Ray, or this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from palaestra.agents.failures import Interrupted
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing.progress import Tally


@dataclass(frozen=True, slots=True)
class ShardJob:
    """A shard to be played on, with `palaestra.sims.playing.play.resume`.

    Attributes:
        shard: its folder.
        settings: `key=value` changes.
        allowed: what a person allows its engines.
    """

    shard: Path
    settings: tuple[str, ...] = ()
    allowed: Allowed = NOTHING


class PlayerLost(Exception):
    """Whoever played a shard is gone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """That a job is over, with what it has done, if it began, and by what it was ended, if not by its end."""

    job: ShardJob
    tally: Tally | None
    problem: Exception | None


class Crew(Protocol):
    """Those who play shards, one each at a time."""

    size: int

    def idle(self) -> bool:
        """Whether one waits for a shard."""

    def give(self, job: ShardJob) -> None:
        """Let one who waits play that."""

    def ended(self) -> list[Ended]:
        """The jobs that ended since the last time; waits for some a moment.

        Raises:
            Interrupted: somebody wants the play to stop.
            EngineUnavailable: there is nobody who could play.
        """

    def tallies(self) -> Mapping[Path, Tally]:
        """What the jobs under way have done, by the folder of the shard."""

    def words(self) -> list[str]:
        """What there is to tell a user since the last time."""

    def stop(self) -> None:
        """Have those who play stop, as with Ctrl-C."""


MakeCrew = Callable[[Sequence[Scenario]], AbstractContextManager[Crew]]
"""Makes the crew that is to play these scenarios."""


class OneAfterAnother:
    """This process, which plays one shard after another.

    Args:
        play: plays a job to its end.
    """

    size = 1

    def __init__(self, play: Callable[[ShardJob], None]) -> None:
        self._play = play
        self._over: list[Ended] = []

    def idle(self) -> bool:
        """See `Crew`."""
        return not self._over

    def give(self, job: ShardJob) -> None:
        """See `Crew`; this returns once it is played."""
        problem: Exception | None = None
        try:
            self._play(job)
        except KeyboardInterrupt:
            problem = Interrupted("interrupted")
        except Exception as error:
            problem = error
        self._over.append(Ended(job, None, problem))

    def ended(self) -> list[Ended]:
        """See `Crew`."""
        over, self._over = self._over, []
        return over

    def tallies(self) -> Mapping[Path, Tally]:
        """See `Crew`."""
        return {}

    def words(self) -> list[str]:
        """See `Crew`."""
        return []

    def stop(self) -> None:
        """See `Crew`; nobody plays meanwhile."""
