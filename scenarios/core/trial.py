"""A trial of judges: pairs of answers that nobody in the scenario gave, put to them by its own rules.

A scenario whose judges can be tried says how in a method of its class, `Episode.trials`. What the judges
are asked, in which words and order, is then what a run would ask them. Where they judge a whole episode,
each pair is an episode of its own, or two (`TrialByEpisodes`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from palaestra.agents.calls import Call, Reply

if TYPE_CHECKING:
    from palaestra.scenarios.core.episode import Episode

Tried = TypeVar("Tried", bound="Episode[Any]")


@dataclass(frozen=True, slots=True)
class TrialPair:
    """Two answers to a question, by the contestants `one` and `two`, whose names no judge may read."""

    question: str
    one: str
    two: str


CONTESTANTS = ("Quorvex", "Zimblat")
"""Names that stand in no other text, so that they are found where one gets to a judge."""
PROBE = TrialPair("What is two plus two?", "Two plus two is four.", "Two plus two is five.")
"""Put to a judge only to see what it is asked: two that are asked the same of it are one."""


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """What a judge said in a trial.

    Attributes:
        pair: number of the pair, from 0.
        judge: name.
        read: which answers it read, in order: of `one` 0, of `two` 1.
        value: of an answer read alone its score, more is better; of two the probability, 0–1, that the
            first is better; None where the judge could not be understood.
        call: index of the call in the trial; of several the first.
    """

    pair: int
    judge: str
    read: tuple[int, ...]
    value: float | None
    call: int


class Trial(Protocol):
    """An episode in which judges judge planted pairs, and nothing else happens."""

    @property
    def contestants(self) -> tuple[str, str]:
        """The names of those who are said to have answered."""

    @property
    def pending(self) -> list[Call]:
        """The calls that wait for replies; none once it is over."""

    def advance(self, replies: Sequence[Reply]) -> None:
        """Go on with the replies to the pending calls, in their order."""

    def verdicts(self) -> Iterator[TrialVerdict]:
        """What the judges say of what they were asked: no values before it is over."""


MakeTrial = Callable[[Sequence[TrialPair], Collection[str] | None], Trial]
"""Makes a trial of these pairs, by the judges of these names; None stands for all of them."""


class TrialByEpisodes(Generic[Tried]):
    """A trial that is many episodes, which are asked together.

    Args:
        episodes: in each of them judges judge a pair, or one answer of it, and nothing else happens.

    Attributes:
        asked: of each episode its calls by index in the trial, so far.
    """

    contestants = CONTESTANTS

    def __init__(self, episodes: Sequence[Tried]) -> None:
        self.episodes = episodes
        self.asked: list[dict[int, Call]] = [{} for _ in episodes]
        self._numbers = count()
        self._pending = self._ask()

    @property
    def pending(self) -> list[Call]:
        """See `Trial`."""
        return [call for calls in self._pending for call in calls]

    def advance(self, replies: Sequence[Reply]) -> None:
        """See `Trial`."""
        left = iter(replies)
        for episode, calls in zip(self.episodes, self._pending, strict=True):
            if calls:
                episode.advance([next(left) for _ in calls])
        self._pending = self._ask()

    def first(self, episode: int, judge: str, **about: object) -> int:
        """The index of the first call of `judge` in an episode that is about all this."""
        return next(
            index
            for index, call in self.asked[episode].items()
            if call.agent == judge and about.items() <= call.about.items()
        )

    def _ask(self) -> list[list[Call]]:
        """The calls that each episode waits for, numbered anew."""
        pending = []
        for asked, episode in zip(self.asked, self.episodes, strict=True):
            calls = [replace(call, index=next(self._numbers)) for call in episode.pending]
            asked.update((call.index, call) for call in calls)
            pending.append(calls)
        return pending
