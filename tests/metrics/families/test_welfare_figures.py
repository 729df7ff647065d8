"""The plane of worth to the user and to the LLM."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.welfare import welfare_plane
from palaestra.metrics.metric import Unmeasurable
from support.worked import lines, points, subtitle, welfare


def test_answers_are_dots_at_what_they_are_worth_an_agent_a_series() -> None:
    figure = welfare_plane(welfare())
    (axes,) = figure.axes
    assert points(axes) == [(0.75, 0.25), (0.25, 0.5), (0.25, 0.25)]
    assert [marks.get_label() for marks in axes.collections] == ["Ann", "Bo"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("worth to the user (0–1)", "worth to the LLM (0–1)")
    assert "3 answers of 2 episodes" in subtitle(figure)


def test_the_joint_front_is_a_stair_through_the_answers_that_none_dominates() -> None:
    (axes,) = welfare_plane(welfare()).axes
    ((x, y),) = lines(axes)
    assert list(zip(x, y, strict=True))[1:-1] == [(0.25, 0.5), (0.75, 0.25)]
    assert (x[0], y[0]) == (axes.get_xlim()[0], 0.5), "from the left edge at the height of the first"
    assert (x[-1], y[-1]) == (0.75, axes.get_ylim()[0]), "down to the lower edge at the last"
    assert axes.get_lines()[0].get_drawstyle() == "steps-pre"


def test_answers_without_a_known_worth_leave_nothing_to_draw() -> None:
    tables = welfare()
    tables["welfare"] = tables["welfare"].filter(pl.col("user").is_null())
    with pytest.raises(Unmeasurable, match="of no answer the worth is known"):
        welfare_plane(tables)
