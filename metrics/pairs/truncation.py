"""Answers that were cut at their token limit: what a judge read of them is not what was meant."""

from __future__ import annotations

import polars as pl

from palaestra.metrics.pairs.preference_pairs import SIDES


def is_cut(pairs: pl.DataFrame, side: str) -> pl.Series:
    """Whether each pair's answer on this side ended at its limit; not where how it ended isn't known."""
    return (pairs[f"{side}_finish"] == "length").fill_null(value=False).rename("cut")


def holds_cut(pairs: pl.DataFrame) -> pl.Series:
    """Whether either answer of each pair ended at its limit."""
    chosen, rejected = (is_cut(pairs, side) for side in SIDES)
    return chosen | rejected
