"""Willingness as slopes, and right guesses as dots."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.persuasion import APART, persuasion
from palaestra.metrics.metric import Unmeasurable
from support.worked import lines, names, persuaded, points, repeated, subtitle


def test_willingness_is_a_slope_from_before_to_after_of_episodes_that_told_both() -> None:
    left, _ = persuasion(persuaded()).axes
    assert [y for _, y in lines(left)] == [[2.0, 5.0], [4.0, 4.0], [3.0, 4.5]], "two episodes and their mean"
    assert names(left, "x") == ["before", "after"]
    assert left.get_ylabel() == "willingness (1–7)"


def test_guesses_are_dots_by_what_was_guessed_and_when() -> None:
    figure = persuasion(persuaded())
    _, right = figure.axes
    assert names(right) == ["preventive belief", "generative desire"]
    assert points(right) == [
        (0.0, -APART),  # before the talk
        (0.0, 1.0),  # uncorrected; the guess after an earlier correction is not among them
        (0.5, 0.0),
        (1.0, 1 + APART),  # after a correction
    ]
    assert [marks.get_label() for marks in right.collections] == [
        "before the talk",
        "uncorrected",
        "after a correction",
    ]
    assert "dotted: chance" in subtitle(figure)


def test_guesses_that_are_not_drawn_are_told() -> None:
    assert "not drawn: one guess after an earlier correction" in subtitle(persuasion(persuaded()))
    tables = persuaded()
    tables["guess"] = tables["guess"].filter(~((pl.col("moment") == "before") & pl.col("corrected")))
    assert "not drawn" not in subtitle(persuasion(tables))


def test_the_dotted_line_is_chance() -> None:
    _, right = persuasion(persuaded()).axes
    assert lines(right)[-1][0] == [0.25, 0.25]


def test_moments_that_nobody_guessed_at_are_left_out() -> None:
    tables = persuaded()
    tables["guess"] = tables["guess"].filter(pl.col("moment") != "after")
    _, right = persuasion(tables).axes
    assert [marks.get_label() for marks in right.collections] == ["before the talk", "uncorrected"]


def test_from_ten_episodes_on_there_are_intervals_that_stay_on_their_scales() -> None:
    one = {name: rows.filter(pl.col("episode") == 0) for name, rows in persuaded().items()}
    tables = {name: repeated(rows, 12) for name, rows in one.items()}
    moved = pl.col("willingness") + pl.col("episode") / 6
    tables["willingness"] = tables["willingness"].with_columns(moved)
    figure = persuasion(tables)
    upright = [(x, y) for x, y in lines(figure.axes[0]) if x[0] == x[1]]
    assert [x for x, _ in upright] == [[0, 0], [1, 1]]
    assert all(1 <= low < high <= 7 for _, (low, high) in upright)
    assert "means of 12 episodes; bars: 95 % intervals" in subtitle(figure)


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("guess", "correct", "no guess could be understood"),
        ("willingness", "willingness", "no episode has willingness both before and after"),
    ],
)
def test_what_nobody_told_is_refused(table: str, column: str, words: str) -> None:
    tables = persuaded()
    tables[table] = tables[table].with_columns(pl.lit(None).alias(column))
    with pytest.raises(Unmeasurable, match=words):
        persuasion(tables)
