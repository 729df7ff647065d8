"""How one attribute is distributed: as a population file declares it, and as numbers to draw by.

Everything is drawn by inverting the distribution function at one uniform number a person, so
that who a person is depends on the population, the seed and the person's number alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, inf, nextafter
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints

from palaestra.agents.declared import Problems
from palaestra.agents.policy import Settings

Numbers = NDArray[np.float64]
Values = NDArray[Any]

TOLERANCE = 1e-6
"""How far a sum of shares may be from 1."""
LEAST_MASS = 1e-6
"""The least share of a normal distribution that its bounds must leave."""
MOST_WHOLE = 100_000
"""So many different whole numbers may an attribute have."""
ELSE = "else"
DEGREES = {
    -2.5: "certainly disagree",
    -1.5: "probably disagree",
    -0.5: "lean disagree",
    0.5: "lean agree",
    1.5: "probably agree",
    2.5: "certainly agree",
}
"""The six degrees of a stance, as the scenarios ask for them."""

Share = Annotated[FiniteFloat, Field(ge=0)]
Value = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    BeforeValidator(lambda key: str(key) if isinstance(key, (int, float)) else key),
]
"""A value that is text; numbers in YAML are taken as they are written."""


class Bins(Settings):
    """Shares of neighbouring intervals, evenly spread within each."""

    edges: list[FiniteFloat] = Field(min_length=2, description="Where the intervals begin, and the last end.")
    shares: list[Share] = Field(description="Of the people in each interval; they sum to 1.")

    def problems(self) -> Problems:
        """Edges that don't ascend, and shares that don't fit them."""
        for position, (low, high) in enumerate(pairwise(self.edges), 1):
            if high <= low:
                yield ("edges", position), f"edges ascend; {high:g} comes after {low:g}"
        if len(self.shares) != len(self.edges) - 1:
            intervals = len(self.edges) - 1
            yield ("shares",), f"{intervals} intervals need {intervals} shares; there are {len(self.shares)}"
        yield from sum_problems(self.shares, ("shares",))


class Uniform(Settings):
    """Every number between two bounds is as likely."""

    low: FiniteFloat = Field(description="Least value.")
    high: FiniteFloat = Field(description="Largest value.")

    def problems(self) -> Problems:
        """Bounds that leave nothing."""
        if self.high <= self.low:
            yield ("high",), f"it ends at {self.high:g}, which is not above {self.low:g}"


class Normal(Settings):
    """A normal distribution, cut at two bounds."""

    mean: FiniteFloat = Field(description="Mean before the bounds cut it.")
    sd: FiniteFloat = Field(gt=0, description="Standard deviation before the bounds cut it.")
    low: FiniteFloat = Field(description="Least value.")
    high: FiniteFloat = Field(description="Largest value.")

    def problems(self) -> Problems:
        """Bounds that leave nothing, or next to nothing."""
        if self.high <= self.low:
            yield ("high",), f"it ends at {self.high:g}, which is not above {self.low:g}"
            return
        normal = NormalDist(self.mean, self.sd)
        if normal.cdf(self.high) - normal.cdf(self.low) < LEAST_MASS:
            message = f"{self.low:g} to {self.high:g} is too far from the mean {self.mean:g} to be drawn from"
            yield ("mean",), message


FORMS = ("shares", "degrees", "bins", "uniform", "normal", "given")


class Distribution(Settings):
    """How a value is distributed: exactly one of the forms."""

    shares: dict[Value, Share] | None = Field(None, description="Texts with their shares, which sum to 1.")
    degrees: list[Share] | None = Field(
        None,
        min_length=len(DEGREES),
        max_length=len(DEGREES),
        description="Of a stance: shares of the six degrees, from −2.5 (certainly disagree) to 2.5.",
    )
    bins: Bins | None = Field(None, description="Of a number: shares of intervals.")
    uniform: Uniform | None = Field(None, description="Of a number: all are as likely.")
    normal: Normal | None = Field(None, description="Of a number: normal, cut at bounds.")
    given: dict[str, dict[Value, Distribution]] | None = Field(
        None,
        description="Of another attribute: a distribution for each of its values, or for ranges of its "
        "numbers such as `18..30` (from 18, below 30), `..18` or `65..`; `else` is for all others.",
    )

    @property
    def form(self) -> str:
        """Which of the forms it has, the first where there are several; "" for none."""
        return next((name for name in FORMS if getattr(self, name) is not None), "")

    def leaves(self, *before: Case) -> Iterator[tuple[tuple[Case, ...], Distribution]]:
        """The distributions without conditions, each with the cases that lead to it."""
        if self.given is None:
            yield before, self
            return
        for attribute, cases in self.given.items():
            others = tuple(key for key in cases if key != ELSE)
            for key, inner in cases.items():
                yield from inner.leaves(*before, Case(attribute, key, others))

    def own_problems(self) -> Problems:
        """What is wrong here, without the attributes that it is conditional on."""
        forms = [name for name in FORMS if getattr(self, name) is not None]
        if len(forms) != 1:
            has = " and ".join(forms) or "none"
            yield (), f"a distribution has one of {', '.join(FORMS)}; here is {has}"
            return
        if self.shares is not None:
            if not self.shares:
                yield ("shares",), "there is no value"
            yield from sum_problems(self.shares.values(), ("shares",))
        if self.degrees is not None:
            yield from sum_problems(self.degrees, ("degrees",))
        for name in ("bins", "uniform", "normal"):
            declared = getattr(self, name)
            if declared is not None:
                for place, message in declared.problems():
                    yield (name, *place), message
        yield from self._given_problems(self.given or {})

    def _given_problems(self, given: dict[str, dict[str, Distribution]]) -> Problems:
        if len(given) > 1:
            yield ("given",), f"one attribute a `given`, not {len(given)}; put others inside its cases"
        for attribute, cases in given.items():
            for key, inner in cases.items():
                for place, message in inner.own_problems():
                    yield ("given", attribute, key, *place), message

    def bounds(self) -> tuple[float, float]:
        """Least and largest number of a distribution without conditions; the last edge of bins isn't in."""
        if self.bins is not None:
            return self.bins.edges[0], nextafter(self.bins.edges[-1], -inf)
        if self.degrees is not None:
            return min(DEGREES), max(DEGREES)
        declared = self.uniform or self.normal
        assert declared is not None
        return declared.low, declared.high

    def drawn(self, whole: bool) -> Discrete | Continuous:
        """What a distribution without conditions is drawn from.

        Args:
            whole: its numbers are whole: bins hold their lower edges and not the upper ones, and a
                normal one is rounded.
        """
        if self.shares is not None:
            return Discrete(np.array(list(self.shares), dtype=object), normed(self.shares.values()))
        if self.degrees is not None:
            return Discrete(np.array(list(DEGREES)), normed(self.degrees))
        return self._whole() if whole else self._continuous()

    def _continuous(self) -> Continuous:
        if self.normal is not None:
            return CutNormal(self.normal.mean, self.normal.sd, self.normal.low, self.normal.high)
        if self.bins is not None:
            return Even(np.array(self.bins.edges), np.append(0.0, np.cumsum(normed(self.bins.shares))))
        assert self.uniform is not None
        return Even(np.array([self.uniform.low, self.uniform.high]), np.array([0.0, 1.0]))

    def _whole(self) -> Discrete:
        if self.bins is not None:
            steps = np.arange(self.bins.edges[0], self.bins.edges[-1] + 1, dtype=np.float64)
            return Discrete(steps[:-1], np.diff(self._continuous().cdf(steps)))
        low, high = (int(bound) for bound in self.bounds())
        numbers = np.arange(low, high + 1)
        if self.uniform is not None:
            return Discrete(numbers, np.full(len(numbers), 1 / len(numbers)))
        assert self.normal is not None
        cut = CutNormal(self.normal.mean, self.normal.sd, low - 0.5, high + 0.5)
        return Discrete(numbers, np.diff(cut.cdf(np.arange(low, high + 2, dtype=np.float64) - 0.5)))


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a `given`.

    Attributes:
        attribute: what it is about.
        key: the value, the range or `else`.
        others: the keys beside `else`.
    """

    attribute: str
    key: str
    others: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.attribute} {self.key}"

    def holds(self, column: Values) -> NDArray[np.bool_]:
        """For which people the case holds, by the column of its attribute."""
        if self.key == ELSE:
            taken = [_matches(key, column) for key in self.others]
            return ~np.logical_or.reduce(taken) if taken else np.ones(len(column), dtype=bool)
        return _matches(self.key, column)


def _matches(key: str, column: Values) -> NDArray[np.bool_]:
    if column.dtype == object:
        return np.asarray(column == key)
    low, high = span(key) or (inf, -inf)
    return (column >= low) & (column < high)


def span(key: str) -> tuple[float, float] | None:
    """The numbers of a range such as `18..30`: from the first, below the second; None if it is none."""
    number = r"([+-]?\d+(?:\.\d+)?)?"
    found = re.fullmatch(rf"\s*{number}\s*\.\.\s*{number}\s*", key)
    if found is None:
        return None
    low, high = found.groups()
    return -inf if low is None else float(low), inf if high is None else float(high)


@dataclass(frozen=True, slots=True)
class Discrete:
    """Some values with their shares, which sum to 1."""

    values: Values
    shares: Numbers

    def quantile(self, u: Numbers) -> Values:
        """The value at each `u` in (0, 1)."""
        steps = np.cumsum(self.shares)
        # Values of share 0 end where the one before ends, so that none of them is ever taken.
        return self.values[np.searchsorted(steps / steps[-1], u, side="right")]


@dataclass(frozen=True, slots=True)
class Even:
    """Numbers spread evenly between `edges`; `steps` is the distribution function at these."""

    edges: Numbers
    steps: Numbers

    def quantile(self, u: Numbers) -> Numbers:
        """The number at each `u` in (0, 1)."""
        return np.interp(u, self.steps, self.edges)

    def cdf(self, x: Numbers) -> Numbers:
        """The distribution function."""
        return np.interp(x, self.edges, self.steps)


@dataclass(frozen=True, slots=True)
class CutNormal:
    """A normal distribution between `low` and `high`."""

    mean: float
    sd: float
    low: float
    high: float

    def quantile(self, u: Numbers) -> Numbers:
        """The number at each `u` in (0, 1)."""
        from scipy.special import ndtri

        below, above = self._ends()
        found: Numbers = self.mean + self.sd * ndtri(below + u * (above - below))
        return np.clip(found, self.low, self.high)

    def cdf(self, x: Numbers) -> Numbers:
        """The distribution function."""
        from scipy.special import ndtr

        below, above = self._ends()
        found: Numbers = (ndtr((x - self.mean) / self.sd) - below) / (above - below)
        return np.clip(found, 0.0, 1.0)

    def _ends(self) -> tuple[float, float]:
        from scipy.special import ndtr

        return (
            float(ndtr((self.low - self.mean) / self.sd)),
            float(ndtr((self.high - self.mean) / self.sd)),
        )


Continuous = Even | CutNormal


def normed(shares: Iterable[float]) -> Numbers:
    """Shares that sum to 1 exactly, as near as floats do."""
    given = np.array(list(shares), dtype=float)
    found: Numbers = given / given.sum()
    return found


def sum_problems(shares: Iterable[float], place: tuple[str, ...]) -> Problems:
    """Shares that don't sum to 1."""
    total = fsum(shares)
    if abs(total - 1) > TOLERANCE:
        yield place, f"shares sum to 1; these sum to {total:.7g}"
