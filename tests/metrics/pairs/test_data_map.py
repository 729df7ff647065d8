"""The data map and the margins on worked pairs."""

from __future__ import annotations

import pytest

from palaestra.metrics.pairs.data_map import data_map, margins, near_ties, ties
from support.synthetic_pairs import frame, make_pairs, pair


def test_regions_are_cut_at_the_medians() -> None:
    scores = [(9.0, 8.0), (9.0, 1.0), (3.0, 2.0), (4.0, 1.0)]
    pairs = frame(*(pair(i, [], score_chosen=a, score_rejected=b) for i, (a, b) in enumerate(scores)))
    rows = data_map(pairs).select("responses", "mean", "variance", "region").rows()
    assert rows == [
        (2, 8.5, 0.25, "high-low"),  # of two responses: (gap / 2)²
        (2, 5.0, 16.0, "high-high"),
        (2, 2.5, 0.25, "low-low"),
        (2, 2.5, 2.25, "low-high"),
    ]


def test_an_answer_in_several_pairs_counts_once() -> None:
    three = [
        pair(0, [], score_chosen=9.0, score_rejected=6.0, chosen_call=0, rejected_call=1),
        pair(0, [], score_chosen=9.0, score_rejected=3.0, chosen_call=0, rejected_call=2),
        pair(0, [], score_chosen=6.0, score_rejected=3.0, chosen_call=1, rejected_call=2),
    ]
    assert data_map(frame(*three)).select("responses", "mean", "variance").rows() == [(3, 6.0, 6.0)]


def test_answers_that_are_in_no_pair_count_too() -> None:
    told = [{"play": 0, "call": call, "score": score} for call, score in enumerate((9.0, 5.0, 5.0, 1.0))]
    best_and_worst = pair(0, [], score_chosen=9.0, score_rejected=1.0, rejected_call=3, scored=told)
    best_and_second = best_and_worst | {"score_rejected": 5.0, "rejected_call": 1}
    for rows in ([best_and_worst], [best_and_worst, best_and_second]):
        found = data_map(frame(*rows)).select("responses", "mean", "variance").rows()
        assert found == [(4, 5.0, 8.0)]  # of the two alone: 5 and 16


def test_answers_of_one_call_in_several_plays_are_several() -> None:
    branched = pair(0, [], chosen_call=7, rejected_call=7, chosen_play=1, rejected_play=2)
    assert data_map(frame(branched))["responses"].to_list() == [2]


def test_with_comparisons_every_mean_is_the_same() -> None:
    regions = data_map(make_pairs(0, 40, beside=True))["region"]
    assert set(regions) == {"low-low", "low-high"}


def test_ties_and_near_ties_are_counted() -> None:
    pairs = frame(
        pair(0, [], margin=0.0),
        pair(1, [], margin=0.05),  # less than a tenth of the median, 0.9
        pair(2, [], margin=1.0, margin_se=1.5),
        *(pair(i, [], margin=0.9) for i in range(3, 8)),
    )
    tied, near = ties(pairs), near_ties(pairs)
    assert tied is not None
    assert near is not None
    assert (tied.value, near.value) == (1 / 8, 3 / 8)
    assert margins(pairs).select("pairs", "median").rows() == [(8, pytest.approx(0.9))]
