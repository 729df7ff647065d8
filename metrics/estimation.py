"""The interval of one run's number, and of the difference of two runs' numbers.

Of means, ratios, slopes and the like it follows from what each observation says that the number is
(`palaestra.metrics.bounds`); whatever else is a number of sums is resampled as a whole.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, nct, ttest_1samp
from scipy.stats import t as student

from palaestra.metrics.bounds import (
    LEAST,
    MANY,
    Bounds,
    Chance,
    Numbers,
    Support,
    bounds,
    quantile,
    support_of,
)
from palaestra.metrics.matching import Matched
from palaestra.metrics.metric import MEAN, RATIO, Metric
from palaestra.metrics.observations import Observations, pseudo_values
from palaestra.metrics.resampling import DECIMALS, bca

POWER = 0.8
NODES = 200
"""Of estimates that an average is over."""
UNSTABLE = "no interval: the number is undefined without one of them"
SAME = "no interval: it is the same in all episodes"
FEW_ITEMS = f"no interval: of so few items; of a number like this it takes {LEAST}"
OUTSIDE = "no interval: the number is outside the bounds that the metric declares"
NOTHING = 10.0**-DECIMALS


class Side(NamedTuple):
    """An interval of one number, the error that it comes from, and why it is missing."""

    bounds: Bounds
    error: float
    observations: int
    note: str


class Estimated(NamedTuple):
    """An interval of a difference; `untestable` where there is nothing to permute.

    `p` is a t-test's where observations of both runs can't be exchanged: items that differ, or are
    played more often in one of them.
    """

    bounds: Bounds
    detectable: float | None = None
    note: str = ""
    untestable: bool = False
    p: float | None = None


def _support(metric: Metric, observations: Numbers) -> Support:
    """What the number of a mean or a ratio can be; of others nothing that its spread would follow."""
    if metric.statistic is MEAN and metric.low is None and metric.high is None:
        return support_of(observations)
    return (metric.low, metric.high) if metric.statistic in (MEAN, RATIO) else (None, None)


def _is_within(metric: Metric, value: float) -> bool:
    low, high = metric.low, metric.high
    return (low is None or value >= low - NOTHING) and (high is None or value <= high + NOTHING)


def _within(metric: Metric, found: Bounds, value: float) -> Bounds:
    """The interval cut at the metric's bounds; it always holds the number itself."""
    if found.low is None or found.high is None:
        return found
    least = -inf if metric.low is None else metric.low
    most = inf if metric.high is None else metric.high
    return Bounds(min(value, max(least, found.low)), max(value, min(most, found.high)))


def side_of(metric: Metric, told: Observations, value: float, chance: Chance) -> Side:
    """The interval of one run's number."""
    sums = told.sums[_telling(told.sums)]
    n, least = len(sums), told.least if metric.statistic.smooth else LEAST
    if n < least:
        return Side(Bounds(), 0.0, n, told.too_few(n) if least == told.least else FEW_ITEMS)
    if not metric.statistic.smooth:
        drawn = bca(metric, (sums,), chance, paired=False, size=abs(value))
        missing = SAME if drawn.same else UNSTABLE
        return Side(drawn.bounds, drawn.error or 0.0, n, "" if drawn.error is not None else missing)
    said = pseudo_values(metric, sums)
    if np.isnan(said).any():
        return Side(Bounds(), 0.0, n, UNSTABLE)
    same = np.ptp(said) < NOTHING * max(1, abs(value))
    if same and (None in (metric.low, metric.high) or value not in (metric.low, metric.high)):
        return Side(Bounds(), 0.0, n, SAME)
    if not _is_within(metric, value):
        return Side(Bounds(), 0.0, n, OUTSIDE)
    found = bounds(value, said, _support(metric, said), least=least, chance=chance)
    found = _within(metric, found, value)
    return Side(found, float(said.std(ddof=1)) / sqrt(n), n, _needs(found, n))


def against_null(metric: Metric, told: Observations, chance: Chance) -> float | None:
    """The p-value of one run's number against what it would be without an effect, two-sided.

    What each observation says the number is, less that, has its sign exchanged at random, as pairs are in a
    comparison; of many observations it is a t-test.

    Returns:
        None where nobody knows what it would be, and where there are too few observations or all say just
        that.
    """
    if metric.null is None or metric.pooled or not metric.statistic.smooth:
        return None
    sums = told.sums[_telling(told.sums)]
    if (n := len(sums)) < told.least:
        return None
    said = pseudo_values(metric, sums) - metric.null
    size = float(np.abs(said).max())
    if np.isnan(said).any() or size < NOTHING * max(1.0, abs(metric.null)):
        return None
    if n > MANY and np.ptp(said) >= NOTHING * max(1.0, size):  # a t-test has nothing to divide constants by
        return float(ttest_1samp(said, 0.0).pvalue)
    said = said[:MANY]  # only of constants are there more, which no exchange of so many equals
    signs = np.random.default_rng(chance.seed).integers(
        0, 2, size=(chance.resamples, len(said)), dtype=np.int8
    )
    exchanged = np.abs((2.0 * signs - 1.0) @ said)
    as_far = int((exchanged >= abs(said.sum()) * (1 - NOTHING)).sum())
    return (1 + as_far) / (1 + chance.resamples)


def _telling(sums: Numbers) -> NDArray[np.bool_]:
    """Which observations had an occasion at all."""
    told: NDArray[np.bool_] = (sums != 0).reshape(len(sums), -1).any(axis=1)
    return told


def paired(metric: Metric, both: Matched, told: float, chance: Chance) -> Estimated:
    """The interval of a difference of pairs, from what each pair says the difference is."""
    a, b = both.first.sums, both.second.sums
    least = both.first.least
    if len(a) < least:
        return Estimated(Bounds(), note=both.first.too_few(len(a)), untestable=True)
    told_by = _telling(a) | _telling(b)
    said = pseudo_values(metric, b[told_by]) - pseudo_values(metric, a[told_by])
    if (n := len(said)) < least:
        return Estimated(Bounds(), note=both.first.too_few(n))
    if np.isnan(said).any():
        return Estimated(Bounds(), note=UNSTABLE)
    size = max(1.0, float(np.abs(said).max()))
    if np.ptp(said) < NOTHING * size:
        return Estimated(Bounds(), note=SAME, untestable=abs(told) < NOTHING * size)
    share = metric.low == 0 and metric.high == 1
    found = bounds(
        told,
        said,
        (-1.0, 1.0) if share else (None, None),
        least=least,
        chance=chance,
    )
    return Estimated(found, _detectable(float(said.std(ddof=1)) / sqrt(n), n - 1))


def resampled(metric: Metric, both: Matched, size: float, chance: Chance) -> Estimated:
    """The interval of a difference of numbers of which no shape is known."""
    a, b = both.first.sums, both.second.sums
    fewest = min(len(a), len(b))
    if fewest < LEAST:
        few = both.first if len(a) == fewest else both.second
        note = FEW_ITEMS if few.items else few.too_few(fewest)
        return Estimated(Bounds(), note=note, untestable=True)
    found = bca(metric, (a, b), chance, paired=both.by_row, size=size)
    if found.error is None:
        return Estimated(Bounds(), note=SAME if found.same else UNSTABLE)
    return Estimated(found.bounds, _detectable(found.error, fewest - 1))


def unpaired(metric: Metric, both: Matched, values: tuple[float, float], chance: Chance) -> Estimated:
    """The interval of a difference from those of both numbers, squares of their arms added."""
    sides = [
        side_of(metric, told, value, chance)
        for told, value in zip((both.first, both.second), values, strict=True)
    ]
    constant = all(side.note == SAME for side in sides)
    note = SAME if constant else next((side.note for side in sides if side.note not in ("", SAME)), "")
    untestable = any(
        side.observations < told.least for side, told in zip(sides, (both.first, both.second), strict=True)
    )
    ends = [  # what is the same in all of one run is known without an error
        (value, value) if side.note == SAME else (side.bounds.low, side.bounds.high)
        for side, value in zip(sides, values, strict=True)
    ]
    (low1, high1), (low2, high2) = ends
    if note or low1 is None or high1 is None or low2 is None or high2 is None:
        return Estimated(Bounds(), note=note, untestable=untestable or (constant and values[0] == values[1]))
    told = values[1] - values[0]
    found = Bounds(
        told - sqrt((values[1] - low2) ** 2 + (high1 - values[0]) ** 2),
        told + sqrt((high2 - values[1]) ** 2 + (values[0] - low1) ** 2),
    )
    errors = [side.error for side in sides]
    squares = [error**2 for error in errors]
    free = [side.observations - 1 for side in sides]
    if not any(squares):
        return Estimated(found)
    error = sqrt(sum(squares))
    degrees = sum(squares) ** 2 / sum(s * s / f for s, f in zip(squares, free, strict=True))
    by_item = both.first.items is not None or both.second.items is not None
    p = 2 * float(student.sf(abs(told) / error, degrees)) if by_item else None
    return Estimated(found, _detectable(error, degrees), p=p)


def _detectable(error: float, degrees: float) -> float:
    """The difference that a t-test of this error finds with `POWER`, about."""
    return times_the_error(max(round(degrees), 1)) * error


@lru_cache(maxsize=1024)
def times_the_error(degrees: int) -> float:
    """How many times its estimated error a difference must be to be found with `POWER`.

    On average over what the estimate may be: where it is too small, too small a difference is named,
    and that isn't made good by the other cases.
    """
    estimates = np.sqrt(chi2.ppf((np.arange(NODES) + 0.5) / NODES, degrees) / degrees)

    def lacks(times: float) -> float:
        found = nct.sf(quantile(degrees + 1), degrees, times * estimates)
        return float(np.mean(found)) - POWER

    return float(brentq(lacks, 1.0, 1000.0))


def _needs(found: Bounds, n: int) -> str:
    """Why there is no interval, with the number that it takes; "" where there is one."""
    if found.low is not None:
        return ""
    return f"no interval: of values like these it takes about {max(found.needed or 0, n + 1)}"
