"""What a metric is: sums by episode, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr

from palaestra.metrics.metric import CORRELATION, MEAN, RATIO, Statistic, Unmeasurable, metric
from support.metric_tables import by_episode, number, table

MOST = Statistic(
    ("player", "option", "weight"),
    {"weight": pl.col("weight").sum()},
    lambda parts: parts[..., 0].max(axis=-1).sum(axis=-1),
    axes=("player", "option"),
)


@metric("told.value", unit="points", low=0, high=9, source="a book")
def average(told: pl.DataFrame) -> pl.DataFrame:
    """Mean of what is told. And more.

    Of which the summary says nothing.
    """
    return told.select("episode", "value")


@metric("told.part told.whole", unit="share", statistic=RATIO)
def rate(told: pl.DataFrame) -> pl.DataFrame:
    """A rate."""
    return told.select("episode", "part", "whole")


@metric("told.x told.y", unit="r", statistic=CORRELATION)
def correlation(told: pl.DataFrame) -> pl.DataFrame:
    """A correlation."""
    return told.select("episode", "x", "y")


@metric("told.player told.option told.weight", unit="weight", statistic=MOST)
def most_likely(told: pl.DataFrame) -> pl.DataFrame:
    """The weight of the players' heaviest options."""
    return told


def test_a_mean_counts_every_episode_the_same() -> None:
    told = table("episode value", (0, 1.0), (0, 2.0), (0, 6.0), (1, 7.0))
    assert number(average, told=told) == ((1 + 2 + 6) / 3 + 7) / 2
    assert by_episode(average, told=told) == {0: 3.0, 1: 7.0}


def test_a_ratio_counts_every_occasion_the_same() -> None:
    told = table("episode part whole", (0, 1.0, 1.0), (0, 0.0, 1.0), (0, 1.0, 1.0), (1, 0.0, 1.0))
    assert number(rate, told=told) == (1 + 0 + 1 + 0) / 4
    assert by_episode(rate, told=told) == {0: 2 / 3, 1: 0.0}


def test_a_correlation_is_that_of_all_rows_as_scipy_has_it() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(1000, 3, 60)
    y = x + rng.normal(0, 3, 60)
    told = pl.DataFrame({"episode": np.arange(60) % 12, "x": x, "y": y})
    assert number(correlation, told=told) == pytest.approx(pearsonr(x, y).statistic, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_correlation_does_not_depend_on_the_unit(scale: float) -> None:
    told = table(
        "episode x y", *((e, scale * x, y) for e, x, y in [(0, 1, 2), (1, 2, 1), (2, 4, 5), (3, 5, 3)])
    )
    # Deviations (−2 −1 1 2) and (−0.75 −1.75 2.25 0.25): Σ products 6, Σ squares 10 and 8.75.
    assert number(correlation, told=told) == pytest.approx(6 / np.sqrt(10 * 8.75))


@pytest.mark.parametrize("value", [0.0, 0.1, 1000.1, 1e-7])
def test_a_correlation_with_equal_values_is_undefined_in_spite_of_rounding(value: float) -> None:
    told = pl.DataFrame({"episode": range(1000), "x": value, "y": np.arange(1000.0)})
    assert number(correlation, told=told) is None
    assert number(correlation, told=told.rename({"x": "y", "y": "x"})) is None


def test_a_correlation_of_two_rows_is_undefined() -> None:
    told = table("episode x y", (0, 1.0, 2.0), (1, 2.0, 5.0))
    assert number(correlation, told=told) is None


def test_rows_with_a_null_do_not_count() -> None:
    told = table("episode part whole", (0, 1.0, 1.0), (0, None, 1.0), (1, 0.0, None), (2, 0.0, 1.0))
    assert number(rate, told=told) == 1 / 2
    assert by_episode(rate, told=told) == {0: 1.0, 2: 0.0}


def test_an_episode_without_a_number_has_null_never_nan() -> None:
    told = table("episode part whole", (0, 1.0, 0.0), (1, 1.0, 2.0))
    assert by_episode(rate, told=told) == {0: None, 1: 0.5}
    pairs = table("episode x y", (0, 1.0, 1.0), (1, 1.0, 1.0), (1, 2.0, 3.0), (1, 3.0, 2.0))
    assert by_episode(correlation, told=pairs) == {0: None, 1: pytest.approx(0.5)}


def test_episodes_that_have_not_ended_are_left_out() -> None:
    told = table("episode value", (0, 1.0), (1, 5.0))
    episodes = table("episode ended", (0, True), (1, False))
    assert by_episode(average, told=told, episodes=episodes) == {0: 1.0}
    with pytest.raises(Unmeasurable, match="no episode has ended"):
        average.parts({"told": told, "episodes": episodes.with_columns(ended=False)})


def test_the_parts_of_many_samples_combine_at_once() -> None:
    parts = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 5.0]]])
    assert np.allclose(RATIO.combine(parts), [[0.5, 0.75], [np.nan, 1.0]], equal_nan=True)
    assert MEAN.combine(parts).shape == (2, 2)
    assert CORRELATION.combine(np.zeros((3, 4, 6))).shape == (3, 4)


def test_parts_may_be_arrays_as_long_as_the_numbers_in_their_columns_need() -> None:
    told = table(
        "episode player option weight", (4, 0, 2, 1.0), (4, 0, 2, 2.0), (4, 1, 0, 5.0), (2, 1, 1, 7.0)
    )
    parts = most_likely.parts({"told": told})
    assert parts.episodes.tolist() == [2, 4]
    assert parts.sums.shape == (2, 2, 3, 1)
    assert parts.sums[..., 0].tolist() == [[[0, 0, 0], [0, 7, 0]], [[0, 0, 3], [5, 0, 0]]]
    assert by_episode(most_likely, told=told) == {2: 7.0, 4: 8.0}
    assert number(most_likely, told=told) == 3 + 7


def test_a_statistic_that_gives_too_many_numbers_is_refused() -> None:
    wrong = replace(average, statistic=replace(MEAN, combine=lambda parts: parts))
    with pytest.raises(TypeError, match=r"average combines \(1,\) sums into \(1, 2\) numbers"):
        wrong.by_episode({"told": table("episode value", (0, 1.0))})


@pytest.mark.parametrize("given", [table("episode other", (0, 1.0)), table("episode value", (0, "x")), 1.0])
def test_rows_that_can_not_be_summed_are_refused_with_the_place_of_their_function(given: Any) -> None:
    wrong = replace(average, rows=lambda told: given)
    with pytest.raises(TypeError, match=r"average \(.*test_metric\.py:\d+\) gives rows that can't be summed"):
        wrong.parts({"told": table("episode value", (0, 1.0))})


def test_all_of_a_metrics_code_runs_inside_its_guard() -> None:
    entered = []

    @contextmanager
    def guard() -> Iterator[None]:
        entered.append("in")
        yield

    guarded, told = replace(average, guard=guard), table("episode value", (0, 1.0))
    for asked in (lambda: guarded(told), lambda: guarded.parts({"told": told})):
        entered.clear()
        asked()
        assert entered == ["in"]
    entered.clear()
    guarded.combine(np.ones((3, 2)))
    assert entered == ["in"]


def test_what_tables_lack_is_told() -> None:
    told = table("episode other", (0, 1.0))
    assert average.lacks({}) == "no table 'told'"
    assert rate.lacks({"told": told}) == "no column 'part', 'whole' in table 'told'"
    assert average.lacks({"told": told.rename({"other": "value"})}) == ""
    with pytest.raises(Unmeasurable, match="average can't be measured here: there is no table 'told'"):
        average.parts({})
    with pytest.raises(Unmeasurable, match="there is no column 'value' in table 'told'"):
        average.by_episode({"told": told})


def test_a_metric_without_an_occasion_says_why() -> None:
    empty = pl.DataFrame(schema={"episode": pl.Int64, "value": pl.Float64})
    with pytest.raises(Unmeasurable, match="the run has nothing in table 'told'"):
        average.parts({"told": empty})
    with pytest.raises(Unmeasurable, match="no episode has an occasion for it"):
        average.parts({"told": table("episode value", (0, None))})


def test_a_metric_is_called_with_its_tables_and_knows_what_it_is() -> None:
    told = table("episode value", (0, 1.0))
    assert average(told).equals(told)
    assert (average.name, average.unit, average.low, average.high) == ("average", "points", 0, 9)
    assert average.needs == {"told": ("value",)}
    assert (average.source, rate.source) == ("a book", "ours")
    assert average.summary == "Mean of what is told. And more."


@pytest.mark.parametrize("needs", ["other.value", "told", "told."])
def test_needs_that_are_no_column_of_a_parameter_are_refused(needs: str) -> None:
    def nothing(told: pl.DataFrame) -> pl.DataFrame:
        return told

    with pytest.raises(TypeError, match=f"nothing needs '{needs}', which is no column of told"):
        metric(needs, unit="points")(nothing)
