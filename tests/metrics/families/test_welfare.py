"""Mutual welfare, on worked tables: fronts, areas, regrets and shares."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.metrics.families.welfare import (
    compared,
    front_hypervolume,
    front_regret,
    llm_welfare,
    nash_welfare,
    pareto_coverage,
    regrets,
    response_correctness,
    selection_agreement,
    selection_kept,
    user_welfare,
    valid_payoffs,
)
from palaestra.metrics.pareto import Point, front, hypervolume, regret
from support.metric_tables import by_episode, number, table

POINTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12)

# Episode 0: the front is (.9, .2), (.6, .5), (.1, .8).
# (.55, .45) lacks .05 to (.6, .5); (.2, .2) lacks .4 to (.6, .5), .6 to (.1, .8), .7 to (.9, .2).
# Episode 1: (.4, .4) is as good as all; of the last answer nobody could tell.
WELFARE = table(
    "episode agent user llm",
    (0, "Ann", 0.9, 0.2),
    (0, "Bo", 0.6, 0.5),
    (0, "Ann", 0.1, 0.8),
    (0, "Ann", 0.55, 0.45),
    (0, "Bo", 0.2, 0.2),
    (1, "Ann", 0.4, 0.4),
    (1, "Bo", 0.1, 0.4),
    (1, "Bo", None, None),
)


def test_a_front_leaves_out_what_another_point_is_as_good_as() -> None:
    assert front([(1, 1), (3, 1), (2, 2), (1, 3), (2, 1), (2, 2)]) == [(3, 1), (2, 2), (1, 3)]
    assert front([]) == []


def test_a_hypervolume_by_hand() -> None:
    # Columns of height 3, 2 and 1, each one wide.
    assert hypervolume([(3, 1), (2, 2), (1, 3), (1, 1)]) == 6
    assert hypervolume([(3, 1), (2, 2)], (1, 1)) == 1
    assert hypervolume([(1, 1)], (2, 0)) == 0
    assert hypervolume([]) == 0


def test_a_regret_is_the_larger_lack_to_the_nearest_of_the_front() -> None:
    best = [(3.0, 1.0), (2.0, 2.0), (1.0, 3.0)]
    assert regret((2, 2), best) == 0
    assert regret((1.5, 1), best) == 1  # to (2, 2); to (3, 1) it is 1.5
    assert regret((4, 4), best) == 0


@given(POINTS)
def test_the_area_counts_the_cells_below_some_point(points: list[Point]) -> None:
    cells = {(x, y) for right, top in points for x in range(int(right)) for y in range(int(top))}
    assert hypervolume(points) == len(cells)


@given(POINTS)
def test_only_points_of_the_front_and_their_equals_have_no_regret(points: list[Point]) -> None:
    best = front(points)
    assert all(
        (regret(point, best) == 0) == any(p[0] <= point[0] and p[1] <= point[1] for p in best)
        for point in points
    )


def test_regrets_are_to_the_joint_front_of_the_episode() -> None:
    assert regrets(WELFARE)["regret"].to_list() == pytest.approx([0, 0, 0, 0.05, 0.4, 0, 0.3])
    assert by_episode(front_regret, welfare=WELFARE) == {0: pytest.approx(0.09), 1: pytest.approx(0.15)}


def test_a_regret_of_at_most_a_twentieth_is_on_the_front() -> None:
    assert by_episode(pareto_coverage, welfare=WELFARE) == {0: 4 / 5, 1: 1 / 2}


def test_the_area_is_that_under_all_agents_answers() -> None:
    # .9 · .2 + .6 · .3 + .1 · .3
    assert by_episode(front_hypervolume, welfare=WELFARE) == {0: pytest.approx(0.39), 1: pytest.approx(0.16)}


def test_worth_to_either_and_to_both() -> None:
    assert by_episode(user_welfare, welfare=WELFARE) == {0: pytest.approx(0.47), 1: pytest.approx(0.25)}
    assert by_episode(llm_welfare, welfare=WELFARE) == {0: pytest.approx(0.43), 1: pytest.approx(0.4)}
    both = table("episode user llm", (0, 0.9, 0.4), (0, 0.5, 0.5), (0, 0.0, 0.7))
    assert number(nash_welfare, welfare=both) == pytest.approx((0.6 + 0.5 + 0) / 3)


def test_agents_are_compared_on_the_front_of_both() -> None:
    rows = {(row["episode"], row["agent"]): row for row in compared(WELFARE).iter_rows(named=True)}
    ann, bo = rows[0, "Ann"], rows[0, "Bo"]
    assert (ann["coverage"], bo["coverage"]) == (1, 0.5)
    assert (ann["regret"], bo["regret"]) == (pytest.approx(0.05 / 3), pytest.approx(0.2))
    # Ann's own: .9 · .2 + .55 · .25 + .1 · .35; Bo's: .6 · .5
    assert (ann["hypervolume"], bo["hypervolume"]) == (pytest.approx(0.3525), pytest.approx(0.3))
    assert bo["nash"] == pytest.approx((0.3**0.5 + 0.2) / 2)
    assert (bo["user"], bo["llm"]) == (pytest.approx(0.4), pytest.approx(0.35))
    assert rows[1, "Bo"]["regret"] == pytest.approx(0.3)
    assert compared(WELFARE.clear()).is_empty()


def test_shares_of_payoff_blocks_and_choices() -> None:
    answer = table(
        "episode valid kept rules_agree",
        (0, True, True, False),
        (0, True, False, True),
        (0, False, None, None),
        (1, True, None, True),
    )
    assert by_episode(valid_payoffs, answer=answer) == {0: pytest.approx(2 / 3), 1: 1}
    assert by_episode(selection_kept, answer=answer) == {0: 0.5}
    assert by_episode(selection_agreement, answer=answer) == {0: 0.5, 1: 1}


def test_correctness_leaves_out_what_nobody_could_tell() -> None:
    correctness = table("episode llm", (0, 1.0), (0, 0.25), (0, None))
    assert number(response_correctness, correctness=correctness) == 0.625


def test_the_order_of_rows_does_not_matter() -> None:
    turned = WELFARE.sample(fraction=1, shuffle=True, seed=1)
    assert isinstance(turned, pl.DataFrame)
    for metric in (front_regret, pareto_coverage, front_hypervolume):
        assert by_episode(metric, welfare=turned) == pytest.approx(by_episode(metric, welfare=WELFARE))
