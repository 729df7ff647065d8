"""Shares, differences and areas with their intervals, where observations come in groups.

Pairs of one prompt share its difficulty and often an answer, so they count as one group:
every error here is the cluster-robust one (Liang and Zeger, Biometrika 73, 1986).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from palaestra.metrics.bounds import Numbers, quantile

LEAST_GROUPS = 20
"""With fewer groups a cluster-robust error is too small to be trusted (Cameron and Miller, 2015)."""
LEAST_ARM = 10
"""Observations that each side of a difference needs for the same reason."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with what its interval is made of.

    Attributes:
        value: the number.
        n: observations.
        error: standard error; None with too few observations for one.
        centre: middle of the interval where that isn't `value`.
        effective: of a share, the number of independent observations it is worth; its interval is Wilson's.
        groups: of the observations: the quantile is Student's, as their errors are estimated from so many.
    """

    value: float
    n: int
    error: float | None = None
    centre: float | None = None
    effective: float | None = None
    groups: int | None = None

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """Lower and upper bound; None with too few observations."""
        z = quantile(self.groups, confidence) if self.groups else NormalDist().inv_cdf((1 + confidence) / 2)
        if self.effective is not None:
            p, n = self.value, self.effective
            middle = (p + z * z / (2 * n)) / (1 + z * z / n)
            half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
            return max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))  # in spite of rounding
        if self.error is None:
            return None
        middle = self.value if self.centre is None else self.centre
        return middle - z * self.error, middle + z * self.error

    def times(self, factor: float) -> Estimate:
        """The estimate of a difference in another unit."""
        scaled = [x if x is None else x * factor for x in (self.error, self.centre)]
        return replace(self, value=self.value * factor, error=scaled[0], centre=scaled[1])


def share(values: ArrayLike, groups: ArrayLike) -> Estimate | None:
    """The mean of values 0–1 with Wilson's interval; None of no values.

    Its effective number of observations is n over the design effect, or the number of
    groups where all values are the same.
    """
    x = np.asarray(values, dtype=float)
    if not len(x):
        return None
    p, count = float(x.mean()), _count(groups)
    error = _error((x - p) / len(x), groups)
    effective = min(p * (1 - p) / error**2, len(x)) if error > 0 else count
    clustered = max(count, 2) if count < len(x) else None  # else the spread follows from the share itself
    return Estimate(min(max(p, 0.0), 1.0), len(x), error, effective=float(effective), groups=clustered)


def mean(values: ArrayLike, groups: ArrayLike) -> Estimate | None:
    """The mean of values of any size with a normal interval; None of no values."""
    x = np.asarray(values, dtype=float)
    if not len(x):
        return None
    count = _count(groups)
    error = _error((x - x.mean()) / len(x), groups) if count >= LEAST_GROUPS else None
    return Estimate(float(x.mean()), len(x), error, groups=count)


def difference(values: ArrayLike, first: ArrayLike, groups: ArrayLike, *, shares: bool) -> Estimate | None:
    """The mean of the values where `first` holds minus the mean of the others.

    Args:
        values: observations.
        first: whether each belongs to the first side.
        groups: of the observations.
        shares: whether values are 0–1: then each side gets one success and one failure more in
            the interval, so that a few equal values don't look certain (Agresti and Caffo, 2000).

    Returns:
        The difference; None where a side is empty.
    """
    x, one = np.asarray(values, dtype=float), np.asarray(first, dtype=bool)
    sides = int(one.sum()), int((~one).sum())
    if not all(sides):
        return None
    value = float(x[one].mean() - x[~one].mean())
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    if min(sides) < LEAST_ARM or numbers.max() + 1 < LEAST_GROUPS:
        return Estimate(value, len(x))
    if shares:
        numbers = np.append(numbers, numbers.max() + 1 + np.arange(4))
        x, one = np.append(x, [0, 1, 0, 1]), np.append(one, [True, True, False, False])
    centre = float(x[one].mean() - x[~one].mean())
    influence = np.where(one, (x - x[one].mean()) / one.sum(), -(x - x[~one].mean()) / (~one).sum())
    return Estimate(value, sum(sides), _error(influence, numbers), centre, groups=_count(numbers))


def auc(scores: ArrayLike, positive: ArrayLike, groups: ArrayLike) -> Estimate | None:
    """The area under the ROC curve: how often a positive scores above a negative, ties as halves.

    Its error is DeLong's, summed over groups (Obuchowski, Biometrics 53, 1997).
    """
    x, is_positive = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    p, q = int(is_positive.sum()), int((~is_positive).sum())
    if not p or not q:
        return None
    ranks = _ranks(x)
    below = np.empty(len(x))
    below[is_positive] = (ranks[is_positive] - _ranks(x[is_positive])) / q
    below[~is_positive] = 1 - (ranks[~is_positive] - _ranks(x[~is_positive])) / p
    area = float(below[is_positive].mean())
    influence = (below - area) / np.where(is_positive, p, q)
    count = _count(groups)
    return Estimate(area, len(x), _error(influence, groups) if count >= LEAST_GROUPS else None, groups=count)


def _count(groups: ArrayLike) -> int:
    return len(np.unique(np.asarray(groups)))


def _ranks(x: Numbers) -> Numbers:
    """From 1; equal values share their mean rank."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Numbers = (last - (count - 1) / 2)[place]
    return ranks


def _error(influence: NDArray[Any], groups: ArrayLike) -> float:
    """√(G/(G−1) · Σ over groups of (sum of the group's influences)²)."""
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(numbers, weights=influence)
    return sqrt(float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1))
