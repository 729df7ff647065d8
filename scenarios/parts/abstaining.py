"""Judges that flip with the order: of two they prefer what they read first, or second, in both orders.

What such a judge says of the two is about the order. It counts half for either, or where a file says so
(`abstain: flips`), for nothing: the judge abstains. What it said stays in the log and its tables, where the
metrics `judge_flip_rate` and `panel_flip_rate` tell how often that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Literal, Protocol, TypeVar

from palaestra.scenarios.core.config import Location

Abstain = Literal["never", "flips"]
ABSTAIN_MEANING = (
    "Whether a judge that flips with the order of two (with `judging: pairwise`: it prefers what it reads "
    "first in both orders, or second in both) counts for nothing on these two: with `flips` it abstains, in "
    "results, ratings and exports; with `never` its two comparisons average. Equal is no flip. Who isn't "
    "compared with all others then has no score, and a debate no winner. What it said is recorded all the "
    "same."
)


class Compared(Protocol):
    """A judge's comparison of two in one order, as an event."""

    @property
    def judge(self) -> str:
        """Who compared."""

    @property
    def first(self) -> str:
        """Whom it read first."""

    @property
    def second(self) -> str:
        """Whom it read second."""

    @property
    def first_better(self) -> float | None:
        """Probability 0–1 that the first is better; None where it wasn't understood."""


AnyCompared = TypeVar("AnyCompared", bound=Compared)


def flips(straight: Sequence[float], crossed: Sequence[float]) -> bool:
    """Whether a judge prefers what it reads first in both orders, or what it reads second in both.

    Args:
        straight: the probabilities, 0–1, that what is read first is better, one for each repeat; their mean
            counts. A judge that was understood in one order only flips nothing.
        crossed: the same, read in the other order.
    """
    return bool(straight and crossed) and (fmean(straight) - 0.5) * (fmean(crossed) - 0.5) > 0


def counting(said: Iterable[AnyCompared], abstain: Abstain) -> list[AnyCompared]:
    """The comparisons that count: all, or those without the flips of a judge on two and a criterion.

    Args:
        said: on one occasion, such as a contest, repeats included.
        abstain: see `ABSTAIN_MEANING`.
    """
    compared = list(said)
    told: dict[tuple[str, ...], list[float]] = {}
    for item in compared:
        if item.first_better is not None:
            told.setdefault(_read(item), []).append(item.first_better)

    def abstains(item: AnyCompared) -> bool:
        judge, criterion, first, second = _read(item)
        crossed = told.get((judge, criterion, second, first), [])
        return flips(told.get((judge, criterion, first, second), []), crossed)

    return [item for item in compared if abstain == "never" or not abstains(item)]


def abstain_problems(abstain: Abstain, judging: str) -> Iterator[tuple[Location, str]]:
    """That judges are to abstain who read nothing in two orders."""
    if abstain != "never" and judging != "pairwise":
        told = f"a judge flips between two orders, and `judging: {judging}` has none"
        yield ("abstain",), f"{told}; take `judging: pairwise`, or leave `abstain` out"


def _read(item: Compared) -> tuple[str, str, str, str]:
    return item.judge, str(getattr(item, "criterion", "")), item.first, item.second
