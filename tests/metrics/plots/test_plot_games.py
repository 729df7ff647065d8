"""Moves and numbers as dots at their mean probabilities."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.metric import Unmeasurable
from palaestra.metrics.plots.games import picks
from support.worked import lines, names, picked, points, subtitle


def test_options_are_rows_and_players_dots_at_their_mean_probabilities() -> None:
    figure = picks(picked())
    (axes,) = figure.axes
    assert names(axes) == ["left", "right"]
    assert points(axes) == [
        (pytest.approx(0.8), -0.15),
        (pytest.approx(0.2), 0.85),
        (0, 0.15),
        (1, 1.15),
    ]
    assert [marks.get_label() for marks in axes.collections] == ["Ann", "Bo"]
    assert axes.get_xlabel() == "mean probability (0–1)"


def test_a_line_is_where_all_options_are_equally_likely() -> None:
    assert lines(picks(picked()).axes[0])[-1][0] == [0.5, 0.5]


def test_the_subtitle_tells_what_the_distributions_are_from() -> None:
    assert "2 picks from probabilities, 1 from samples" in subtitle(picks(picked()))


def test_options_of_one_position_share_a_row() -> None:
    tables = picked()
    other = pl.when(pl.col("agent") == "Bo").then(pl.lit("up")).otherwise(pl.col("option"))
    tables["probability"] = tables["probability"].with_columns(
        pl.when(pl.col("position") == 0).then(other).otherwise(pl.col("option")).alias("option")
    )
    assert names(picks(tables).axes[0]) == ["left / up", "right"]


def test_a_game_in_which_nobody_moved_is_refused() -> None:
    tables = picked()
    unended = pl.DataFrame({"episode": [7], "ended": [True]})
    with pytest.raises(Unmeasurable, match="nobody picked anything"):
        picks(tables | {"episodes": unended})
