"""What episodes say of a metric, and of its difference between two runs, with intervals.

Observations are the episodes, or the items of a list that they play again and again, as those alone
are independent of each other (`palaestra.metrics.observations`). Runs of the same seed play the same
casts and items, so their episodes are compared in pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import comb, isfinite

import numpy as np
import polars as pl

from palaestra.metrics.bounds import (
    LEAST,
    RESAMPLES,
    Bounds,
    Chance,
    Numbers,
)
from palaestra.metrics.estimation import Estimated, against_null, paired, resampled, side_of, unpaired
from palaestra.metrics.matching import Matched, matched
from palaestra.metrics.metric import Metric, Tables, Unmeasurable
from palaestra.metrics.observations import items_of, sample
from palaestra.metrics.resampling import exchanged

SIGNIFICANT = 0.05
"""A p-value below this is a finding, after the correction for all tests."""
LEAST_EPISODES = LEAST
"""With fewer episodes there are no intervals."""
POWER = 0.8
SIGNS = 5000
"""Exchanges of signs, so many that the smallest p-value passes the correction for all tests of a run."""


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
        p: of the value against what it would be without an effect, where the metric says that; else None.
    """

    value: float | None
    low: float | None
    high: float | None
    episodes: int
    items: int | None = None
    note: str = ""
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in one run less the same in a baseline.

    Attributes:
        first, second: the baseline's number and the other run's, over the episodes that count.
        value: second − first; None where either is undefined.
        low, high: its 95 % interval, see `palaestra.metrics.bounds`; of unpaired episodes from those of
            both numbers (Zou and Donner, 2008). None without one.
        p: of a permutation test that the observations of both runs are alike, or where items differ of a
            t-test; None with too few.
        detectable: the smallest true difference that a sample like this would show four times in
            five (two-sided at 5 %); None without an interval, and where no test of so few items can.
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
    if metric.pooled:
        return Level(value, None, None, episodes, note=POOLED)
    told = sample(parts, items_of(parts, tables))
    side = side_of(metric, told, value, Chance(resamples, seed))
    p = against_null(metric, told, Chance(SIGNS, seed))
    return Level(value, side.bounds.low, side.bounds.high, episodes, told.items, side.note or told.note, p)


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
    size = max(map(abs, values))
    if metric.pooled:
        return _told(both, one, two, told, Estimated(Bounds(), note=POOLED), None)
    if not metric.statistic.smooth:
        found = resampled(metric, both, size, chance)
    elif both.by_row:
        found = paired(metric, both, told, chance)
    else:
        found = unpaired(metric, both, values, chance)
    shuffles, sums = Chance(permutations, seed), (both.first.sums, both.second.sums)
    p = found.p
    if p is None and not found.untestable:
        p = exchanged(metric, *sums, shuffles, paired=both.by_row, size=size)
    if both.items and both.by_row and least_p((both.items, both.items), paired=True) >= SIGNIFICANT:
        found = found._replace(detectable=None)  # no exchange of so few can be told from chance
    return _told(both, one, two, told, found, p)


POOLED = "no interval: an episode's number holds what others told, so they aren't independent"
UNDEFINED = "undefined: the values don't vary, or there are too few"


def levels(
    metrics: Iterable[Metric], tables: Tables, *, resamples: int = RESAMPLES, seed: int = 0
) -> pl.DataFrame:
    """Each metric over all episodes of a run.

    Returns:
        Columns `metric`, `unit`, `value`, `low`, `high`, `episodes`, `items`, `note`, `p`, `p_corrected` (for
        the number of all these metrics that have a p, by Holm); a metric that can't be measured has a `note`
        that says why.
    """
    rows = []
    for metric in metrics:
        try:
            told = asdict(level(metric, tables, resamples=resamples, seed=seed))
        except Unmeasurable as reason:
            told = {"episodes": 0, "note": str(reason)}
        rows.append({"metric": metric.name, "unit": metric.unit, **told})
    found = pl.DataFrame(rows, schema=LEVEL_COLUMNS)
    return found.with_columns(pl.Series("p_corrected", holm(found["p"].to_list()), dtype=pl.Float64))


def findings(found: pl.DataFrame) -> str:
    """Which of these `levels` differ from what they would be without an effect; "" where none could."""
    tested = found.drop_nulls("p")
    if tested.is_empty():
        return ""
    shown = tested.filter(pl.col("p_corrected") < SIGNIFICANT)["metric"].to_list()
    tests = f"{len(tested)} test{'s' if len(tested) > 1 else ''}"
    return (
        f"Differs from what there would be without an effect (p < {SIGNIFICANT}, corrected for {tests} by "
        f"Holm): {', '.join(shown) or 'nothing'}."
    )


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
    "p": pl.Float64,
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


def _number(metric: Metric, sums: Numbers) -> float | None:
    value = float(metric.combine(sums.sum(axis=0))) if len(sums) else np.nan
    return value if isfinite(value) else None


def _told(
    both: Matched, one: float | None, two: float | None, told: float | None, found: Estimated, p: float | None
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
