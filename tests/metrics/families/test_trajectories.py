"""What judges say who compare whole episodes, worked by hand."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.trajectories import (
    place_preference,
    relative_agreement,
    relative_spread,
    trajectory_shares,
)
from palaestra.metrics.metric import Unmeasurable
from support.metric_tables import by_episode, number, table
from support.worked import names, points

SCORES = table(
    "episode judge trajectory place score",
    (0, "Kim", "a", 1, 8.0),
    (0, "Kim", "b", 2, 4.0),
    (0, "Kim", "b", 1, 6.0),
    (0, "Kim", "a", 2, 6.0),
    (0, "Lund", "a", 1, 7.0),
    (0, "Lund", "b", 1, 5.0),
    (0, "Lund", "b", 2, None),
)
STANDINGS = table(
    "episode trajectory author score share",
    (0, "a", "one", 7.0, 0.75),
    (0, "b", "two", 4.5, 0.25),
    (1, "c", "one", 5.0, 0.5),
    (1, "d", "two", 5.0, 0.5),
    (1, "e", "two", None, None),
)


def test_a_judge_who_scores_what_it_reads_first_two_points_higher_has_a_correlation_of_minus_one() -> None:
    assert number(place_preference, relative_score=SCORES) == pytest.approx(-1)


def test_the_spread_is_the_best_less_the_worst_of_a_group() -> None:
    assert by_episode(relative_spread, trajectory=STANDINGS) == {0: 2.5, 1: 0.0}


def test_judges_agree_whose_means_of_each_trajectory_are_the_same() -> None:
    assert number(relative_agreement, relative_score=SCORES) == 1
    alone = SCORES.filter(pl.col("judge") == "Kim")
    with pytest.raises(Unmeasurable):
        relative_agreement.parts({"relative_score": alone})


def test_shares_are_drawn_by_author() -> None:
    (axes,) = trajectory_shares({"trajectory": STANDINGS}).axes
    found = dict(zip(names(axes), [x for x, _ in points(axes)], strict=True))
    assert found == {"one": pytest.approx(0.625), "two": pytest.approx(0.375)}
    with pytest.raises(Unmeasurable, match="no judge was understood"):
        trajectory_shares({"trajectory": STANDINGS.with_columns(share=pl.lit(None, dtype=pl.Float64))})
