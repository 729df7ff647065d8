"""Deals and packages as dots at their utilities."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.bargaining import deals, packages
from palaestra.metrics.metric import Unmeasurable
from support.worked import bargain, budget, lines, points, subtitle, words


def test_outcomes_are_dots_at_what_they_are_worth_to_either_party() -> None:
    figure = deals(bargain())
    (axes,) = figure.axes
    assert points(axes) == [(6, 7), (2, 4), (1, 2)]
    assert words(axes) == ["2"], "two deals coincide"
    assert [marks.get_label() for marks in axes.collections] == [
        "Pareto-efficient deal",
        "inefficient deal",
        "no deal",
    ]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("utility to Vera", "utility to Tom")
    assert "4 negotiations, 3 with a deal" in subtitle(figure)


def test_reservations_and_the_largest_joint_surplus_are_lines() -> None:
    vertical, horizontal, frontier = lines(deals(bargain()).axes[0])
    assert vertical[0] == [1, 1]
    assert horizontal[1] == [2, 2]
    assert [x + y for x, y in zip(*frontier, strict=True)] == [13, 13], "reservations 1 + 2 and a zone of 10"


def test_surpluses_are_drawn_where_reservations_differ() -> None:
    tables = bargain()
    own = pl.col("reservation") + pl.col("episode")
    tables["utility"] = tables["utility"].with_columns(own.alias("reservation"))
    (axes,) = deals(tables).axes
    assert points(axes) == [(4, 4), (5, 5), (-1, 0), (-3, -3)]
    assert axes.get_xlabel() == "surplus over no deal (utility) of Vera"
    assert lines(axes)[0][0] == [0, 0]


def test_without_a_common_zone_there_is_no_frontier() -> None:
    tables = bargain()
    tables["episodes"] = tables["episodes"].with_columns(pl.Series("zone", [10.0, 9.0, 10.0, 10.0]))
    assert len(lines(deals(tables).axes[0])) == 2


def test_outcomes_without_utilities_are_refused() -> None:
    tables = bargain()
    tables["utility"] = tables["utility"].clear()
    with pytest.raises(Unmeasurable, match="no negotiation has its parties' utilities"):
        deals(tables)


def test_packages_are_dots_by_total_and_worst_off_and_by_total_and_gini() -> None:
    figure = packages(budget())
    left, right = figure.axes
    assert points(left) == [(40, 5), (60, 8), (50, 6), (80, 9)], "earlier, last, design, best"
    assert points(right) == [(40, 0.2), (60, 0.1), (50, 0.15), (80, 0.05)]
    assert words(left) == words(right) == ["green"]
    assert left.get_ylabel() == "utility of the worst-off stakeholder"
    assert right.get_ylabel() == "Gini index of utilities (0 equal … 1)"


def test_a_mediator_who_gave_no_package_leaves_nothing_to_draw() -> None:
    tables = budget()
    tables["package_proposed"] = tables["package_proposed"].filter(pl.col("total").is_null())
    with pytest.raises(Unmeasurable, match="the mediator gave no package"):
        packages(tables)
