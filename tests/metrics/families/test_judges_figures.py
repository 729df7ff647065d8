"""What sways judges, in the panels that the tables allow."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.judges import judge_bias
from palaestra.metrics.metric import Unmeasurable
from support.worked import compared, lines, names, panel, peers, points, subtitle


def test_a_panel_has_means_by_judge_and_by_label_and_scores_by_length() -> None:
    figure = judge_bias(panel())
    by_judge, by_label, by_length = figure.axes
    assert dict(zip(names(by_judge), [x for x, _ in points(by_judge)], strict=True)) == {"Kim": 5, "Lund": 7}
    # By episode: Speaker 1 has 6 and 6, Speaker 2 has 6 and 4.
    assert dict(zip(names(by_label), [x for x, _ in points(by_label)], strict=True)) == {
        "Speaker 1": 6,
        "Speaker 2": 5,
    }
    assert by_judge.get_xlabel() == "mean score given (1–10)"
    # 120 characters against 20, and one point above the mean against one below.
    assert sorted(points(by_length)) == [(-50, -1), (-50, -1), (50, 1), (50, 1)]
    assert lines(by_length)[0] == ([-50, 50], [-1, 1])
    assert by_length.get_title("left") == "+2.00 points per 100 characters"
    assert by_length.get_xlabel() == "length less the mean (characters)"
    assert "lengths of 4 answers" in subtitle(figure)


def test_without_texts_there_is_no_panel_of_lengths() -> None:
    assert len(judge_bias({"score": panel()["score"]}).axes) == 2


def test_scores_by_likelihood_are_in_nats() -> None:
    weighed = {**panel(), "score": panel()["score"].with_columns(basis=pl.lit("log-probability"))}
    by_judge, _, by_length = judge_bias(weighed).axes
    assert by_judge.get_xlabel() == "mean score given (nats a token)"
    assert by_length.get_title("left") == "+2.00 nats a token per 100 characters"


def test_the_order_is_drawn_where_answers_were_compared() -> None:
    (axes,) = judge_bias(compared()).axes
    assert points(axes) == [(pytest.approx(0.2), 0)]
    assert names(axes) == ["Kim"]
    assert axes.get_xlabel() == "gain by being read first (probability)"


def test_peers_have_a_mean_for_others_answers_and_one_for_their_own() -> None:
    (axes,) = judge_bias(peers()).axes
    assert points(axes) == [(3, -0.15), (4, 0.85), (5, 0.15), (4, 1.15)]
    assert axes.get_xlabel() == "mean score given (1–5)"


def test_judges_who_were_not_understood_are_refused() -> None:
    nothing = panel()["score"].with_columns(pl.lit(None, dtype=pl.Float64).alias("score"))
    with pytest.raises(Unmeasurable, match="no judge was understood"):
        judge_bias({"score": nothing})
    with pytest.raises(Unmeasurable, match="no judge was understood"):
        judge_bias({"comparison": compared()["comparison"].filter(pl.col("first") == "A")})
