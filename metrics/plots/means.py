"""Means over episodes with the intervals that figures show, and the words that say what they are.

Episodes are what is independent, so each counts as one observation: the mean of what it holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from palaestra.metrics.bounds import ROUNDING, Bounds, Numbers, Support, bounds, support_of
from palaestra.metrics.comparison import LEAST_EPISODES


def means(rows: pl.DataFrame, by: Sequence[str], *, support: Support = (None, None)) -> pl.DataFrame:
    """The mean of the episodes' means of `value`, with its 95 % interval.

    Args:
        rows: `episode`, `value` and the columns `by`; null and NaN values don't count.
        by: of which values there is a mean each.
        support: least and largest value there can be.

    Returns:
        The columns `by` (sorted), `mean`, `low`, `high` and `episodes`; the interval is null with
        fewer than `LEAST_EPISODES` episodes, and where all of them have the same value.
    """
    value = pl.col("value").cast(pl.Float64).fill_nan(None)
    each = rows.with_columns(value).drop_nulls("value").group_by("episode", *by).agg(pl.col("value").mean())
    found = (
        each.sort("episode")
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("value").mean().alias("mean"), pl.col("value").alias("values"), pl.len().alias("episodes")
        )
        .sort(by)
    )
    ends = [_interval(np.array(values), support) for values in found["values"].to_list()]
    return found.select(
        *by,
        "mean",
        pl.Series("low", [end.low for end in ends], dtype=pl.Float64),
        pl.Series("high", [end.high for end in ends], dtype=pl.Float64),
        "episodes",
    )


def _interval(values: Numbers, support: Support) -> Bounds:
    if len(values) < LEAST_EPISODES or np.ptp(values) < ROUNDING:
        return Bounds()
    return bounds(float(values.mean()), values, support if support != (None, None) else support_of(values))


def counted(number: int, thing: str, things: str = "") -> str:
    """A count in words: "one episode", "12 episodes"; `things` is a plural that isn't `thing` and s."""
    return f"one {thing}" if number == 1 else f"{number} {things or thing + 's'}"


def told(found: pl.DataFrame, shown: str) -> str:
    """What the intervals of `means` are of, for a subtitle.

    Args:
        found: what `means` gave, not empty.
        shown: what the intervals are drawn as, such as "bands".
    """
    fewest, most = min(found["episodes"].to_list()), max(found["episodes"].to_list())
    episodes = counted(most, "episode") if fewest == most else f"{fewest} to {most} episodes"
    if most < LEAST_EPISODES:
        return f"means of {episodes}, no interval (it takes {LEAST_EPISODES})"
    where = f", from {LEAST_EPISODES} episodes on" if fewest < LEAST_EPISODES else ""
    return f"means of {episodes}; {shown}: 95 % intervals{where}"
