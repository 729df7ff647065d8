"""Scores before and after, as slopes."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.feedback import rebuttals, revisions
from palaestra.metrics.metric import Unmeasurable
from support.worked import lines, names, observed, points, reviewed, subtitle


def test_a_round_is_a_slope_from_the_drafts_mean_to_the_revisions() -> None:
    figure = revisions(observed())
    left, right = figure.axes
    slopes = [y for _, y in lines(left)]
    assert slopes == [[3.0, 4.0], [5.0, 7.0], [4.0, 5.5]], "two episodes and their mean"
    assert [y for _, y in points(left)] == [4.0, 5.5]
    assert left.get_title("left") == "alignment"
    assert right.get_title("left") == "engagement"
    assert left.get_ylabel() == "observer's score (1–7)"
    assert left.get_xlabel() == "round"
    assert "means of 2 episodes, no interval (it takes 10)" in subtitle(figure)


def test_next_to_nothing_does_not_fill_the_panel() -> None:
    tables = observed()
    tables["observation"] = tables["observation"].with_columns(pl.col("score") / 1000)
    low, high = revisions(tables).axes[0].get_ylim()
    assert high - low == pytest.approx(1)


def test_only_criteria_that_were_asked_twice_are_drawn_of_a_review() -> None:
    (axes,) = rebuttals(reviewed()).axes
    assert axes.get_title("left") == "overall"
    assert [y for _, y in points(axes)] == [5.0, 6.5]
    assert names(axes, "x") == ["before", "after"]
    assert axes.get_ylabel() == "reviewers' score (points)"


def test_scores_of_one_moment_only_are_refused() -> None:
    once = observed()["observation"].filter(pl.col("moment") == "before")
    with pytest.raises(Unmeasurable, match="no answer has a score both before and after"):
        revisions({"observation": once})
