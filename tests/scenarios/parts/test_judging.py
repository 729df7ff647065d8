"""Scores: expectations over options, and weighted means over a panel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Reply
from palaestra.scenarios.parts.judging import (
    POINTS,
    Preference,
    Score,
    expected_value,
    judge_weights,
    panel_scores,
    panel_shares,
    points,
    preference,
)
from support.scripted_debates import failure, reply

JUDGES = ["Kim", "Lund", "Mora"]


def score(judge: str, contestant: str, value: float | None, criterion: str = "clarity") -> Score:
    return Score(judge, contestant, "Speaker 1", criterion, value, "failed" if value is None else "sample")


def test_an_expected_value_is_the_sum_of_values_by_their_probabilities() -> None:
    assert expected_value([1, 2, 10], [0.5, 0.25, 0.25]) == 3.5


def test_as_many_probabilities_as_values_are_needed() -> None:
    with pytest.raises(ValueError):
        expected_value([1, 2], [1.0])


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10).filter(lambda weights: sum(weights) > 0.01))
def test_an_expected_score_lies_between_the_lowest_and_the_highest_option(weights: list[float]) -> None:
    probabilities = [weight / sum(weights) for weight in weights]
    value, basis = points(reply("5", probabilities))
    assert value is not None
    assert 1 - 1e-9 <= value <= 10 + 1e-9
    assert basis == "probabilities"


def test_without_probabilities_a_score_is_the_number_chosen() -> None:
    assert points(reply("10")) == (10.0, "sample")


def test_a_failed_answer_has_no_score() -> None:
    assert points(failure("about 5 or so")) == (None, "failed")


def test_points_go_from_one_to_ten() -> None:
    assert POINTS.options == ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10")


def test_a_panels_score_is_the_mean_over_judges_and_criteria() -> None:
    scores = [
        score("Kim", "Ann", 4),
        score("Kim", "Ann", 6, "wit"),
        score("Lund", "Ann", 8),
        score("Kim", "Bo", 3),
    ]
    assert panel_scores(scores) == {"Ann": 6.0, "Bo": 3.0}


def test_a_judge_of_greater_weight_counts_more() -> None:
    scores = [score("Kim", "Ann", 4), score("Lund", "Ann", 8)]
    assert panel_scores(scores, {"Kim": 3, "Lund": 1}) == {"Ann": 5.0}


def test_a_judge_of_no_weight_does_not_count() -> None:
    scores = [score("Kim", "Ann", 4), score("Lund", "Ann", 8), score("Lund", "Bo", 8)]
    assert panel_scores(scores, {"Kim": 1, "Lund": 0}) == {"Ann": 4.0}


def test_failed_scores_are_left_out() -> None:
    scores = [score("Kim", "Ann", None), score("Lund", "Ann", 8), score("Kim", "Bo", None)]
    assert panel_scores(scores) == {"Ann": 8.0}


def test_no_scores_make_no_panel_score() -> None:
    assert panel_scores([]) == {}


@given(
    values=st.lists(st.tuples(st.sampled_from(JUDGES), st.none() | st.floats(1, 10)), min_size=1),
    weights=st.fixed_dictionaries({judge: st.floats(0, 100) for judge in JUDGES}),
)
def test_a_panels_score_lies_between_the_lowest_and_the_highest_that_count(
    values: list[tuple[str, float | None]], weights: dict[str, float]
) -> None:
    counted = [value for judge, value in values if value is not None and weights[judge] > 1e-300]
    found = panel_scores([score(judge, "Ann", value) for judge, value in values], weights)
    if counted and "Ann" in found:
        assert min(counted) - 1e-6 <= found["Ann"] <= max(counted) + 1e-6
    if not any(value is not None and weights[judge] > 0 for judge, value in values):
        assert found == {}


def test_what_a_judges_word_weighs() -> None:
    ratings = {"Kim": 1400.0, "Lund": 1000.0, "Mora": 4.0}
    assert judge_weights("uniform", ratings) == {"Kim": 1, "Lund": 1, "Mora": 1}
    assert judge_weights("sparta", ratings) == {"Kim": 1400, "Lund": 1000, "Mora": 10}
    elo = judge_weights("elo", {"Kim": 1400.0, "Lund": 1000.0})
    assert elo == {"Kim": pytest.approx(10**0.5), "Lund": pytest.approx(10**-0.5)}


def test_a_preference_is_the_probability_that_the_first_is_better() -> None:
    known = Reply(text="second", value="second", probabilities=(0.3, 0.7))
    assert preference(known) == (0.3, "probabilities")
    assert preference(known, "sample") == (0.0, "sample")
    assert preference(Reply(text="", failed=True)) == (None, "failed")


def compared(judge: str, first: str, second: str, better: float | None) -> Preference:
    return Preference(judge, first, second, "clarity", better, "failed" if better is None else "sample")


def test_who_always_takes_the_first_prefers_nobody() -> None:
    told = [compared("Kim", "Ann", "Bo", 1.0), compared("Kim", "Bo", "Ann", 1.0)]
    assert panel_shares(told) == {"Ann": 0.5, "Bo": 0.5}


def test_shares_are_weighted_and_need_both_orders() -> None:
    told = [compared("Kim", "Ann", "Bo", 0.9), compared("Kim", "Bo", "Ann", 0.3)]
    told += [compared("Lund", "Ann", "Bo", 0.0), compared("Lund", "Bo", "Ann", 1.0)]
    told += [compared("Mora", "Ann", "Bo", 0.0), compared("Mora", "Bo", "Ann", None)]
    # Kim gives Ann (0.9 + 0.7) / 2 = 0.8 and weighs three times as much as Lund, who gives her 0.
    shares = panel_shares(told, {"Kim": 3, "Lund": 1, "Mora": 9})
    assert shares == {"Ann": pytest.approx(0.6), "Bo": pytest.approx(0.4)}


def test_every_opponent_counts_alike_and_a_share_among_all_takes_all_opponents() -> None:
    told = [
        compared(judge, *two, better)
        for judges, first, second, p in (
            (("Kim", "Lund", "Mora"), "Ann", "Bo", 0.9),
            (("Kim",), "Ann", "Cem", 0.1),
        )
        for judge in judges
        for two, better in (((first, second), p), ((second, first), 1 - p))
    ]
    shares = panel_shares(told)
    assert shares == {"Ann": pytest.approx(0.5), "Bo": pytest.approx(0.1), "Cem": pytest.approx(0.9)}
    # Whom Bo and Cem were not compared with is missing from what theirs tell.
    assert panel_shares(told, among=["Ann", "Bo", "Cem"]) == {"Ann": pytest.approx(0.5)}
