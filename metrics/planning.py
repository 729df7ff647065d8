"""How many episodes, and on how many items, a difference of a given size takes to be found.

From a pilot run: how much its observations vary says how large the error of later ones will be, by the
same t-test that `detectable` is of. Without one, from a spread that somebody gives, or from the largest
that a mean of values between two bounds can have.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.stats import t as student

from palaestra.metrics.bounds import LEAST, quantile
from palaestra.metrics.estimation import NOTHING, POWER, times_the_error
from palaestra.metrics.metric import MEAN, Metric, Tables, Unmeasurable
from palaestra.metrics.observations import items_of, pseudo_values, sample

MOST = 1_000_000
"""Episodes beyond which no plan is told."""


class EffectTooSmall(Unmeasurable):
    """No plan is told: it would take more than `MOST` episodes."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a comparison of two runs takes.

    Attributes:
        apart: episodes of each run, where these share nothing.
        items: of a pilot that plays some items twice: how many items each run needs, with as many
            episodes of each as the pilot has; None of others.
        pilot: how many observations it is told from.
    """

    apart: int
    items: int | None
    pilot: int


def plan(metric: Metric, tables: Tables, effect: float, *, power: float = 0.8) -> Planned:
    """What it takes to find a difference between two runs like this one.

    Args:
        metric: what is compared.
        tables: of the pilot.
        effect: the difference that matters, in the metric's unit, > 0.
        power: how often it shall be found, in (0, 1).

    Raises:
        Unmeasurable: see `Metric.parts`; or the pilot has too few observations, or they don't vary.
        EffectTooSmall: it takes more than `MOST`.
    """
    parts = metric.parts(tables)
    told = sample(parts, items_of(parts, tables))
    by_item, observed = told.items, len(told.sums)
    if observed < told.least:
        raise Unmeasurable(f"{metric.name}: the pilot has {observed} observations, and it takes {told.least}")
    said = pseudo_values(metric, told.sums)
    if not np.isfinite(said).all():
        raise Unmeasurable(f"{metric.name} is undefined without one of the pilot's episodes: play more")
    if np.ptp(said) < NOTHING * max(1.0, float(np.abs(said).max())):
        raise Unmeasurable(f"{metric.name}: the pilot's episodes don't vary, so they tell of no error")
    needed = _needed(float(said.std(ddof=1)) / effect * _caution(observed - 1), power)
    if by_item is None:
        return Planned(needed, None, observed)
    return Planned(ceil(needed * len(parts.sums) / by_item), needed, observed)


def observations_for(
    metric: Metric, effect: float, spread: float | None = None, *, power: float = 0.8
) -> int:
    """How many independent observations of each of two runs find a difference, without a pilot.

    Args:
        metric: what is compared.
        effect: the difference that matters, in the metric's unit, > 0.
        spread: the standard deviation of the observations; None for the largest that there can be.
        power: how often it shall be found, in (0, 1).

    Raises:
        Unmeasurable: no spread is given, and nothing limits it, see `largest_spread`.
        EffectTooSmall: it takes more than `MOST`.
    """
    if spread is None:
        spread = largest_spread(metric)
    if spread is None:
        raise Unmeasurable(f"{metric.name}: nothing limits how much it varies, and no pilot tells")
    return _needed(spread / effect, power)


def largest_spread(metric: Metric) -> float | None:
    """The largest standard deviation of values between two bounds, of which a metric is the mean; else None.

    It is half their distance. What episodes say of a rate lies beyond its bounds where some have more
    occasions than others.
    """
    if metric.low is None or metric.high is None or metric.statistic is not MEAN:
        return None
    return (metric.high - metric.low) / 2


def _caution(degrees: int) -> float:
    """How much larger a spread that so few told is taken, so that the power holds on average."""
    return times_the_error(degrees) / float(quantile(degrees + 1) + student.ppf(POWER, degrees))


def _needed(ratio: float, power: float) -> int:
    """The least n of each side for which (t at 0.975 + t at `power`)·ratio·√(2/n) ≤ 1."""

    def enough(n: int) -> bool:
        free = 2 * n - 2
        quantiles = quantile(free + 1) + float(student.ppf(power, free))
        return quantiles * ratio * sqrt(2 / n) <= 1

    low, high = LEAST - 1, LEAST
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST:
            raise EffectTooSmall(f"so small an effect takes more than {MOST:,} episodes")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
