"""Forest plots of metrics and of their differences."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PathCollection

from palaestra.metrics.comparison import DIFFERENCE_COLUMNS, LEVEL_COLUMNS
from palaestra.metrics.metric import Unmeasurable
from palaestra.metrics.plots.levels import difference_forest, forest
from support.worked import lines, names, points, subtitle, words


def measured(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame([(*row, None) for row in rows], schema=LEVEL_COLUMNS, orient="row")


def compared(*rows: tuple[str, float | None, float | None, float | None, float | None]) -> pl.DataFrame:
    """Of metric, difference, low, high and p."""
    known = ("metric", "difference", "low", "high", "p")
    return pl.DataFrame(
        [
            dict.fromkeys(DIFFERENCE_COLUMNS)
            | {"unit": "share", "episodes_first": 12, "episodes_second": 20, "note": "no occasion"}
            | dict(zip(known, row, strict=True))
            for row in rows
        ],
        schema=DIFFERENCE_COLUMNS,
    )


FEW = measured(
    ("deal_rate", "share", 0.5, 0.25, 0.75, 12, None, ""),
    ("joint_surplus", "utility", 1300.0, None, None, 12, None, "no interval: all episodes are the same"),
    ("tie_rate", "share", 0.0, None, None, 12, None, "no interval: all episodes are the same"),
    ("regret", "utility", None, None, None, 0, None, "there is no table 'reference'"),
)


def test_metrics_of_one_unit_share_an_axis_with_dots_intervals_and_numbers() -> None:
    figure = forest(FEW)
    shares, utilities = figure.axes
    assert names(shares) == ["deal rate", "tie rate"]
    assert points(shares) == [(0.5, 0), (0.0, 1)]
    assert lines(shares) == [([0.25, 0.75], [0, 0])]
    assert words(shares) == ["0.50 [0.25, 0.75]", "0.00"]
    assert words(utilities) == ["1300"]
    assert (shares.get_xlabel(), utilities.get_xlabel()) == ("share", "utility")


def test_what_has_no_interval_or_no_value_is_named() -> None:
    told = subtitle(forest(FEW))
    assert "none of: joint surplus, tie rate" in told
    assert "not measurable here: regret" in told


def test_without_any_interval_the_reason_is_told() -> None:
    one = measured(
        ("deal_rate", "share", 1.0, None, None, 1, None, "no interval: one episode, and it takes 10")
    )
    assert subtitle(forest(one)) == "one episode; no intervals (one episode, and it takes 10)"


def test_a_forest_needs_a_value() -> None:
    with pytest.raises(Unmeasurable, match="no table 'reference'"):
        forest(FEW.tail(1))
    with pytest.raises(Unmeasurable, match="there are no metrics"):
        forest(FEW.clear())


def test_differences_have_a_line_at_zero_and_are_filled_where_significant_after_correction() -> None:
    # 0.04 doubled by Holm is 0.08, 0.01 tripled 0.03.
    figure = difference_forest(
        compared(("one", 0.2, 0.1, 0.3, 0.01), ("two", 0.1, 0.01, 0.2, 0.04), ("three", -0.1, -0.3, 0.1, 0.5))
    )
    (axes,) = figure.axes
    (dots,) = [marks for marks in axes.collections if isinstance(marks, PathCollection)]
    white = (1.0, 1.0, 1.0, 1.0)
    faces = np.asarray(dots.get_facecolor())
    assert [tuple(map(float, face)) == white for face in faces] == [
        False,
        True,
        True,
    ]
    assert lines(axes)[-1][0] == [0, 0]
    assert words(axes)[0] == "+0.20 [0.10, 0.30]  p = 0.030"
    assert words(axes)[2] == "−0.10 [−0.30, 0.10]  p = 0.500"
    assert axes.get_xlabel() == "difference, share"
    assert "second run (20 episodes) less the first (12 episodes)" in subtitle(figure)


def test_a_small_number_keeps_two_digits() -> None:
    (axes,) = difference_forest(compared(("one", 0.0012, 0.0002, 0.0022, 0.0))).axes
    assert words(axes) == ["+0.0012 [0.0002, 0.0022]  p < 0.001"]


def test_differences_that_are_all_unknown_are_refused() -> None:
    with pytest.raises(Unmeasurable, match="no occasion"):
        difference_forest(compared(("one", None, None, None, None)))
