"""Planted biases are found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from palaestra.metrics.pairs.judge_bias import ALL, flip_noise, length_bias, longer_chosen, position_bias
from support.synthetic_pairs import frame, holds, make_pairs, message, pair


def test_position_bias_is_accuracy_read_first_minus_read_second() -> None:
    # Always the first: right each time the chosen is read first, wrong otherwise.
    pairs = frame(
        *(pair(i, [("a", "chosen", True, 0.9), ("a", "rejected", True, 0.9)]) for i in range(30)),
        *(pair(i, [("b", "chosen", True, 0.7), ("b", "rejected", True, 0.3)]) for i in range(30, 60)),
    )
    found = position_bias(pairs)
    assert {judge: round(estimate.value, 9) for judge, estimate in found.items()} == {
        "a": 1,
        "b": 0,
        ALL: 0.5,
    }


def test_only_the_judge_that_favours_the_first_is_blamed() -> None:
    found = position_bias(make_pairs(0, 300, beside=True, position_biased=2))
    assert found["judge 0"].value > 0.3
    assert all(holds(found[f"judge {i}"]) for i in (1, 2, 3))
    assert position_bias(make_pairs(0, 30)) == {}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("truth", [False, True])
def test_only_the_judge_that_favours_length_is_blamed(beside: bool, truth: bool) -> None:
    found, sources = length_bias(make_pairs(0, 400, beside=beside, truth=truth, length_biased=2))
    assert found["judge 0"].value > 0.3
    assert all(holds(found[f"judge {i}"]) for i in (1, 2, 3))
    assert set(sources) == ({"truth"} if truth else {"judges"})


def test_a_taste_for_short_answers_is_negative() -> None:
    assert length_bias(make_pairs(0, 400, length_biased=-2))[0]["judge 0"].value < -0.3


def test_biases_are_unbiased_over_many_faultless_exports() -> None:
    scores = []
    for seed in range(20):
        pairs = make_pairs(seed, 150, beside=True)
        for found in (position_bias(pairs), length_bias(pairs)[0]):
            scores += [(e.centre or 0) / (e.error or 1) for name, e in found.items() if name != ALL]
    assert abs(np.mean(scores)) < 0.3
    assert 0.8 < np.std(scores) < 1.25


def test_a_lone_judge_is_held_against_the_label() -> None:
    rows = [
        pair(
            i,
            [("a", "chosen", False, 7.0), ("a", "rejected", False, 5.0)],
            chosen=message("long " * (1 + i % 2 * 9)),
            rejected=message("mid " * 5),
        )
        for i in range(40)
    ]
    found, sources = length_bias(frame(*rows))
    assert sources == {"label": 40}
    assert found["a"].value == 0


def test_the_longer_answers_share_leaves_equal_lengths_out() -> None:
    lengths = [("aaa", "a"), ("a", "aaa"), ("aaaa", "a"), ("aa", "aa")]
    pairs = frame(*(pair(i, [], chosen=message(a), rejected=message(b)) for i, (a, b) in enumerate(lengths)))
    estimate = longer_chosen(pairs)
    assert estimate is not None
    assert (estimate.value, estimate.n) == (pytest.approx(2 / 3), 3)


def test_noise_is_what_repeats_contradict_and_the_bias_is_cleared_of_it() -> None:
    told = []
    for i in range(40):
        first_wins = [0.9, 0.9, 0.9, 0.1] if i % 2 else [0.9] * 4
        row = pair(i, [("a", of, True, p) for p in first_wins for of in ("chosen", "rejected")])
        for repeat, verdict in enumerate(row["verdicts"]):
            verdict["repeat"] = 1 + repeat // 2
            if verdict["of"] == "rejected":
                verdict["value"] = 0.4
        told.append(row)
    pairs = frame(*told)
    assert flip_noise(pairs) == {"a": pytest.approx(0.125)}  # a quarter of the repeats of half of the pairs
    quiet = pairs.with_columns(
        pl.col("verdicts").list.eval(pl.element().struct.with_fields(pl.lit(1, pl.Int64).alias("repeat")))
    )
    assert position_bias(pairs)["a"].value == pytest.approx(position_bias(quiet)["a"].value / (1 - 2 * 0.125))
