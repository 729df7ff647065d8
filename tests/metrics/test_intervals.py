"""Intervals against worked values, scikit-learn's areas, and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from palaestra.metrics.intervals import auc, difference, mean, share


def test_a_share_of_independent_values_has_wilsons_interval() -> None:
    estimate = share([1] * 8 + [0] * 2, range(10))
    assert estimate is not None
    assert estimate.value == 0.8
    # Wilson's score interval of 8 in 10, from his formula.
    assert estimate.interval(0.95) == pytest.approx((0.490, 0.943), abs=0.02)


def test_five_of_five_are_not_certain() -> None:
    estimate = share([1] * 5, range(5))
    assert estimate is not None
    assert estimate.interval() == pytest.approx((0.5655, 1.0), abs=1e-3)


def test_copies_of_an_observation_in_its_group_add_nothing() -> None:
    values, groups = [1, 0, 1, 1, 0, 1] * 10, list(range(60))
    once, thrice = share(values, groups), share(values * 3, groups * 3)
    assert once is not None
    assert thrice is not None
    assert thrice.interval() == pytest.approx(once.interval(), abs=0.004)  # but for the quantile


def test_nothing_has_no_share_and_an_empty_side_no_difference() -> None:
    assert share([], []) is None
    assert mean([], []) is None
    assert difference([1.0, 0.0], [True, True], [0, 1], shares=True) is None
    assert auc([0.1, 0.2], [True, True], [0, 1]) is None


def test_a_difference_of_few_observations_has_no_interval() -> None:
    estimate = difference([1] * 3 + [0] * 3, [True] * 3 + [False] * 3, range(6), shares=True)
    assert estimate is not None
    assert estimate.value == 1.0
    assert estimate.interval() is None


@pytest.mark.parametrize("shares", [True, False])
def test_95_percent_intervals_of_a_difference_hold_the_truth_about_95_times_in_100(shares: bool) -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        group = np.repeat(np.arange(40), 3)
        easy = random.normal(scale=0.15, size=40)[group]
        first = random.random(120) < 0.4
        p = np.clip(np.where(first, 0.7, 0.5) + easy, 0, 1)
        values = (random.random(120) < p).astype(float) if shares else p + random.normal(scale=0.1, size=120)
        estimate = difference(values, first, group, shares=shares)
        assert estimate is not None
        interval = estimate.interval(0.95)
        assert interval is not None
        held += interval[0] <= 0.2 <= interval[1]
    assert 0.92 <= held / 400 <= 0.98


@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=60).filter(
        lambda rows: len({positive for _, positive in rows}) == 2
    )
)
def test_areas_are_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    scores, positive = zip(*rows, strict=True)
    estimate = auc(scores, positive, range(len(rows)))
    assert estimate is not None
    assert estimate.value == pytest.approx(roc_auc_score(positive, scores))


def test_an_areas_error_is_the_spread_of_areas() -> None:
    random = np.random.default_rng(0)
    areas, errors = [], []
    for _ in range(200):
        group = np.tile(np.arange(50), 2)
        positive = np.arange(100) < 50
        scores = positive + random.normal(size=100) + random.normal(size=50)[group]
        estimate = auc(scores, positive, group)
        assert estimate is not None
        assert estimate.error is not None
        areas.append(estimate.value)
        errors.append(estimate.error)
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.15)
