"""Summaries that any run has: how its episodes came out, and what its calls took."""

from __future__ import annotations

import polars as pl

MOST_VALUES = 8
NOT_OUTCOME = ("episode", "seed", "ended", "steps", "item")
"""Columns of `episodes` that every run has; all others are fields of the outcome."""


def outcome_summary(episodes: pl.DataFrame) -> pl.DataFrame:
    """Each field of the outcome over the ended episodes.

    Args:
        episodes: the `episodes` table.

    Returns:
        Columns `outcome`, `value`, `episodes`: for texts and booleans one row a value with
        the number of episodes that had it, most frequent first, or one row with the number of
        values where there are more than eight; for numbers one row with the mean as text, two
        decimals, over the episodes that have one.
    """
    ended = episodes.filter(pl.col("ended"))
    rows: list[tuple[str, str, int]] = []
    for name in ended.columns:
        column = ended[name].drop_nulls()
        if name in NOT_OUTCOME or column.is_empty():
            continue
        if column.dtype.is_numeric():
            mean = float(column.sum()) / column.len()
            rows.append((name, f"mean {mean:.2f}", column.len()))
        elif column.n_unique() > MOST_VALUES:
            rows.append((name, f"{column.n_unique()} different", column.len()))
        else:
            counts = column.value_counts(sort=True)
            rows += [(name, str(value), count) for value, count in counts.iter_rows()]
    return pl.DataFrame(rows, schema=["outcome", "value", "episodes"], orient="row")


def calls_by_purpose(calls: pl.DataFrame) -> pl.DataFrame:
    """What the calls of each purpose took.

    Args:
        calls: the `calls` table.

    Returns:
        Columns `purpose`, `calls`, `failed` (answers that never parsed, or were refused), `basis` (of
        choices and objects: "probabilities", "samples" without, asked in "words" alone, or how many rest
        on each; "" for texts), `mass` (mean share of the model's probability that the options held, 0–1;
        null where it isn't known), `prompt_tokens` and `output_tokens` (means a call), `cached` (share of
        prompt tokens served from the prefix cache, 0–1; null without prompt tokens), in order of first use.
    """
    answered = ~pl.col("failed") & (pl.col("text") != "")
    choice = answered & pl.col("options").is_not_null()
    kinds = {
        "probabilities": choice & pl.col("probabilities").is_not_null(),
        "samples": choice & pl.col("probabilities").is_null() & ~pl.col("plain"),
        "words": answered & pl.col("plain") & pl.col("probabilities").is_null(),
    }
    known = pl.sum_horizontal(kind.sum() for kind in kinds.values())
    counts = [
        pl.when(kind.sum() == known, known > 0)
        .then(pl.lit(name))
        .when(kind.sum() > 0)
        .then(pl.format(f"{{}} {name}", kind.sum()))
        for name, kind in kinds.items()
    ]
    return calls.group_by("purpose", maintain_order=True).agg(
        pl.len().alias("calls"),
        pl.col("failed").sum(),
        pl.concat_str(counts, separator=", ", ignore_nulls=True).alias("basis"),
        pl.col("mass").mean(),
        pl.col("prompt_tokens").mean(),
        pl.col("output_tokens").mean(),
        pl.when(pl.col("prompt_tokens").sum() > 0)
        .then(pl.col("cached_tokens").sum() / pl.col("prompt_tokens").sum())
        .alias("cached"),
    )
