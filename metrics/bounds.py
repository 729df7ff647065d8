"""The bounds of a number's interval, from what each of its observations says the number is.

No one method covers: Student's t misses on the long side of skewed values, a bootstrap where they
are few, and both where most of them are zero. So the shape decides, of which the support tells most:

| shape | interval |
|---|---|
| between two bounds, some at them (shares, opinions) | Student's t with one more at each bound |
| between two bounds | score interval, variance ∝ (μ − low)(high − μ), joined with a bootstrap-t |
| from a bound, on a grid of few steps (counts) | score interval, variance ∝ μ, joined with a bootstrap-t |
| from a bound (lengths, amounts) | score interval, variance ∝ μ², joined with a bootstrap-t of 97 % |
| from a bound, a fifth or more at it | the others' exact share times the interval of their mean |
| no bounds, a fifth or more are ties | Student's t, joined with a bootstrap-t |
| no bounds | Student's t, joined with a bootstrap-t of 97 % |

Sources: one observation more at each side, Agresti and Coull (1998), for shares; score intervals,
Wilson (1927), here with Student's quantile as the spread is estimated; bootstrap-t, Hall (1988).
Joined, the interval goes from the lesser to the larger of both. How often each holds the truth, and
how often it is refused, is measured: `make coverage-of-intervals`, `docs/design/intervals.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Interval = tuple[float, float]
Support = tuple[float | None, float | None]
"""The least and the largest value that there can be; None where there is no such bound."""

CONFIDENCE = 0.95
LEAST = 10
"""Observations without which there is no interval."""
BOTH = 0.95
"""The confidence of each of two intervals whose product is one."""
TIED = 0.2
"""The share of the most common value from which on values are ties."""
WIDEST = 0.9
"""A relative error, times its quantile, from which on an upper bound says nothing."""
FINEST, FEW_STEPS = 20, 20
"""Values that are up to so many steps of a whole part of 1, which is at least so large, are counts."""
WIDER = 0.97
"""The confidence of a bootstrap-t of values that may be skewed: with 0.95 it holds 90 % where they are."""
ROUNDING = 1e-9
"""A spread that is a smaller share of another is rounding only."""
RESAMPLES = 2000
MANY = 1000
"""Observations from which on skew no longer matters, and nothing is resampled."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval, or why there is none.

    Attributes:
        low, high: its bounds; None without one.
        needed: about how many observations of this kind would have one; None where there is one.
    """

    low: float | None = None
    high: float | None = None
    needed: int | None = None


class Chance(NamedTuple):
    """How often a bootstrap-t resamples, and the seed of its draws."""

    resamples: int = RESAMPLES
    seed: int = 0


def quantile(n: float, confidence: float = CONFIDENCE) -> float:
    """Student's two-sided quantile for `n` observations, ≥ 2."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + confidence) / 2))


def support_of(values: Numbers) -> Support:
    """What values keep to, where nobody says what they can be: 0 and 1 if all are these, else a sign."""
    if np.isin(values, (0.0, 1.0)).all():
        return 0.0, 1.0
    return (0.0, None) if (values >= 0).all() else (None, 0.0) if (values <= 0).all() else (None, None)


def bounds(
    value: float,
    observations: Numbers,
    support: Support,
    *,
    least: int = LEAST,
    chance: Chance | None = None,
) -> Bounds:
    """The 95 % interval of a number.

    Args:
        value: the number.
        observations: what each independent observation says it is: of a mean the values, of other
            numbers their jackknife pseudo-values.
        support: of the number.
        least: observations without which there is no interval; means of many, to which shape matters
            less, may do with fewer.
        chance: of the bootstrap-t.
    """
    n, (low, high) = len(observations), support
    chance = chance or Chance()
    if n < least:
        return Bounds(needed=least)
    if low is not None and high is not None:
        return Bounds(*_between(value, observations, low, high, chance))
    if n < LEAST:
        reach = _reach(observations)
        return Bounds(value - reach, value + reach)
    if low is not None:
        found = _upwards(value - low, observations - low, chance)
        return Bounds(needed=found) if isinstance(found, int) else Bounds(low + found[0], low + found[1])
    if high is not None:
        found = _upwards(high - value, high - observations, chance)
        return Bounds(needed=found) if isinstance(found, int) else Bounds(high - found[1], high - found[0])
    tied = _most_common(observations) >= TIED * n
    reach = _reach(observations)
    resampled = _bootstrap_t(value, observations, CONFIDENCE if tied else WIDER, chance)
    return Bounds(*_joined((value - reach, value + reach), resampled))


def _between(value: float, observations: Numbers, low: float, high: float, chance: Chance) -> Interval:
    """The interval of a number between two bounds."""
    n, reach = len(observations), _reach(observations)
    if observations.min() <= low or observations.max() >= high:
        more = np.append(observations, (low, high))
        reach, middle = _reach(more), (value * n + low + high) / len(more)
        ends = min(value, middle - reach), max(value, middle + reach)
    else:
        k = reach**2 / ((value - low) * (high - value))
        middle = (value + k * (low + high) / 2) / (1 + k)
        half = sqrt(max(0.0, middle**2 - (value**2 + k * low * high) / (1 + k)))
        ends = _joined((middle - half, middle + half), _bootstrap_t(value, observations, CONFIDENCE, chance))
    return max(low, ends[0]), min(high, ends[1])


def _upwards(
    value: float, observations: Numbers, chance: Chance, confidence: float = CONFIDENCE
) -> Interval | int:
    """The interval of a number that is at least 0, or how many observations it takes."""
    n = len(observations)
    on_a_grid = _on_a_grid(observations)
    many_at_it = np.count_nonzero(observations > 0) <= (1 - TIED) * n
    if on_a_grid and many_at_it:
        confidence = max(confidence, WIDER)
    reach = _reach(observations, confidence)
    if value <= 0 or reach == 0:
        return 2 * n
    if on_a_grid:
        k = reach**2 / value
        half = sqrt(k * k / 4 + k * value)
        score = value + k / 2 - half, value + k / 2 + half
    elif many_at_it:
        return _mostly_nothing(observations, chance)
    elif (relative := reach / value) >= WIDEST:
        return ceil(n * (relative / WIDEST) ** 2)
    else:
        score = value / (1 + relative), value / (1 - relative)
        confidence = max(confidence, WIDER)
    low, high = _joined(score, _bootstrap_t(value, observations, confidence, chance))
    return max(0.0, low), high


def _mostly_nothing(observations: Numbers, chance: Chance) -> Interval | int:
    """Of values many of which are 0: the share of the others times their mean, each by 95 %."""
    others = observations[observations > 0]
    n, k = len(observations), len(others)
    if k < LEAST:
        return ceil(n * LEAST / max(k, 1))
    found = _upwards(float(others.mean()), others, chance, BOTH)
    if isinstance(found, int):
        return ceil(n * found / k)
    from scipy.stats import binomtest

    share = binomtest(k, n).proportion_ci(BOTH)
    return float(share.low) * found[0], float(share.high) * found[1]


def _reach(observations: Numbers, confidence: float = CONFIDENCE) -> float:
    """How far Student's interval reaches on each side."""
    n = len(observations)
    return quantile(n, confidence) * float(observations.std(ddof=1)) / sqrt(n)


def _bootstrap_t(value: float, observations: Numbers, confidence: float, chance: Chance) -> Interval | None:
    """The interval by the quantiles of (mean − value)/error over resamples; None where there are many."""
    n, spread = len(observations), float(observations.std(ddof=1))
    if n > MANY or spread == 0:
        return None
    drawn = observations[np.random.default_rng(chance.seed).integers(n, size=(chance.resamples, n))]
    spreads = drawn.std(axis=1, ddof=1)
    spreads[spreads < ROUNDING * spread] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (drawn.mean(axis=1) - observations.mean()) / spreads
    edge = (1 - confidence) / 2
    first, last = np.nanquantile(ratios, [edge, 1 - edge], method="nearest")
    return value - float(last) * spread, value - float(first) * spread


def _joined(one: Interval, other: Interval | None) -> Interval:
    """The interval that holds both; an end of `other` that isn't finite doesn't count."""
    low, high = other or one
    return min(one[0], low if isfinite(low) else inf), max(one[1], high if isfinite(high) else -inf)


def _on_a_grid(values: Numbers) -> bool:
    """Whether values ≥ 0 are counts, or means of a few of them: small multiples of a whole part of 1."""
    for parts in range(1, FINEST + 1):
        steps = values * parts
        if steps.max() > FEW_STEPS:
            return False
        if np.allclose(steps, np.round(steps), atol=1e-6):
            return True
    return False


def _most_common(values: Numbers) -> int:
    return int(np.unique(values, return_counts=True)[1].max())
