"""What is kept of personas, drawn."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.personas import personas
from palaestra.metrics.metric import Unmeasurable
from support.worked import interviewed, lines, subtitle


def test_curves_are_fidelity_and_consistency_over_rounds_and_a_line_is_guessing() -> None:
    figure = personas(interviewed())
    (axes,) = figure.axes
    kept, same, guessing = lines(axes)
    assert (kept[0], same[0]) == ([0.0, 1.0, 2.0], [1.0, 2.0])
    assert kept[1] == pytest.approx([3 / 4, 2 / 3, 1 / 4])
    assert same[1] == pytest.approx([1 / 3, 1 / 2])
    # Of eleven answers six have four options, five have two.
    assert guessing[1][0] == pytest.approx((6 / 4 + 5 / 2) / 11)
    assert "means of one episode, no interval (it takes 10)" in subtitle(figure)


def test_one_interview_without_a_second_has_no_curve_of_what_was_said_first() -> None:
    answered = interviewed()["answered"].filter(pl.col("round") == 0)
    assert len(lines(personas({"answered": answered}).axes[0])) == 2


def test_answers_that_nobody_understood_are_refused() -> None:
    answered = interviewed()["answered"].with_columns(
        pl.lit(None, dtype=pl.String).alias("answer"), pl.lit(None, dtype=pl.Boolean).alias("correct")
    )
    with pytest.raises(Unmeasurable, match="no answer could be parsed"):
        personas({"answered": answered})
