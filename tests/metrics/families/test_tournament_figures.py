"""Ratings match by match, and the win matrix, of a tournament of two matches."""

from __future__ import annotations

import numpy as np
import pytest

from palaestra.metrics.families.tournament import ratings, wins
from palaestra.metrics.metric import Unmeasurable
from support.metric_tables import table
from support.worked import lines, names, subtitle, tournament, words


def test_a_fighter_keeps_its_rating_while_others_meet() -> None:
    figure = ratings(tournament())
    (axes,) = figure.axes
    paths = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.get_lines()}
    assert paths == {"A": [100, 110, 108], "C": [100, 100, 102], "B": [100, 90, 90]}
    assert list(paths) == ["A", "C", "B"], "the best at last comes first"
    assert lines(axes)[0][0] == [0, 1, 2]
    assert axes.get_xlabel() == "matches played in the tournament"
    assert axes.get_ylabel() == "rating (points)"
    assert "means of one episode, no interval" in subtitle(figure)


def test_fighters_differ_in_colour_line_and_marker() -> None:
    looks = [
        (line.get_color(), line.get_linestyle(), line.get_marker())
        for line in ratings(tournament()).axes[0].get_lines()
    ]
    assert all(len(set(kind)) == 3 for kind in zip(*looks, strict=True))


def test_cells_hold_the_share_won_with_ties_as_halves_and_stay_empty_without_matches() -> None:
    figure = wins(tournament())
    axes, bar = figure.axes
    assert names(axes) == names(axes, "x") == ["A", "C", "B"]
    (image,) = axes.get_images()
    assert np.ma.asarray(image.get_array()).tolist() == [
        [None, 0.5, 1.0],
        [0.5, None, None],
        [0.0, None, None],
    ]
    written = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert written == {(1, 0): "0.50", (2, 0): "1.00", (0, 1): "0.50", (0, 2): "0.00"}
    assert bar.get_ylabel() == "share of matches won (0–1)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("against", "fighter")
    assert subtitle(figure).startswith("2 decided matches of one episode")


def test_matches_that_nobody_decided_are_refused() -> None:
    undecided = table("episode first second margin", (0, "A", "B", None))
    with pytest.raises(Unmeasurable, match="no match was decided"):
        wins({"match": undecided.with_columns(undecided["margin"].cast(float))})
    assert words(wins(tournament()).axes[0])
