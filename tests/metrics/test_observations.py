"""What counts as one observation: an episode, or an item that several episodes play."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from palaestra.metrics.comparison import difference, level
from palaestra.metrics.metric import MEAN
from palaestra.metrics.observations import items_of, pseudo_values, sample
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.registry import SCENARIOS
from support.coverage_of_intervals import average, correlation, run

RNG = np.random.default_rng(7)
VALUES = RNG.normal(size=24)
SIX = np.tile(np.arange(6), 4).astype(float)


def test_items_that_are_played_again_are_the_observations() -> None:
    told = level(average, run(VALUES, items=SIX))
    means = np.array([VALUES[item::6].mean() for item in range(6)])
    half = 2.5706 * means.std(ddof=1) / np.sqrt(6)  # t of 5 degrees of freedom
    assert (told.episodes, told.items, told.note) == (24, 6, "")
    assert (told.low, told.high) == pytest.approx((means.mean() - half, means.mean() + half), abs=1e-4)


def test_items_that_are_played_once_are_episodes() -> None:
    once = run(VALUES, items=np.arange(24) * 1.0)
    assert level(average, once) == level(average, run(VALUES))


def test_of_very_few_items_it_is_said_that_others_are_not_meant() -> None:
    for items, words in ((1, "for this one item only"), (3, "for these 3 items only")):
        of = np.tile(np.arange(items), 24 // items) * 1.0
        told = level(average, run(VALUES, items=of))
        assert (told.items, told.note) == (None, words)
        assert (told.low, told.high) == (
            level(average, run(VALUES)).low,
            level(average, run(VALUES)).high,
        )


def test_an_episode_that_tells_no_item_is_one_of_its_own() -> None:
    tables = dict(run(VALUES, items=SIX))
    some = pl.when(pl.col("episode") > 0).then(pl.col("item"))
    tables["episodes"] = tables["episodes"].with_columns(some.alias("item"))
    assert level(average, tables).items == 7
    tables["episodes"] = tables["episodes"].with_columns(pl.lit(None, pl.Int64).alias("item"))
    assert items_of(average.parts(tables), tables) is None


def test_pairs_share_the_items_of_the_run_that_plays_the_fewer() -> None:
    others = VALUES + np.tile(RNG.normal(size=6), 4)
    alone = run(VALUES, items=np.arange(24) + 100.0)
    for one in (run(VALUES), alone):
        assert difference(average, one, run(others, items=SIX)).items == 6
        assert difference(average, run(others, items=SIX), one).items == 6


def test_runs_that_play_their_items_unlike_often_are_tested_without_bias() -> None:
    found = 0
    for number in range(80):
        random = np.random.default_rng(number)
        one = run(random.normal(size=40), items=np.tile(np.arange(20.0), 2))
        two = run(random.normal(size=200), items=np.tile(np.arange(20.0), 10), seeds=9000)
        told = difference(average, one, two, resamples=20, permutations=499, seed=number)
        assert told.p is not None
        found += told.p < 0.05
    assert found <= 10  # 4 expected


def test_what_so_few_items_can_not_tell_is_not_promised() -> None:
    told = difference(average, run(VALUES[:20], items=SIX[:20] % 5), run(VALUES[:20] + 3, items=SIX[:20] % 5))
    assert told.items == 5
    assert told.detectable is None


def test_runs_of_other_seeds_are_paired_by_the_items_that_both_play() -> None:
    others = VALUES + np.tile(RNG.normal(size=6), 4)
    one, two = run(VALUES, items=SIX), run(others, items=SIX, seeds=500)
    told = difference(average, one, two)
    gaps = np.array([(others - VALUES)[item::6].mean() for item in range(6)])
    half = 2.5706 * gaps.std(ddof=1) / np.sqrt(6)
    assert (told.paired, told.items, told.episodes) == (True, 6, (24, 24))
    assert (told.low, told.high) == pytest.approx((gaps.mean() - half, gaps.mean() + half), abs=1e-4)
    assert told.p is not None
    assert told.p >= 2 / 2**6
    apart = run(others, items=SIX + 10, seeds=500)
    assert not difference(average, one, apart).paired


def test_a_mean_of_equal_weights_has_its_values_as_pseudo_values() -> None:
    parts = average.parts(run(VALUES))
    assert average.statistic is MEAN
    assert pseudo_values(average, parts.sums) == pytest.approx(VALUES)


def test_pseudo_values_of_a_correlation_are_jackknifes() -> None:
    x, y = RNG.normal(size=(2, 12, 3))
    rows = {"episode": np.repeat(np.arange(12), 3), "x": x.ravel(), "y": y.ravel()}
    found = pseudo_values(correlation, correlation.parts({"told": pl.DataFrame(rows)}).sums)
    whole = np.corrcoef(x.ravel(), y.ravel())[0, 1]
    without = [np.corrcoef(np.delete(x, i, 0).ravel(), np.delete(y, i, 0).ravel())[0, 1] for i in range(12)]
    assert found == pytest.approx(12 * whole - 11 * np.array(without))


def test_the_sums_of_an_item_are_those_of_its_episodes() -> None:
    parts = average.parts(run(VALUES, items=SIX))
    found = sample(parts, SIX.astype(np.int64))
    assert found.sums[2] == pytest.approx(parts.sums[2::6].sum(axis=0))


def test_episodes_say_which_item_of_a_list_they_play() -> None:
    file = {
        "scenario": "debate",
        "motions": ["A is so.", "B is so."],
        "engines": {"default": {"kind": "scripted"}},
    }
    config = check(file, "a.yaml").config
    played = [SCENARIOS["debate"](config, index=index) for index in range(4)]
    for episode in played:
        episode.begin()
    assert played[0].item == played[2].item != played[1].item == played[3].item
    other = check(file | {"motions": ["B is so."]}, "b.yaml").config
    alone = SCENARIOS["debate"](other)
    alone.begin()
    assert alone.item == played[1].item
