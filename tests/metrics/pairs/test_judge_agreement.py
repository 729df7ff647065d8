"""Agreement of judges on worked pairs and on a textbook's example."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.metrics.intervals import Estimate
from palaestra.metrics.pairs.judge_agreement import (
    judge_agreement,
    krippendorff_alpha,
    label_agreement,
    label_cosine,
    pair_agreement,
    swap_consistency,
    truth_agreement,
)
from palaestra.metrics.pairs.preference_pairs import preferences
from support.synthetic_pairs import flipped, frame, make_pairs, pair


def alone(judge: str, chosen: float, rejected: float) -> list[tuple[str, str, bool, float]]:
    """A judge's scores of both answers."""
    return [(judge, "chosen", False, chosen), (judge, "rejected", False, rejected)]


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_a_judge_prefers_by_the_weights_of_its_criteria_and_says_something_without_any() -> None:
    row = pair(0, alone("a", 7, 6) + alone("a", 1, 9))
    for verdict, weight in zip(row["verdicts"], (3, 3, 1, 1), strict=True):
        verdict["weight"] = float(weight)
    unweighed = pair(1, alone("a", 7, 6))
    for verdict in unweighed["verdicts"]:
        verdict["weight"] = 0.0
    told = preferences(frame(row, unweighed))
    assert told["difference"].to_list() == pytest.approx([(3 * 1 - 8) / 4, 1])


def test_agreement_is_the_share_of_two_judges_who_prefer_the_same_answer() -> None:
    pairs = frame(
        pair(0, alone("a", 7, 3) + alone("b", 6, 5) + alone("c", 2, 9)),  # of 3 twos, 1 agrees
        pair(1, alone("a", 7, 3) + alone("b", 4, 4)),  # a tie agrees half
        pair(2, alone("a", 7, 3)),
    )
    assert pair_agreement(pairs).to_list() == pytest.approx([1 / 3, 0.5, None])
    assert value(judge_agreement(pairs)) == pytest.approx((1 / 3 + 0.5) / 2)


def test_krippendorffs_own_example_has_his_alpha() -> None:
    # Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, twelve units.
    observers = {
        "a": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        "b": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        "c": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        "d": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    }
    rows: list[dict[str, Any]] = []
    for number in range(6):
        told = [
            (judge, side, False, float(score))
            for judge, scores in observers.items()
            for side, score in zip(("chosen", "rejected"), scores[2 * number : 2 * number + 2], strict=True)
            if score is not None
        ]
        rows.append(pair(number, told))
    assert value(krippendorff_alpha(frame(*rows))) == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize("beside", [False, True])
def test_alpha_of_judges_that_say_nothing_is_near_zero_though_labels_follow_them(beside: bool) -> None:
    assert abs(value(krippendorff_alpha(make_pairs(0, 300, beside=beside, spread=0)))) < 0.1
    assert value(krippendorff_alpha(make_pairs(0, 300, beside=beside))) > 0.6


def test_labels_that_follow_the_weighted_verdicts_agree_with_them_and_flipped_ones_do_not() -> None:
    for beside in (False, True):
        pairs = make_pairs(3, 200, beside=beside)
        assert value(label_agreement(pairs)) == 1
        turned = flipped(pairs, 0.1)
        changed = (turned["chosen_call"] != pairs["chosen_call"]).sum()
        assert value(label_agreement(turned)) == pytest.approx(1 - changed / 200)


def test_labels_of_answers_that_were_also_compared_with_others_are_not_held_against_one_comparison() -> None:
    told = [("a", "chosen", True, 0.2), ("a", "rejected", True, 0.8)]
    among_many = pair(0, told, score_chosen=0.6, score_rejected=0.5)
    of_two = pair(1, told, score_chosen=0.8, score_rejected=0.2)
    assert label_agreement(frame(among_many)) is None
    assert value(label_agreement(frame(of_two))) == 0


def test_labels_from_outcomes_or_truth_are_not_held_against_the_panel() -> None:
    row = pair(0, alone("a", 1, 9), basis="truth", truth_chosen=1.0, truth_rejected=0.0)
    assert label_agreement(frame(row)) is None
    assert value(truth_agreement(frame(row))) == 1
    assert truth_agreement(frame(row | {"truth_rejected": 1.0})) is None


def test_the_cosine_is_1_for_equal_gaps_and_negative_for_a_judge_who_contradicts() -> None:
    pairs = frame(*(pair(i, alone("a", 7, 5) + alone("b", 3, 3 + 2 * (i + 1))) for i in range(2)))
    judges = dict(label_cosine(pairs).select("judge", "cosine").iter_rows())
    assert judges["a"] == pytest.approx(1)
    assert judges["b"] == pytest.approx(-6 / (2 * 20) ** 0.5)


def test_swaps_are_consistent_where_the_same_answer_wins_in_both_orders() -> None:
    pairs = frame(
        pair(0, [("a", "chosen", True, 0.9), ("a", "rejected", True, 0.2)]),  # chosen both times
        pair(1, [("a", "chosen", True, 0.9), ("a", "rejected", True, 0.9)]),  # the first both times
        pair(2, [("a", "chosen", True, 0.5), ("a", "rejected", True, 0.5)]),
        pair(3, [("a", "chosen", True, 0.9)]),  # one order only
    )
    consistent, cancelled = swap_consistency(pairs)
    assert value(consistent) == pytest.approx(1 / 3)
    assert value(cancelled) == pytest.approx(2 / 3)
    assert swap_consistency(frame(pair(0, alone("a", 7, 3)))) == (None, None)
