"""Intervals over episodes, and differences between runs, against worked examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import bootstrap, ttest_1samp

from palaestra.metrics.bounds import Chance, bounds
from palaestra.metrics.comparison import Difference, difference, differences, findings, holm, level, levels
from palaestra.metrics.estimation import SAME
from palaestra.metrics.metric import CORRELATION, RATIO, Statistic, Unmeasurable, metric
from support.metric_tables import table

RNG = np.random.default_rng(3)
SOME = RNG.normal(0, 1, 20)
OTHERS = SOME + RNG.normal(0.5, 0.3, 20)


@metric("told.value", unit="points")
def average(told: pl.DataFrame) -> pl.DataFrame:
    """A mean."""
    return told.select("episode", "value")


@metric("told.part told.whole", unit="share", statistic=RATIO)
def rate(told: pl.DataFrame) -> pl.DataFrame:
    """A rate."""
    return told.select("episode", "part", "whole")


PILES = Statistic(
    ("player", "pile"),
    {"pile": pl.col("pile").sum(), "one": pl.lit(1.0)},
    lambda parts: parts[..., 0].sum(axis=-1) / parts[..., 0, 1],
    axes=("player",),
)


@metric("told.player told.pile", unit="coins", statistic=PILES)
def piles(told: pl.DataFrame) -> pl.DataFrame:
    """All piles of an episode."""
    return told


@metric("told.x told.y", unit="r", statistic=CORRELATION)
def correlation(told: pl.DataFrame) -> pl.DataFrame:
    """A correlation."""
    return told.select("episode", "x", "y")


def run(values: Any, seeds: Any = None) -> dict[str, pl.DataFrame]:
    """A run of a value an episode."""
    count = len(values)
    episodes = pl.DataFrame({"episode": range(count), "seed": range(count) if seeds is None else seeds})
    return {
        "told": pl.DataFrame({"episode": range(count), "value": values}),
        "episodes": episodes.with_columns(ended=True),
    }


def test_the_interval_of_a_mean_is_that_of_its_values() -> None:
    told = level(average, run(SOME), resamples=600, seed=5)
    expected = bounds(SOME.mean(), SOME, (None, None), chance=Chance(600, 5))
    assert told.value == pytest.approx(SOME.mean())
    assert (told.low, told.high) == pytest.approx((expected.low, expected.high))
    assert (told.episodes, told.items, told.note) == (20, None, "")
    assert level(average, run(SOME), resamples=600, seed=5) == told
    assert level(average, run(SOME), resamples=600, seed=6) != told


def test_an_interval_is_over_episodes_not_over_rows() -> None:
    thrice = run(SOME) | {"told": pl.concat([run(SOME)["told"]] * 3)}
    assert level(average, thrice) == level(average, run(SOME))


@pytest.mark.parametrize(
    ("count", "said"), [(1, "one episode, and it takes 10"), (9, "9 episodes, and it takes 10")]
)
def test_few_episodes_give_a_number_and_no_interval(count: int, said: str) -> None:
    told = level(average, run(SOME[:count]))
    assert told.value == pytest.approx(SOME[:count].mean())
    assert (told.low, told.high, told.note) == (None, None, f"no interval: {said}")
    compared = difference(average, run(SOME[:count]), run(OTHERS[:count]))
    assert compared.value == pytest.approx((OTHERS - SOME)[:count].mean())
    assert (compared.low, compared.p, compared.detectable) == (None, None, None)
    assert compared.note == told.note


def test_equal_episodes_give_no_interval() -> None:
    told = level(average, run([0.5] * 20))
    assert (told.value, told.low, told.note) == (0.5, None, "no interval: it is the same in all episodes")
    same = difference(average, run(SOME), run(SOME))
    assert (same.value, same.low, same.p, same.note) == (0.0, None, None, told.note)


@pytest.mark.parametrize("seeds", [None, range(100, 120)])
def test_a_difference_that_is_the_same_in_all_episodes_is_tested_without_an_interval(seeds: Any) -> None:
    told = difference(average, run([0.0] * 20), run([1.0] * 20, seeds))
    assert (told.value, told.low, told.detectable) == (1.0, None, None)
    assert told.note == "no interval: it is the same in all episodes"
    assert told.p is not None
    assert told.p < 0.01


def test_an_undefined_number_says_so() -> None:
    rows = pl.DataFrame({"episode": range(20), "x": 1.0, "y": SOME})
    flat, some = ({**run(SOME), "told": rows.with_columns(x=pl.lit(1.0) * x)} for x in (1.0, pl.col("y")))
    told = level(correlation, flat)
    assert (told.value, told.low) == (None, None)
    assert told.note == "undefined: the values don't vary, or there are too few"
    compared = difference(correlation, some, flat)
    assert (compared.first, compared.second, compared.value) == (pytest.approx(1.0), None, None)
    assert compared.note == told.note


def test_episodes_without_an_occasion_do_not_count_as_observations() -> None:
    rows = pl.DataFrame({"episode": range(12), "part": 1.0, "whole": [2.0, 3.0] + [0.0] * 10})
    rows = rows.with_columns(part=pl.when(pl.col("whole") > 0).then(1.0).otherwise(0.0))
    told = level(rate, {"told": rows})
    assert (told.value, told.low) == (2 / 5, None)
    assert told.note == "no interval: 2 episodes, and it takes 10"


def test_a_number_that_hangs_on_one_episode_has_no_interval() -> None:
    rows = pl.DataFrame({"episode": range(12), "part": range(12), "whole": [5.0] + [0.0] * 11})
    told = level(rate, {"told": rows})
    assert (told.value, told.low) == (66 / 5, None)
    assert told.note == "no interval: the number is undefined without one of them"


def test_a_difference_without_interval_can_still_be_tested() -> None:
    # Paired, both runs have their occasions in the same two episodes: no exchange leaves one without.
    rows = pl.DataFrame({"episode": range(12), "part": 0.0, "whole": [2.0, 3.0] + [0.0] * 10})
    more = rows.with_columns(part=pl.col("whole") / 2)
    told = difference(rate, {**run(SOME[:12]), "told": rows}, {**run(SOME[:12]), "told": more})
    assert (told.value, told.low, told.detectable) == (0.5, None, None)
    assert told.p is not None
    assert 0.4 < told.p < 0.6  # two exchanges of four are as far apart
    assert told.note == "no interval: 2 episodes, and it takes 10"


def test_a_run_that_can_not_tell_the_metric_is_named() -> None:
    with pytest.raises(Unmeasurable, match=r"nothing in table 'told', in the other run"):
        difference(average, run(SOME), {**run(OTHERS), "told": run(OTHERS)["told"].clear()})


def test_the_interval_of_pairs_is_that_of_their_differences() -> None:
    told = difference(average, run(SOME), run(OTHERS))
    assert told.paired
    assert told.episodes == (20, 20)
    assert (told.first, told.second) == pytest.approx((SOME.mean(), OTHERS.mean()))
    expected = bounds((OTHERS - SOME).mean(), OTHERS - SOME, (None, None))
    assert (told.low, told.high) == pytest.approx((expected.low, expected.high))
    assert told.p is not None
    assert told.p < 0.01
    assert told.detectable is not None
    # Of t with 19 degrees of freedom 2.0930 + 0.8610 standard errors, and a little as these are estimates.
    assert told.detectable == pytest.approx(2.954 * (OTHERS - SOME).std(ddof=1) / np.sqrt(20), rel=0.06)


def test_episodes_pair_by_seed_in_whatever_order() -> None:
    order = RNG.permutation(20)
    told = difference(average, run(SOME), run(OTHERS[order], order))
    assert told == difference(average, run(SOME), run(OTHERS))


def test_runs_of_different_length_pair_on_the_seeds_they_share() -> None:
    longer = difference(average, run(SOME), run(OTHERS[:15]))
    assert longer == difference(average, run(SOME[:15]), run(OTHERS[:15]))
    assert (longer.paired, longer.episodes) == (True, (15, 15))
    assert longer.first == pytest.approx(SOME[:15].mean())


def test_pairs_of_which_an_episode_has_no_occasion_do_not_count() -> None:
    gaps = [None if i < 4 else value for i, value in enumerate(OTHERS)]
    told = difference(average, run(SOME), run(gaps))
    assert (told.paired, told.episodes) == (True, (16, 16))
    assert told.value == pytest.approx((OTHERS - SOME)[4:].mean())


def unpaired_interval(first: Any, second: Any) -> tuple[float, float]:
    """Zou and Donner's, of the intervals of both means."""
    one, two = (level(average, run(values)) for values in (first, second))
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    assert two.value is not None
    assert two.low is not None
    assert two.high is not None
    down = np.hypot(two.value - two.low, one.high - one.value)
    up = np.hypot(two.high - two.value, one.value - one.low)
    return two.value - one.value - down, two.value - one.value + up


@pytest.mark.parametrize("seeds", [range(100, 118), range(10, 28), [0, 0, *range(1, 17)]])
def test_runs_of_other_or_repeated_seeds_are_not_paired(seeds: Any) -> None:
    told = difference(average, run(SOME), run(OTHERS[:18], seeds))
    assert (told.paired, told.episodes) == (False, (20, 18))
    assert (told.low, told.high) == pytest.approx(unpaired_interval(SOME, OTHERS[:18]))
    assert told.value == pytest.approx(OTHERS[:18].mean() - SOME.mean())


def test_the_sign_of_a_difference_is_second_less_first() -> None:
    one, other = (difference(average, run(a), run(b)) for a, b in ((SOME, OTHERS), (OTHERS, SOME)))
    assert one.value is not None
    assert other.value == pytest.approx(-one.value)
    assert one.value > 0


def test_the_p_value_of_few_pairs_is_exact() -> None:
    # Ten pairs, nine up by 1 and one down by 1: of 2^10 signs, 2·(1 + 10) are as far from zero.
    first = np.zeros(10)
    second = np.array([1.0] * 9 + [-1.0])
    told = difference(average, run(first), run(second))
    assert told.p == pytest.approx(2 * (1 + 10) / 2**10)


def test_a_rate_that_is_the_same_in_all_episodes_is_so_in_spite_of_rounding() -> None:
    counts = np.array([3.0, 7.0, 6.0, 11.0, 5.0, 9.0, 4.0, 8.0, 10.0, 12.0])
    rows = pl.DataFrame({"episode": range(10), "part": counts * 0.1, "whole": counts})
    others = rows.with_columns(part=pl.Series(counts[::-1] * 0.1), whole=pl.Series(counts[::-1]))
    told = level(rate, {"told": rows})
    assert told.value == pytest.approx(0.1)
    assert (told.low, told.note) == (None, SAME)
    runs = [{**run(SOME[:10]), "told": of} for of in (rows, others)]
    compared = difference(rate, *runs)
    assert compared.value == pytest.approx(0)
    assert (compared.low, compared.p, compared.note) == (None, None, SAME)


def test_arrays_of_two_runs_are_compared_as_if_both_were_as_long_as_the_longer() -> None:
    """The mean size of a player's pile; in the second run a third player joins."""
    one, other = (
        {**run(SOME[:12]), "told": table("episode player pile", *rows)}
        for rows in (
            [(e, player, 1.0 + e % 3) for e in range(12) for player in range(2)],
            [(e, player, 2.0 + e % 4) for e in range(12) for player in range(3)],
        )
    )
    told = difference(piles, one, other)
    # Σ over players of Σ over episodes: 2 · (12 + 12) and 3 · (24 + 18), over 12 episodes.
    assert (told.first, told.second) == (4.0, 10.5)
    assert told.paired
    assert told.low is not None
    back = difference(piles, other, one)
    assert back.value == -6.5
    alone = run(SOME[:12], range(50, 62)) | {"told": one["told"]}
    assert difference(piles, alone, other).value == 6.5
    assert not difference(piles, alone, other).paired


def test_holm_of_a_worked_example() -> None:
    # Sorted: .01·4 = .04, .02·3 = .06, .03·2 = .06, .04·1 = .04 → .06, which may not fall.
    assert holm([0.03, 0.01, None, 0.04, 0.02]) == pytest.approx([0.06, 0.04, None, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_what_cannot_be_measured_raises_with_the_reason() -> None:
    empty = run([]) | {"told": pl.DataFrame(schema={"episode": pl.Int64, "value": pl.Float64})}
    with pytest.raises(Unmeasurable, match="the run has nothing in table 'told'"):
        level(average, empty)
    with pytest.raises(Unmeasurable, match="no table 'told'"):
        difference(average, run(SOME), {"episodes": run(SOME)["episodes"]})
    with pytest.raises(Unmeasurable, match="no column 'part', 'whole' in table 'told'"):
        level(rate, run(SOME))


def test_a_table_of_levels_has_a_row_a_metric() -> None:
    found = levels([average, rate], run(SOME))
    told = level(average, run(SOME))
    told_of = ["metric", "unit", "value", "low", "high", "episodes", "items", "note"]
    assert found.columns == [*told_of, "p", "p_corrected"]
    found = found.select(told_of)
    assert found.row(0) == ("average", "points", told.value, told.low, told.high, 20, None, "")
    reason = "rate can't be measured here: there is no column 'part', 'whole' in table 'told'"
    assert found.row(1) == ("rate", "share", None, None, None, 0, None, reason)


def test_a_table_of_differences_has_a_row_a_metric() -> None:
    found = differences([average, rate], run(SOME), run(OTHERS))
    told = difference(average, run(SOME), run(OTHERS))
    assert isinstance(told, Difference)
    row = found.row(0, named=True)
    assert (row["metric"], row["unit"], row["note"], row["paired"]) == ("average", "points", "", True)
    assert (row["first"], row["second"], row["difference"]) == (told.first, told.second, told.value)
    assert (row["low"], row["high"], row["p"], row["detectable"]) == (
        told.low,
        told.high,
        told.p,
        told.detectable,
    )
    assert (row["episodes_first"], row["episodes_second"]) == (20, 20)
    other = found.row(1, named=True)
    assert other["note"].startswith("rate can't be measured")
    assert other["difference"] is None


def test_what_is_learnt_from_other_episodes_has_neither_interval_nor_test() -> None:
    pooled = metric("told.value", unit="points", pooled=True)(average.rows)
    told = level(pooled, run(SOME))
    assert told.value == pytest.approx(SOME.mean())
    assert told.low is None
    assert "aren't independent" in told.note
    compared = difference(pooled, run(SOME), run(OTHERS))
    assert (compared.low, compared.p, compared.detectable) == (None, None, None)
    assert compared.value == pytest.approx((OTHERS - SOME).mean())


LARGEST = Statistic(
    ("value",),
    {"value": pl.col("value").mean(), "square": (pl.col("value") ** 2).mean(), "one": pl.lit(1.0)},
    lambda parts: np.abs(parts[..., 0]) / parts[..., 2] + parts[..., 1] / parts[..., 2],
)


def test_a_number_that_is_not_smooth_has_the_interval_of_scipys_bca() -> None:
    largest = metric("told.value", unit="points", statistic=LARGEST)(average.rows)

    def number(values: Any, axis: int = -1) -> Any:
        return np.abs(values.mean(axis=axis)) + (values**2).mean(axis=axis)

    told = level(largest, run(SOME), resamples=600, seed=5)
    rng = np.random.default_rng(5)
    expected = bootstrap((SOME,), number, n_resamples=600, batch=200, method="BCa", rng=rng)
    assert told.value == pytest.approx(number(SOME))
    ends = expected.confidence_interval
    assert (told.low, told.high) == pytest.approx((ends.low, ends.high))


GAIN = replace(average, name="gain", null=0.0)
CENTRED = SOME - SOME.mean()


def test_a_number_that_differs_from_what_there_would_be_without_an_effect_is_a_finding() -> None:
    found = levels([average, GAIN], run(CENTRED + 2))
    assert found["p"].to_list() == [None, 1 / 5001]
    assert "corrected for 1 test by Holm): gain." in findings(found)
    assert "Holm): nothing." in findings(levels([GAIN], run(CENTRED)))
    assert findings(levels([average], run(SOME))) == ""


def test_its_p_is_about_that_of_a_t_test_and_of_many_observations_it_is_one() -> None:
    for values in (CENTRED + 0.5, RNG.normal(0.05, 1, 1500)):
        told = level(GAIN, run(values))
        assert told.p == pytest.approx(ttest_1samp(values, 0).pvalue, abs=0.015)
    assert level(GAIN, run(SOME[:9])).p is None


@pytest.mark.parametrize("episodes", [20, 1500])
def test_an_effect_that_is_the_same_in_all_episodes_is_a_finding_and_none_in_all_is_untestable(
    episodes: int,
) -> None:
    found = levels([GAIN], run(np.full(episodes, 2.0)))
    assert found["p"].to_list() == [1 / 5001]
    assert found["note"].to_list() == [SAME]
    assert "by Holm): gain." in findings(found)
    assert level(GAIN, run(np.zeros(episodes))).p is None
    other = replace(average, name="other", null=2.0)
    assert level(other, run(np.full(episodes, 2.0))).p is None


def test_findings_of_one_run_are_one_family() -> None:
    many = [replace(GAIN, name=f"gain{number}") for number in range(40)]
    alone, together = (levels(metrics, run(CENTRED + 0.8)) for metrics in (many[:1], many))
    assert alone["p_corrected"][0] < 0.05 < together["p_corrected"][0]
