"""What is made of two tables is made once for the very same two, and goes when they go."""

from __future__ import annotations

import gc
from weakref import ref

import polars as pl

from palaestra.metrics.remembered import remembered


def test_the_same_two_tables_are_joined_once_and_equal_ones_anew() -> None:
    made: list[int] = []

    @remembered
    def joined(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        made.append(len(one))
        return one.join(other, on="a")

    one, other = pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [2]})
    assert joined(one, other) is joined(one, other)
    assert joined(one, one).height == 2
    assert joined(one, other).equals(joined(one.clone(), other))
    assert len(made) == 4


def test_what_was_made_is_forgotten_with_its_tables() -> None:
    @remembered
    def stacked(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([one, other])

    table = pl.DataFrame({"a": [1]})
    kept = ref(stacked(table, table))
    assert kept() is not None
    del table
    gc.collect()
    assert kept() is None
