"""Moves and numbers as dots at their mean probabilities."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.games import picks
from palaestra.metrics.metric import Unmeasurable
from support.metric_tables import table
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


def test_players_of_differently_many_options_have_a_line_each() -> None:
    tables = picked()
    third = table("episode agent option position probability", *((e, "Bo", "down", 2, 0.0) for e in (0, 1)))
    tables["probability"] = pl.concat([tables["probability"], third.filter(pl.col("episode") == 0)])
    figure = picks(tables)
    assert [x for x, _ in lines(figure.axes[0])[-2:]] == [[0.5, 0.5], [1 / 3, 1 / 3]]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels.count("equally likely") == 1


def test_twelve_players_and_thirty_options_are_all_drawn() -> None:
    players, options = [f"p{n:02}" for n in range(12)], range(30)
    rows = [(0, name, str(k), k, 1 / 30) for name in players for k in options]
    probability = table("episode agent option position probability", *rows)
    pick = table("episode agent round basis", *((0, name, 1, "probabilities") for name in players))
    (axes,) = picks({"probability": probability, "pick": pick}).axes
    assert names(axes) == [str(k) for k in options]
    assert [marks.get_label() for marks in axes.collections] == players
    assert len(set(points(axes))) == 12 * 30


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
