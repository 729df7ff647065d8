"""Rehearsals: preferences by criterion beside actions by round."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.rehearsal import rehearsals
from palaestra.metrics.metric import Unmeasurable
from support.worked import lines, names, points, rehearsed, subtitle


def test_preferences_by_criterion_and_actions_by_round() -> None:
    figure = rehearsals(rehearsed())
    left, right = figure.axes
    assert names(left) == ["harmlessness", "helpfulness"]
    # Kim (0.75 + 0.75) / 2 and Lund (0.25 + 0.75) / 2; then Kim alone, (0.5 + 0.0) / 2.
    assert [x for x, _ in points(left)] == [0.625, 0.25]
    assert lines(right) == [([0, 1], [1, 3]), ([0, 1], [1, 1])]
    assert "means of one episode, no interval" in subtitle(figure)


def test_without_judges_in_both_orders_nothing_is_drawn() -> None:
    tables = rehearsed()
    tables["preference"] = tables["preference"].filter(pl.col("first") == "draft")
    with pytest.raises(Unmeasurable, match="no judge was understood in both orders"):
        rehearsals(tables)
