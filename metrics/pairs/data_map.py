"""Where each prompt lies on the map of score means and variances, and how far apart pairs are."""

from __future__ import annotations

import polars as pl

from palaestra.metrics.intervals import Estimate, share
from palaestra.metrics.pairs.preference_pairs import SIDES, TIE

REGIONS = ("high-low", "high-high", "low-low", "low-high")
"""Mean score, then variance."""


def data_map(pairs: pl.DataFrame) -> pl.DataFrame:
    """The Alignment Data Map: mean and variance of the scores of each prompt's responses.

    All answers to the prompt that were scored count, also those in no pair (column `scored`); where a
    row doesn't tell them, the two of the pair. The regions are cut at the medians of μ and σ² over the
    prompts of one unit; a value at the median is low. For two responses σ² = (gap/2)². Published
    advice is to train on "high-low". With judges that compare two answers the scores of a pair sum to
    1, so all μ are the same, and low.

    Returns:
        Columns `prompt_id`, `unit`, `responses`, `mean` (μ), `variance` (σ², of the
        population), `region` (one of `REGIONS`).
    """
    both = [
        pl.struct(
            *(pl.col(f"{side}_{name}").alias(name) for name in ("play", "call")),
            pl.col(f"score_{side}").alias("score"),
        )
        for side in SIDES
    ]
    told = pl.when(pl.col("scored").list.len() > 0).then("scored").otherwise(pl.concat_list(both))
    scores = (
        pairs.select("prompt_id", "unit", "run", "episode", told.alias("scored"))
        .explode("scored", empty_as_null=False, keep_nulls=False)
        .unnest("scored")
        .unique(["prompt_id", "unit", "run", "episode", "play", "call"], maintain_order=True)
    )
    # Rounded, as equal means differ in their last bits and would be parted by their median.
    moments = [
        pl.col("score").mean().round(9).alias("mean"),
        pl.col("score").var(ddof=0).round(9).alias("variance"),
    ]
    high = [
        pl.when(pl.col(name) > pl.col(name).median().over("unit"))
        .then(pl.lit("high"))
        .otherwise(pl.lit("low"))
        for name in ("mean", "variance")
    ]
    return (
        scores.group_by("prompt_id", "unit", maintain_order=True)
        .agg(pl.len().alias("responses"), *moments)
        .with_columns(pl.format("{}-{}", *high).alias("region"))
    )


def margins(pairs: pl.DataFrame) -> pl.DataFrame:
    """Quantiles by unit: columns `unit`, `pairs`, `p05`, `p25`, `median`, `p75`, `p95`."""
    quantiles = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
    margin = pl.col("margin")
    found = [margin.quantile(q, "linear").alias(name) for name, q in quantiles.items()]
    return pairs.group_by("unit").agg(pl.len().alias("pairs"), *found).sort("unit")


def ties(pairs: pl.DataFrame) -> Estimate | None:
    """The share of pairs whose two answers scored the same."""
    return share(pairs["margin"].abs() < TIE, pairs["prompt_id"])


def near_ties(pairs: pl.DataFrame) -> Estimate | None:
    """The share of pairs that can't be told apart.

    Their margin is below its standard error, or where that isn't known, below a tenth of the
    unit's median margin.
    """
    margin = pl.col("margin").abs()
    least = pl.coalesce("margin_se", margin.median().over("unit") / 10)
    near = pairs.select((margin < least) | (margin < TIE)).to_series()
    return share(near, pairs["prompt_id"])
