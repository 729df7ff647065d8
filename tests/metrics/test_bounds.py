"""Intervals by the shape of values: worked examples, what is refused, and a slice of their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from palaestra.metrics.bounds import Bounds, Chance, bounds, quantile, support_of
from support.coverage_of_intervals import of_difference, of_items, of_shape, of_strengths

TEN = np.array([2.5, 3.1, 4.7, 5.2, 3.3, 4.1, 2.9, 6.0, 3.8, 4.4])


def ends(found: Bounds) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_shares_have_one_observation_more_at_each_bound() -> None:
    values = np.array([1.0] * 3 + [0.0] * 7)
    more = np.append(values, (0.0, 1.0))  # 4 of 12
    half = t.ppf(0.975, 11) * more.std(ddof=1) / np.sqrt(12)
    low, high = ends(bounds(0.3, values, (0.0, 1.0)))
    assert (low, high) == pytest.approx((max(0.0, 4 / 12 - half), 4 / 12 + half))


def test_what_never_happened_in_ten_episodes_may_happen() -> None:
    low, high = ends(bounds(0.0, np.zeros(10), (0.0, 1.0)))
    assert low == 0
    assert 0.2 < high < 0.35  # three in ten, by the exact interval 0.31


def test_amounts_have_their_longer_arm_upwards() -> None:
    values = np.exp(TEN - 4)
    low, high = ends(bounds(float(values.mean()), values, (0.0, None)))
    relative = quantile(10) * values.std(ddof=1) / np.sqrt(10) / values.mean()
    assert low <= values.mean() / (1 + relative)
    assert high >= values.mean() / (1 - relative)
    assert high - values.mean() > 1.5 * (values.mean() - low)


def test_what_is_at_most_something_mirrors_what_is_at_least() -> None:
    values = np.exp(TEN - 4)
    low, high = ends(bounds(float(values.mean()), values, (0.0, None)))
    assert ends(bounds(-float(values.mean()), -values, (None, 0.0))) == pytest.approx((-high, -low))


def test_an_interval_moves_with_the_values_where_no_bound_is_known() -> None:
    one, other = (ends(bounds(float(v.mean()), v, (None, None))) for v in (TEN - 4, TEN + 96))
    assert other == pytest.approx((one[0] + 100, one[1] + 100))


@pytest.mark.parametrize("sign", [1, -1])
def test_where_no_bound_is_known_it_holds_students_interval_and_that_of_a_bootstrap_t(sign: int) -> None:
    values = sign * (np.exp(TEN - 4) - 2)
    drawn = values[np.random.default_rng(3).integers(10, size=(900, 10))]
    ratios = (drawn.mean(axis=1) - values.mean()) / drawn.std(axis=1, ddof=1)
    first, last = np.quantile(ratios, [0.015, 0.985], method="nearest")
    spread = values.std(ddof=1)
    half = quantile(10) * spread / np.sqrt(10)
    low, high = ends(bounds(float(values.mean()), values, (None, None), chance=Chance(900, 3)))
    resampled = values.mean() - last * spread, values.mean() - first * spread
    assert low == pytest.approx(min(values.mean() - half, resampled[0]))
    assert high == pytest.approx(max(values.mean() + half, resampled[1]))
    assert (resampled[1] > values.mean() + half) if sign == 1 else (resampled[0] < values.mean() - half)


def test_one_prize_in_ten_is_no_sample_of_prizes_and_it_is_said_how_many_are() -> None:
    values = np.array([0.0] * 8 + [1.7, 2.9])
    assert bounds(float(values.mean()), values, (0.0, None)) == Bounds(needed=50)


def test_nine_values_are_too_few() -> None:
    assert bounds(4.0, TEN[:9], (None, None)) == Bounds(needed=10)
    assert bounds(4.0, TEN[:9], (None, None), least=4).low is not None


@pytest.mark.parametrize(
    ("values", "known"),
    [
        ([0, 1, 1], (0.0, 1.0)),
        ([0, 2, 5], (0.0, None)),
        ([0, -2, -5], (None, 0.0)),
        ([1, -1], (None, None)),
    ],
)
def test_values_tell_their_support_where_nobody_else_does(values: list[int], known: object) -> None:
    assert support_of(np.array(values, dtype=float)) == known


@pytest.mark.parametrize(
    "shape",
    [
        "normal",
        "exponential",
        "lognormal",
        "counts, Poisson 1",
        "half ties",
        "0 or 1, 0.3",
    ],
)
def test_ten_episodes_are_enough_for_an_interval_that_holds_the_truth(shape: str) -> None:
    told = of_shape(shape, 10, 200)
    assert told.covers > 0.90  # of 200, where 93 % are promised: 2 standard errors
    assert told.given > 0.75 * told.asked


@pytest.mark.parametrize("paired", [True, False])
def test_a_difference_that_is_none_is_seldom_told(paired: bool) -> None:
    assert of_difference("exponential", 10, 120, paired=paired).covers > 0.89


def test_effects_of_items_do_not_pass_for_differences() -> None:
    levels, differences, found = of_items(6, 20, 60)
    assert min(levels.covers, differences.covers) > 0.86
    assert found < 0.13


def test_strengths_from_few_games_hold_the_true_ones() -> None:
    assert of_strengths(30, 6, 15, duels=True, prior=1.0).covers > 0.90
    assert of_strengths(30, 4, 15, duels=False).covers > 0.86
