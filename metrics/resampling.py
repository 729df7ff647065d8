"""Numbers of resampled observations: what exchanging them tells, and intervals where no shape is known.

A metric whose number isn't smooth (a largest of several, an entropy, see `Statistic`) is resampled
as a whole: its bootstrap interval is BCa's (Efron, 1987).
"""

from __future__ import annotations

import warnings
from math import ceil, isfinite, log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap, permutation_test

from palaestra.metrics.bounds import CONFIDENCE, Bounds, Chance, Numbers
from palaestra.metrics.metric import Metric

Indices = NDArray[np.int64]

BATCH, MOST = 200, 10_000_000
"""Resamples computed at a time, of which all together draw so many observations: that bounds the memory."""
DECIMALS = 12
"""Of numbers up to 1; what differs behind them is rounding."""


class Resampled(NamedTuple):
    """What a bootstrap gives: the bounds and the standard error; `same` where it never varied."""

    bounds: Bounds
    error: float | None = None
    same: bool = False


def bca(
    metric: Metric, samples: tuple[Numbers, ...], chance: Chance, *, paired: bool, size: float
) -> Resampled:
    """The interval of the metric of one sample, or of the second's less the first's.

    Args:
        metric: the metric.
        samples: the sums of one run's observations, or of two.
        chance: how often they are resampled.
        paired: whether rows of both belong together.
        size: about how large the numbers are.
    """
    sums = np.concatenate(samples)
    starts = np.cumsum([0, *map(len, samples[:-1])])

    def statistic(*chosen: Indices, axis: int) -> Numbers:
        found = [number(metric, sums, of, axis) for of in chosen]
        return rounded(found[-1] - found[0] if len(found) > 1 else found[0], size)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            tuple(start + np.arange(len(of)) for start, of in zip(starts, samples, strict=True)),
            statistic,
            paired=paired,
            vectorized=True,
            n_resamples=chance.resamples,
            batch=_batch(sums),
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(chance.seed),
        )
    ends = found.confidence_interval
    if np.isnan([ends.low, ends.high, found.standard_error]).any():
        return Resampled(Bounds(), same=bool(np.ptp(found.bootstrap_distribution) == 0))
    return Resampled(Bounds(float(ends.low), float(ends.high)), float(found.standard_error))


def exchanged(
    metric: Metric, first: Numbers, second: Numbers, chance: Chance, *, paired: bool, size: float
) -> float | None:
    """The p-value of exchanging observations of two runs, two-sided; None where some has no number."""
    sums = np.concatenate([first, second])

    def statistic(x: Indices, y: Indices, axis: int) -> Numbers:
        return rounded(number(metric, sums, y, axis) - number(metric, sums, x, axis), size)

    found = permutation_test(
        (np.arange(len(first)), len(first) + np.arange(len(second))),
        statistic,
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=chance.resamples,
        batch=_batch(sums),
        rng=np.random.default_rng(chance.seed),
    )
    return None if np.isnan(found.null_distribution).any() else float(found.pvalue)


def _batch(sums: Numbers) -> int:
    return max(1, min(BATCH, MOST // len(sums)))


def rounded(found: Numbers, size: float) -> Numbers:
    """Numbers of about `size` without their rounding: equal ones are ties, of whichever sums they are."""
    if not isfinite(size):
        return found
    return np.round(found, DECIMALS - max(0, ceil(log10(max(size, 1)))))


def number(metric: Metric, sums: Numbers, chosen: Indices, axis: int) -> Numbers:
    """The metric of the observations `chosen` along `axis`.

    How often each is chosen times its sums, which takes no array of sums for every time that one is.
    """
    drawn = np.moveaxis(chosen, axis, -1)
    rows = drawn.reshape(-1, drawn.shape[-1])
    places = rows + len(sums) * np.arange(len(rows))[:, None]
    times = np.bincount(places.ravel(), minlength=len(rows) * len(sums)).reshape(len(rows), len(sums))
    totals = times.astype(float) @ sums.reshape(len(sums), -1)
    return metric.combine(totals.reshape(*drawn.shape[:-1], *sums.shape[1:]))
