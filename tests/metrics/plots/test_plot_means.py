"""Means over episodes and their intervals."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from palaestra.metrics.bounds import bounds
from palaestra.metrics.plots.means import means, told
from support.metric_tables import table


def test_an_episode_counts_once_however_many_values_it_has() -> None:
    rows = table("episode team value", (0, "a", 1.0), (0, "a", 3.0), (1, "a", 5.0), (1, "b", None))
    assert means(rows, ["team"]).rows() == [("a", 3.5, None, None, 2)]


def test_intervals_follow_the_shape_of_the_values() -> None:
    values = np.array([2.5, 3.1, 4.7, 5.2, 3.3, 4.1, 2.9, 6.0, 3.8, 4.4])
    rows = table("episode team value", *((n, "a", value) for n, value in enumerate(values.tolist())))
    for support in ((None, None), (0.0, 7.0), (1.0, None)):
        (_, mean, low, high, episodes) = means(rows, ["team"], support=support).row(0)
        expected = bounds(values.mean(), values, (0.0, None) if support == (None, None) else support)
        assert (mean, episodes) == (pytest.approx(values.mean()), 10)
        assert (low, high) == pytest.approx((expected.low, expected.high))


def test_values_that_are_not_numbers_do_not_count() -> None:
    rows = table("episode team value", (0, "a", nan), (1, "a", 2.0))
    assert means(rows, ["team"]).rows() == [("a", 2.0, None, None, 1)]


def test_equal_episodes_have_no_interval() -> None:
    rows = table("episode team value", *((n, "a", 1.0) for n in range(20)))
    assert means(rows, ["team"]).rows() == [("a", 1.0, None, None, 20)]


def test_words_say_how_many_episodes_there_are_and_what_is_drawn_of_them() -> None:
    def of(*episodes: int) -> str:
        return told(table("episodes", *((n,) for n in episodes)), "bands")

    assert of(1) == "means of one episode, no interval (it takes 10)"
    assert of(12, 12) == "means of 12 episodes; bands: 95 % intervals"
    assert of(3, 12) == "means of 3 to 12 episodes; bands: 95 % intervals, from 10 episodes on"
