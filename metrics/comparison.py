"""What episodes say of a metric, and of its difference between two runs, with intervals.

Observations are the episodes, or the items of a list that they play again and again, as those alone
are independent of each other (`palaestra.metrics.observations`). Runs of the same seed play the same
casts and items, so their episodes are compared in pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil, comb, log10, sqrt
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import permutation_test
from scipy.stats import t as student

from palaestra.metrics.bounds import (
    LEAST,
    RESAMPLES,
    Bounds,
    Chance,
    Numbers,
    Support,
    bounds,
    quantile,
    support_of,
)
from palaestra.metrics.matching import Indices, Matched, matched
from palaestra.metrics.metric import MEAN, Metric, Tables, Unmeasurable
from palaestra.metrics.observations import LEAST_ITEMS, Sample, items_of, pseudo_values, sample

LEAST_EPISODES = LEAST
"""With fewer episodes there are no intervals."""
POWER = 0.8
BATCH = 200
"""Permutations computed at a time, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Level:
    """A metric over a run's episodes.

    Attributes:
        value: the metric's number; None where it is undefined (a correlation of equal values, say).
        low, high: its 95 % interval, see `palaestra.metrics.bounds`; None without one.
        episodes: how many had an occasion for it.
        items: how many items of a list they played, where some were played more than once: those are
            then what the interval counts. None otherwise.
        note: why there is no value or no interval, or what the interval doesn't tell of; "" otherwise.
    """

    value: float | None
    low: float | None
    high: float | None
    episodes: int
    items: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in one run less the same in a baseline.

    Attributes:
        first, second: the baseline's number and the other run's, over the episodes that count.
        value: second − first; None where either is undefined.
        low, high: its 95 % interval, see `palaestra.metrics.bounds`; of unpaired episodes from those of
            both numbers (Zou and Donner, 2008). None without one.
        p: of a permutation test that the episodes of both runs are alike; None with too few.
        detectable: the smallest true difference that a sample like this would show four times in
            five (two-sided at 5 %); None without an interval.
        episodes: how many of each run count; with pairs, the number of pairs twice. A pair counts
            where both of its episodes had an occasion for the metric.
        items: how many items of a list they played, as for `Level`.
        paired: whether episodes were compared in pairs of one seed, or all those of one item.
        note: as for `Level`.
    """

    first: float | None
    second: float | None
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    detectable: float | None
    episodes: tuple[int, int]
    items: int | None
    paired: bool
    note: str


def level(metric: Metric, tables: Tables, *, resamples: int = RESAMPLES, seed: int = 0) -> Level:
    """The metric over all episodes of a run.

    Raises:
        Unmeasurable: see `Metric.parts`.
    """
    parts = metric.parts(tables)
    episodes, value = len(parts.sums), _number(metric, parts.sums)
    if value is None:
        return Level(None, None, None, episodes, note=UNDEFINED)
    told = sample(parts, items_of(parts, tables))
    side = _side(metric, told, value, Chance(resamples, seed))
    return Level(value, side.bounds.low, side.bounds.high, episodes, told.items, side.note or told.note)


def difference(
    metric: Metric,
    first: Tables,
    second: Tables,
    *,
    resamples: int = RESAMPLES,
    permutations: int = 2000,
    seed: int = 0,
) -> Difference:
    """The metric in the run `second` less that in the baseline `first`.

    Episodes are paired where all of the smaller run's seeds are among the other's, and no run has
    a seed twice (as one with branches has). Runs that play the same items are paired by these.

    Raises:
        Unmeasurable: see `Metric.parts`.
    """
    both = matched(metric, first, second)
    one, two = _number(metric, both.first.sums), _number(metric, both.second.sums)
    if one is None or two is None:
        return Difference(
            one, two, None, None, None, None, None, both.episodes, both.items, both.paired, UNDEFINED
        )
    values, told, chance = (one, two), two - one, Chance(resamples, seed)
    found = _paired(metric, both, told, chance) if both.by_row else _unpaired(metric, both, values, chance)
    p = None if found.untestable else _p(metric, both, values, permutations, seed)
    return _told(both, one, two, told, found, p)


UNDEFINED = "undefined: the values don't vary, or there are too few"
UNSTABLE = "no interval: the number is undefined without one of them"
SAME = "no interval: it is the same in all episodes"
DECIMALS = 12
"""Of numbers up to 1; what differs behind them is rounding."""
NOTHING = 10**-DECIMALS


def levels(
    metrics: Iterable[Metric], tables: Tables, *, resamples: int = RESAMPLES, seed: int = 0
) -> pl.DataFrame:
    """Each metric over all episodes of a run.

    Returns:
        Columns `metric`, `unit`, `value`, `low`, `high`, `episodes`, `items`, `note`; a metric that can't be
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
    resamples: int = RESAMPLES,
    permutations: int = 2000,
    seed: int = 0,
) -> pl.DataFrame:
    """Each metric in the run `second` less that in the baseline `first`.

    Returns:
        Columns `metric`, `unit`, `first`, `second`, `difference`, `low`, `high`, `p`, `detectable`,
        `episodes_first`, `episodes_second`, `items`, `paired` and `note` (why something is missing), see
        `Difference`.
    """
    rows: list[dict[str, object]] = []
    chances = {"resamples": resamples, "permutations": permutations, "seed": seed}
    for metric in metrics:
        row: dict[str, object] = {"metric": metric.name, "unit": metric.unit}
        try:
            told = asdict(difference(metric, first, second, **chances))
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
    "items": pl.Int64,
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
    "items": pl.Int64,
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


class _Side(NamedTuple):
    """An interval of one number, the error that it comes from, and why it is missing."""

    bounds: Bounds
    error: float
    observations: int
    note: str


class _Found(NamedTuple):
    """An interval of a difference; `untestable` where there is nothing to permute."""

    bounds: Bounds
    detectable: float | None = None
    note: str = ""
    untestable: bool = False


def _number(metric: Metric, sums: Numbers) -> float | None:
    value = float(metric.combine(sums.sum(axis=0))) if len(sums) else np.nan
    return None if np.isnan(value) else value


def _support(metric: Metric, observations: Numbers) -> Support:
    if metric.low is None and metric.high is None and metric.statistic is MEAN:
        return support_of(observations)
    return metric.low, metric.high


def _side(metric: Metric, told: Sample, value: float, chance: Chance) -> _Side:
    """The interval of one run's number."""
    n, least = len(told.sums), LEAST_ITEMS if told.items and not told.note else LEAST
    if n < least:
        return _Side(Bounds(), 0.0, n, _too_few(n))
    said = pseudo_values(metric, told.sums)
    if np.isnan(said).any():
        return _Side(Bounds(), 0.0, n, UNSTABLE)
    same = np.ptp(said) < NOTHING * max(1, abs(value))
    if same and value not in (metric.low, metric.high):
        return _Side(Bounds(), 0.0, n, SAME)
    found = bounds(value, said, _support(metric, said), least=least, chance=chance)
    error = float(said.std(ddof=1)) / sqrt(n)
    return _Side(found, error, n, _needs(found, n))


def _paired(metric: Metric, both: Matched, told: float, chance: Chance) -> _Found:
    """The interval of a difference of pairs, from what each pair says the difference is."""
    n, least = len(both.first.sums), LEAST_ITEMS if both.items and not both.note else LEAST
    if n < least:
        return _Found(Bounds(), note=_too_few(n), untestable=True)
    said = pseudo_values(metric, both.second.sums) - pseudo_values(metric, both.first.sums)
    if np.isnan(said).any():
        return _Found(Bounds(), note=UNSTABLE)
    size = max(1.0, float(np.abs(said).max()))
    if np.ptp(said) < NOTHING * size:
        return _Found(Bounds(), note=SAME, untestable=abs(told) < NOTHING * size)
    share = metric.low == 0 and metric.high == 1
    found = bounds(
        told,
        said,
        (-1.0, 1.0) if share else (None, None),
        least=least,
        chance=chance,
    )
    return _Found(found, _detectable(float(said.std(ddof=1)) / sqrt(n), n - 1))


def _unpaired(metric: Metric, both: Matched, values: tuple[float, float], chance: Chance) -> _Found:
    """The interval of a difference from those of both numbers, squares of their arms added."""
    sides = [
        _side(metric, told, value, chance)
        for told, value in zip((both.first, both.second), values, strict=True)
    ]
    note = next((side.note for side in sides if side.note), "")
    fewest = min(side.observations for side in sides)
    constant = all(side.note == SAME for side in sides)
    untestable = fewest < LEAST_ITEMS or (both.items is None and fewest < LEAST)
    ends = [(side.bounds.low, side.bounds.high) for side in sides]
    (low1, high1), (low2, high2) = ends
    if note or low1 is None or high1 is None or low2 is None or high2 is None:
        return _Found(Bounds(), note=note, untestable=untestable or (constant and values[0] == values[1]))
    told = values[1] - values[0]
    found = Bounds(
        told - sqrt((values[1] - low2) ** 2 + (high1 - values[0]) ** 2),
        told + sqrt((high2 - values[1]) ** 2 + (values[0] - low1) ** 2),
    )
    errors = [side.error for side in sides]
    squares = [error**2 for error in errors]
    free = [side.observations - 1 for side in sides]
    if not any(squares):
        return _Found(found)
    degrees = sum(squares) ** 2 / sum(s * s / f for s, f in zip(squares, free, strict=True))
    return _Found(found, _detectable(sqrt(sum(squares)), degrees))


def _told(
    both: Matched, one: float | None, two: float | None, told: float | None, found: _Found, p: float | None
) -> Difference:
    return Difference(
        one,
        two,
        told,
        found.bounds.low,
        found.bounds.high,
        p,
        found.detectable,
        both.episodes,
        both.items,
        both.paired,
        found.note or both.note,
    )


def _detectable(error: float, degrees: float) -> float:
    """The difference that a t-test of this error finds with `POWER`, about."""
    return float(quantile(degrees + 1) + student.ppf(POWER, degrees)) * error


def _needs(found: Bounds, n: int) -> str:
    """Why there is no interval, with the number that it takes; "" where there is one."""
    if found.low is not None:
        return ""
    return f"no interval: of values like these it takes about {max(found.needed or 0, n + 1)}"


def _too_few(n: int) -> str:
    few = "one episode" if n == 1 else f"{n} episodes"
    return f"no interval: {few}, and it takes {LEAST_EPISODES}"


def _rounded(found: Numbers, size: float) -> Numbers:
    """Numbers of about `size` without their rounding: equal ones are ties, of whichever sums they are."""
    return np.round(found, DECIMALS - max(0, ceil(log10(max(size, 1)))))


def _p(
    metric: Metric, both: Matched, values: tuple[float, float], permutations: int, seed: int
) -> float | None:
    """The p-value of exchanging observations, two-sided; None where some has no number."""
    a, b = both.first.sums, both.second.sums
    sums, size = np.concatenate([a, b]), max(map(abs, values))

    def statistic(x: Indices, y: Indices, axis: int) -> Numbers:
        return _rounded(_of(metric, sums, y, axis) - _of(metric, sums, x, axis), size)

    found = permutation_test(
        (np.arange(len(a)), len(a) + np.arange(len(b))),
        statistic,
        permutation_type="samples" if both.by_row else "independent",
        vectorized=True,
        n_resamples=permutations,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    )
    return None if np.isnan(found.null_distribution).any() else float(found.pvalue)


def _of(metric: Metric, sums: Numbers, chosen: Indices, axis: int) -> Numbers:
    """The metric of the observations `chosen` along `axis`.

    How often each is chosen times its sums, which takes no array of sums for every time that one is.
    """
    drawn = np.moveaxis(chosen, axis, -1)
    rows = drawn.reshape(-1, drawn.shape[-1])
    places = rows + len(sums) * np.arange(len(rows))[:, None]
    times = np.bincount(places.ravel(), minlength=len(rows) * len(sums)).reshape(len(rows), len(sums))
    totals = times.astype(float) @ sums.reshape(len(sums), -1)
    return metric.combine(totals.reshape(*drawn.shape[:-1], *sums.shape[1:]))
