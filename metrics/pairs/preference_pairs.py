"""What all measures of preference data read of it: its texts, and what each judge preferred.

A frame of pairs has one row for two answers to one prompt, the chosen and the rejected
one, with the verdicts of the judges (the `dpo` columns of an export).
"""

from __future__ import annotations

import polars as pl

SIDES = ("chosen", "rejected")
TIE = 1e-9
"""Scores closer than this are the same: they are means of floats."""


def text(column: str) -> pl.Expr:
    """The contents of a column of messages, a line each."""
    return pl.col(column).list.eval(pl.element().struct.field("content")).list.join("\n")


def answer(side: str) -> pl.Expr:
    """What identifies an answer over the pairs that it is part of."""
    return pl.struct("run", "episode", *(pl.col(f"{side}_{name}").alias(name) for name in ("play", "call")))


def verdicts(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a verdict.

    Returns:
        Columns `pair` (row number), `prompt_id`, and those of a verdict: `judge`,
        `judge_policy`, `criterion`, `repeat`, `weight`, `of`, `beside`, `value`.
    """
    rows = pairs.with_row_index("pair").select("pair", "prompt_id", "verdicts")
    return rows.explode("verdicts", empty_as_null=False, keep_nulls=False).unnest("verdicts")


def preferences(pairs: pl.DataFrame, *, by_repeat: bool = False) -> pl.DataFrame:
    """Which answer of a pair each judge preferred, over criteria by their weights, orders and repeats.

    Args:
        pairs: preference pairs.
        by_repeat: whether a judge's repeats stay apart.

    Returns:
        Columns `pair`, `prompt_id`, `judge`, `judge_policy`, (`repeat`,) `difference` (its mean
        score of the chosen minus the rejected answer; 2p − 1 where it read both) and `prefers`
        (1 the chosen, −1 the rejected, 0 neither). Judges of one of the two answers only have no row.
    """
    key = ["pair", "prompt_id", "judge", "judge_policy", *(["repeat"] if by_repeat else [])]
    alone = ~pl.col("beside")
    means = [_own_mean(pl.col("value"), alone & (pl.col("of") == side)) for side in SIDES]
    return (
        verdicts(pairs)
        .group_by(key, maintain_order=True)
        .agg(
            pl.coalesce(means[0] - means[1], 2 * _own_mean(_beside(), pl.col("beside")) - 1).alias(
                "difference"
            )
        )
        .drop_nulls("difference")
        .with_columns(_sign("difference").alias("prefers"))
    )


def _own_mean(value: pl.Expr, where: pl.Expr) -> pl.Expr:
    """Of one judge's verdicts, by weight; plain where all are 0, as it says something all the same."""
    found, weight = value.filter(where), pl.col("weight").filter(where)
    return pl.when(weight.sum() > 0).then((found * weight).sum() / weight.sum()).otherwise(found.mean())


def panel_sign(pairs: pl.DataFrame) -> pl.Series:
    """What the verdicts together say of each pair: 1 the chosen is better, −1 the rejected, 0 a tie.

    Scores combine as in a panel: Σ w·value / Σ w over all verdicts of an answer read alone;
    over both orders of a judge, criterion and repeat where two were read. Null where there are no
    such verdicts, and where two answers' shares don't sum to 1: these were also compared with
    others, so their own comparison needn't agree with the panel's ranking.
    """
    told = verdicts(pairs)
    sides = [_weighted(pl.col("of") == side) for side in SIDES]
    alone = told.filter(~pl.col("beside")).group_by("pair").agg((sides[0] - sides[1]).alias("alone"))
    both = pl.col("of").n_unique().over("pair", "judge", "criterion", "repeat") == 2
    beside = (
        told.filter("beside")
        .filter(both)
        .with_columns(_beside().alias("value"))
        .group_by("pair")
        .agg((_weighted(pl.col("beside")) - 0.5).alias("beside"))
    )
    two_only = (pl.col("score_chosen") + pl.col("score_rejected") - 1).abs() < 1e-6
    rows = (
        pairs.with_row_index("pair")
        .join(alone, on="pair", how="left", maintain_order="left")
        .join(beside, on="pair", how="left", maintain_order="left")
    )
    difference = pl.coalesce(pl.col("alone").fill_nan(None), pl.when(two_only).then("beside").fill_nan(None))
    return rows.select(difference.alias("panel")).select(_sign("panel")).to_series()


def truth_sign() -> pl.Expr:
    """What a program says of each pair: 1 the chosen is better, −1 the rejected, 0 neither, null unknown."""
    return (pl.col("truth_chosen") - pl.col("truth_rejected")).sign()


def _beside() -> pl.Expr:
    """The probability that the chosen answer is better, in a verdict on both."""
    return pl.when(pl.col("of") == "chosen").then("value").otherwise(1 - pl.col("value"))


def _weighted(which: pl.Expr) -> pl.Expr:
    """Σ w·value / Σ w of these verdicts."""
    value, weight = pl.col("value").filter(which), pl.col("weight").filter(which)
    return (value * weight).sum() / weight.sum()


def _sign(column: str) -> pl.Expr:
    return pl.when(pl.col(column).abs() < TIE).then(0.0).otherwise(pl.col(column).sign()).alias(column)
