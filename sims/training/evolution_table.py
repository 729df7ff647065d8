"""What an evolution shows at its end: a table of held-out success, and what it means in a sentence."""

from __future__ import annotations

from typing import Any

import polars as pl

from palaestra.metrics.progress import ALL, progress
from palaestra.sims.training.evolve import Evolution


def table(evolution: Evolution) -> pl.DataFrame:
    """See `palaestra.metrics.progress.progress`."""
    columns = {
        "generation": pl.Int64,
        "policy": pl.String,
        "instruction": pl.String,
        "measurement": pl.Int64,
        "success": pl.Float64,
    }
    return progress(pl.DataFrame(list(evolution.measured()), schema=columns))


def rows(evolution: Evolution) -> list[list[str]]:
    """The table's cells."""
    pairs = evolution.pairs()
    return [
        [
            str(row["generation"]),
            f"{pairs[row['generation']]:,}" if row["generation"] in pairs else "",
            row["policy"],
            f"{row['answers']:,}",
            f"{row['success']:.2f}",
            _interval(row["low"], row["high"]),
            "" if row["gain"] is None else f"{row['gain']:+.2f}",
            _interval(row["gain_low"], row["gain_high"]),
        ]
        for row in table(evolution).iter_rows(named=True)
    ]


def sentence(evolution: Evolution) -> str:
    """Whether the tribe as a whole got better, as far as the last generation's interval can tell."""
    found = table(evolution).filter(pl.col("policy") == ALL).sort("generation")
    last: dict[str, Any] = found.row(-1, named=True)
    if last["generation"] == 0:
        return "No generation was trained."
    if last["gain_low"] is None:
        return "Too few held-out instructions for an interval: nothing can be said about progress."
    if last["gain_low"] > 0:
        return "The tribe got better: the last generation's interval of the gain is above zero."
    if last["gain_high"] < 0:
        return "The tribe got worse: the last generation's interval of the gain is below zero."
    return "No significant change: the last generation's interval of the gain holds zero."


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.2f}–{high:.2f}"
