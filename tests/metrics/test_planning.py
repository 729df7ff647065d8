"""How many episodes a difference takes, against scipy's power of a t-test and by trying it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nct, t

from palaestra.metrics.comparison import difference
from palaestra.metrics.metric import RATIO, Unmeasurable
from palaestra.metrics.observations import pseudo_values
from palaestra.metrics.planning import EffectTooSmall, largest_spread, observations_for, plan
from support.coverage_of_intervals import average, run

RNG = np.random.default_rng(11)
PILOT = RNG.normal(size=400)


def test_it_is_what_a_t_test_takes() -> None:
    told = plan(average, run(PILOT), 0.5)
    noncentral = 0.5 / PILOT.std(ddof=1) * np.sqrt(told.apart / 2)
    free = 2 * told.apart - 2
    power = 1 - nct.cdf(t.ppf(0.975, free), free, noncentral)
    assert power == pytest.approx(0.8, abs=0.01)
    assert (told.items, told.pilot) == (None, 400)


def test_half_the_effect_takes_four_times_as_many_and_more_power_more() -> None:
    large, small = (plan(average, run(PILOT), effect).apart for effect in (0.4, 0.2))
    assert small == pytest.approx(4 * large, rel=0.03)
    assert plan(average, run(PILOT), 0.4, power=0.9).apart > 1.25 * large


def test_where_items_are_played_again_it_is_items_that_are_needed() -> None:
    of = np.tile(np.arange(40.0), 10)
    effects = np.tile(RNG.normal(size=40), 10)
    told = plan(average, run(effects + 0.1 * PILOT, items=of), 0.5)
    assert told.items is not None
    assert told.items > 40
    assert told.apart == 10 * told.items


def test_an_effect_is_found_about_as_often_as_planned() -> None:
    needed = plan(average, run(PILOT), 0.8).apart
    found = 0
    for number in range(120):
        one, two = run(RNG.normal(size=needed)), run(RNG.normal(size=needed) + 0.8, seeds=5000)
        told = difference(average, one, two, resamples=20, permutations=999, seed=number)
        found += told.p is not None and told.p < 0.05
    assert 0.68 < found / 120 < 0.92  # 0.8 ± 3 standard errors


def test_a_pilot_that_tells_nothing_is_refused() -> None:
    with pytest.raises(Unmeasurable, match="9 observations, and it takes 10"):
        plan(average, run(PILOT[:9]), 0.5)
    with pytest.raises(Unmeasurable, match="don't vary"):
        plan(average, run(np.ones(20)), 0.5)
    with pytest.raises(EffectTooSmall, match="more than 1,000,000 episodes"):
        plan(average, run(PILOT), 1e-6)


def test_without_a_pilot_only_a_mean_between_two_bounds_limits_its_spread() -> None:
    bounded = replace(average, low=0, high=1)
    assert largest_spread(bounded) == 0.5
    assert largest_spread(average) is None
    # One episode of twenty occasions, all of the kind, and nineteen of one, none of them: what each says of
    # the rate varies more than values between 0 and 1 can.
    sums = np.array([[20.0, 20.0], *[[0.0, 1.0]] * 19])
    rate = replace(bounded, statistic=RATIO)
    assert pseudo_values(rate, sums).std(ddof=1) > 1
    assert largest_spread(rate) is None
    with pytest.raises(Unmeasurable, match="nothing limits how much it varies"):
        observations_for(rate, 0.1)
