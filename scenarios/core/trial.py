"""A trial of judges: pairs of answers that nobody in the scenario gave, put to them by its own rules.

A scenario whose judges can be tried says how in a method of its class, `Episode.trials`. What the judges
are asked, in which words and order, is then what a run would ask them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from palaestra.agents.calls import Call, Reply


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
