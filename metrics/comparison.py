"""What episodes say of a metric, and of its difference between two runs, with intervals.

Episodes are what is resampled, since they alone are independent of each other. Runs of the same
seed play the same casts and topics, so their episodes are compared in pairs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil, comb, log10
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap, permutation_test

from palaestra.metrics.intervals import Numbers
from palaestra.metrics.metric import Metric, Parts, Tables, Unmeasurable

Indices = NDArray[np.int64]

LEAST_EPISODES = 10
"""With fewer episodes, resampled intervals are much too narrow and are not given."""
CONFIDENCE = 0.95
POWER = 0.8
BATCH = 200
"""Resamples computed at a time, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Level:
    """A metric over a run's episodes.

    Attributes:
        value: the metric's number; None where it is undefined (a correlation of equal values, say).
        low, high: its 95 % bootstrap interval (BCa, over episodes); None without one.
        episodes: how many had an occasion for it.
        note: why there is no value or no interval; "" otherwise.
    """

    value: float | None
    low: float | None
    high: float | None
    episodes: int
    note: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in one run less the same in a baseline.

    Attributes:
        first, second: the baseline's number and the other run's, over the episodes that count.
        value: second − first; None where either is undefined.
        low, high: its 95 % bootstrap interval (BCa, over episodes); None without one.
        p: of a permutation test that the episodes of both runs are alike; None with too few.
        detectable: the smallest true difference that a sample like this would show four times in
            five (two-sided at 5 %); None without an interval.
        episodes: how many of each run count; with pairs, the number of pairs twice. A pair counts
            where both of its episodes had an occasion for the metric.
        paired: whether episodes were compared in pairs of one seed.
        note: why there is no value or no interval; "" otherwise.
    """

    first: float | None
    second: float | None
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    detectable: float | None
    episodes: tuple[int, int]
    paired: bool
    note: str


def level(metric: Metric, tables: Tables, *, resamples: int = 2000, seed: int = 0) -> Level:
    """The metric over all episodes of a run.

    Raises:
        Unmeasurable: see `Metric.parts`.
    """
    sums = metric.parts(tables).sums
    value = _number(metric, sums)
    if value is None:
        return Level(None, None, None, len(sums), UNDEFINED)
    if note := _too_few(sums) or _alike(sums):
        return Level(value, None, None, len(sums), note)

    def statistic(chosen: Indices, axis: int) -> Numbers:
        return _rounded(_of(metric, sums, chosen, axis), abs(value))

    found = _bootstrap((np.arange(len(sums)),), statistic, False, resamples, seed)
    return Level(value, found.low, found.high, len(sums), found.note)


def difference(
    metric: Metric,
    first: Tables,
    second: Tables,
    *,
    resamples: int = 2000,
    permutations: int = 2000,
    seed: int = 0,
) -> Difference:
    """The metric in the run `second` less that in the baseline `first`.

    Episodes are paired where all of the smaller run's seeds are among the other's, and no run has
    a seed twice (as one with branches has).

    Raises:
        Unmeasurable: see `Metric.parts`.
    """
    one, two = _parts(metric, first, "the baseline"), _parts(metric, second, "the other run")
    pairs = _pairs(one, two, first, second)
    paired = pairs is not None
    a, b = _padded(*(pairs or (one.sums, two.sums)))
    values, counts = (_number(metric, a), _number(metric, b)), (len(a), len(b))
    if values[0] is None or values[1] is None:
        return Difference(*values, None, None, None, None, None, counts, paired, UNDEFINED)
    told, size = values[1] - values[0], max(abs(values[0]), abs(values[1]))
    varying = (b - a,) if paired else (a, b)
    note = _too_few(*varying) or (_alike(*varying) if abs(told) < NOTHING else "")
    if note:
        return Difference(*values, told, None, None, None, None, counts, paired, note)
    both = np.concatenate([a, b])
    samples = np.arange(len(a)), len(a) + np.arange(len(b))

    def statistic(x: Indices, y: Indices, axis: int) -> Numbers:
        return _rounded(_of(metric, both, y, axis) - _of(metric, both, x, axis), size)

    p = _permutation(samples, statistic, paired, permutations, seed)
    if note := _alike(*varying):
        return Difference(*values, told, None, None, p, None, counts, paired, note)
    found = _bootstrap(samples, statistic, paired, resamples, seed)
    if found.error is None:
        return Difference(*values, told, None, None, p, None, counts, paired, found.note)
    normal = NormalDist()
    detectable = (normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)) * found.error
    return Difference(*values, told, found.low, found.high, p, detectable, counts, paired, "")


UNDEFINED = "undefined: the values don't vary, or there are too few"
UNSTABLE = "no interval: the number is undefined in some samples of these episodes"
SAME = "no interval: it is the same in all episodes"
DECIMALS = 12
"""Of numbers up to 1; what differs behind them is rounding."""
NOTHING = 10**-DECIMALS


def levels(
    metrics: Iterable[Metric], tables: Tables, *, resamples: int = 2000, seed: int = 0
) -> pl.DataFrame:
    """Each metric over all episodes of a run.

    Returns:
        Columns `metric`, `unit`, `value`, `low`, `high`, `episodes`, `note`; a metric that can't be
        measured has a `note` that says why.
    """
    rows = []
    for metric in metrics:
        try:
            told = asdict(level(metric, tables, resamples=resamples, seed=seed))
        except Unmeasurable as reason:
            told = {"episodes": 0, "note": str(reason)}
        rows.append({"metric": metric.name, "unit": metric.unit, **told})
    return pl.DataFrame(rows, schema=LEVEL_COLUMNS)


def differences(
    metrics: Iterable[Metric],
    first: Tables,
    second: Tables,
    *,
    resamples: int = 2000,
    permutations: int = 2000,
    seed: int = 0,
) -> pl.DataFrame:
    """Each metric in the run `second` less that in the baseline `first`.

    Returns:
        Columns `metric`, `unit`, `first`, `second`, `difference`, `low`, `high`, `p`, `detectable`,
        `episodes_first`, `episodes_second`, `paired` and `note` (why something is missing), see
        `Difference`.
    """
    rows: list[dict[str, object]] = []
    for metric in metrics:
        row: dict[str, object] = {"metric": metric.name, "unit": metric.unit}
        try:
            told = asdict(
                difference(metric, first, second, resamples=resamples, permutations=permutations, seed=seed)
            )
        except Unmeasurable as reason:
            rows.append({**row, "note": str(reason)})
            continue
        row["difference"] = told.pop("value")
        row["episodes_first"], row["episodes_second"] = told.pop("episodes")
        rows.append({**row, **told})
    return pl.DataFrame(rows, schema=DIFFERENCE_COLUMNS)


LEVEL_COLUMNS: dict[str, type[pl.DataType]] = {
    "metric": pl.String,
    "unit": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "episodes": pl.Int64,
    "note": pl.String,
}
DIFFERENCE_COLUMNS: dict[str, type[pl.DataType]] = {
    "metric": pl.String,
    "unit": pl.String,
    "first": pl.Float64,
    "second": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "detectable": pl.Float64,
    "episodes_first": pl.Int64,
    "episodes_second": pl.Int64,
    "paired": pl.Boolean,
    "note": pl.String,
}


def least_p(episodes: tuple[int, int], paired: bool) -> float:
    """The smallest two-sided p-value that exchanging so many episodes can give."""
    ways = 2 ** episodes[0] if paired else comb(sum(episodes), episodes[0])
    return min(1.0, 2 / ways)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values corrected for their number (Holm, Scand. J. Statist. 6, 1979); None stays None."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        corrected[i] = largest
    return corrected


def _pairs(one: Parts, two: Parts, first: Tables, second: Tables) -> tuple[Numbers, Numbers] | None:
    """The sums of both that share an episode seed, in one order; None where the runs' seeds differ."""
    seeds = [tables["episodes"].select("episode", "seed") for tables in (first, second)]
    shared = len(seeds[0].join(seeds[1], on="seed"))
    if not shared or shared < min(map(len, seeds)) or any(by["seed"].is_duplicated().any() for by in seeds):
        return None
    seed_of = [dict(by.iter_rows()) for by in seeds]
    rows = [
        {known[episode]: row for row, episode in enumerate(parts.episodes.tolist()) if episode in known}
        for parts, known in zip((one, two), seed_of, strict=True)
    ]
    both = sorted(rows[0].keys() & rows[1].keys())
    return one.sums[[rows[0][seed] for seed in both]], two.sums[[rows[1][seed] for seed in both]]


def _parts(metric: Metric, tables: Tables, whose: str) -> Parts:
    try:
        return metric.parts(tables)
    except Unmeasurable as reason:
        if type(reason) is not Unmeasurable:  # a fault of the metric's code is the fault of no run
            raise
        raise Unmeasurable(f"{reason}, in {whose}") from reason


def _padded(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """Both with arrays of the size of the larger, by zeros at the end."""
    lengths = np.maximum(a.shape[1:], b.shape[1:])
    first, second = (
        np.pad(sums, [(0, 0), *((0, more) for more in lengths - sums.shape[1:])]) for sums in (a, b)
    )
    return first, second


def _number(metric: Metric, sums: Numbers) -> float | None:
    value = float(metric.combine(sums.sum(axis=0))) if len(sums) else np.nan
    return None if np.isnan(value) else value


def _of(metric: Metric, sums: Numbers, chosen: Indices, axis: int) -> Numbers:
    """The metric of the episodes `chosen` along `axis`.

    How often each is chosen times its sums, which takes no array of sums for every time that one is.
    """
    drawn = np.moveaxis(chosen, axis, -1)
    rows = drawn.reshape(-1, drawn.shape[-1])
    places = rows + len(sums) * np.arange(len(rows))[:, None]
    times = np.bincount(places.ravel(), minlength=len(rows) * len(sums)).reshape(len(rows), len(sums))
    totals = times.astype(float) @ sums.reshape(len(sums), -1)
    return metric.combine(totals.reshape(*drawn.shape[:-1], *sums.shape[1:]))


def _too_few(*samples: Numbers) -> str:
    """Why samples of episodes give no interval: they are too small; "" where they aren't."""
    fewest = min(map(len, samples))
    if fewest < LEAST_EPISODES:
        few = "one episode" if fewest == 1 else f"{fewest} episodes"
        return f"no interval: {few}, and it takes {LEAST_EPISODES}"
    return ""


def _alike(*samples: Numbers) -> str:
    """Why samples of episodes give no interval: nothing varies in them; "" where something does."""
    same = all(np.ptp(sums, axis=0).max() < NOTHING for sums in samples)
    return SAME if same else ""


def _rounded(found: Numbers, size: float) -> Numbers:
    """Numbers of about `size` without their rounding: equal ones are ties, of whichever sums they are."""
    return np.round(found, DECIMALS - max(0, ceil(log10(max(size, 1)))))


class _Resampled(NamedTuple):
    """What a bootstrap gives: the bounds and the standard error, or why there are none."""

    low: float | None
    high: float | None
    error: float | None
    note: str


def _permutation(
    samples: tuple[Indices, ...], statistic: object, paired: bool, resamples: int, seed: int
) -> float | None:
    """The p-value, two-sided; None where the statistic is undefined in some permutation."""
    found = permutation_test(
        samples,
        statistic,
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=resamples,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    )
    return None if np.isnan(found.null_distribution).any() else float(found.pvalue)


def _bootstrap(
    samples: tuple[Indices, ...], statistic: object, paired: bool, resamples: int, seed: int
) -> _Resampled:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            samples,
            statistic,
            paired=paired,
            vectorized=True,
            n_resamples=resamples,
            batch=BATCH,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    bounds = found.confidence_interval
    if np.isnan([bounds.low, bounds.high, found.standard_error]).any():
        same = np.ptp(found.bootstrap_distribution) == 0
        return _Resampled(None, None, None, SAME if same else UNSTABLE)
    return _Resampled(float(bounds.low), float(bounds.high), float(found.standard_error), "")
