"""How opinions move, against tables worked by hand, scipy, and the outcomes that scenarios compute."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr

from palaestra.metrics.families.opinions import (
    convergence,
    group_pull,
    opinion_mobility,
    opinion_shift,
    partner_distance,
    partner_influence,
    polarisation,
    regression_to_mean,
    spread,
)
from support.metric_tables import by_episode, number, play, ready_made, table

COLUMNS = "episode agent moment opinion"


def opinions(*told: tuple[int, str, float | None, float | None]) -> pl.DataFrame:
    """The table of (episode, agent, opinion before, opinion after)."""
    rows = [(episode, agent, "before", before) for episode, agent, before, _ in told]
    return table(COLUMNS, *rows, *((episode, agent, "after", after) for episode, agent, _, after in told))


GROUP = opinions(
    (0, "Ann", -2.5, -1.5),
    (0, "Bo", 0.5, 0.5),
    (0, "Cem", 2.5, 0.5),
    (0, "Dee", 1.5, None),  # told only what it thought before
    (1, "Ann", 1.5, 2.5),
    (1, "Bo", -0.5, -2.5),
)


def test_shift_is_the_mean_change_and_mobility_the_mean_absolute_change() -> None:
    shift = {0: (1 + 0 - 2) / 3, 1: (1 - 2) / 2}
    assert by_episode(opinion_shift, opinion=GROUP) == pytest.approx(shift)
    assert number(opinion_shift, opinion=GROUP) == pytest.approx((shift[0] + shift[1]) / 2)
    assert by_episode(opinion_mobility, opinion=GROUP) == pytest.approx({0: (1 + 0 + 2) / 3, 1: (1 + 2) / 2})


def test_spread_is_of_groups_of_two_or_more() -> None:
    alone = opinions((2, "Ann", 0.5, 1.5), (2, "Bo", 0.5, None))
    found = spread(pl.concat([GROUP, alone]))
    first, second = found.rows()
    assert first[:3] == pytest.approx((0, 0.5 / 3, -0.5 / 3))
    assert first[3:] == pytest.approx((np.std([-2.5, 0.5, 2.5]), np.std([-1.5, 0.5, 0.5])))
    assert second == pytest.approx((1, 0.5, 0.0, 1.0, 2.5))


def test_convergence_is_the_fall_of_the_standard_deviation() -> None:
    expected = {0: np.std([-2.5, 0.5, 2.5]) - np.std([-1.5, 0.5, 0.5]), 1: 1.0 - 2.5}
    assert by_episode(convergence, opinion=GROUP) == pytest.approx(expected)


def test_polarisation_is_the_rise_of_the_variance_over_its_largest() -> None:
    apart = opinions((0, "Ann", 0.5, 2.5), (0, "Bo", 0.5, -2.5))
    assert number(polarisation, opinion=apart) == pytest.approx(1.0)
    assert by_episode(polarisation, opinion=GROUP)[1] == pytest.approx((2.5**2 - 1**2) / 2.5**2)


def test_regression_to_mean_is_pearsons_r_of_change_with_the_start() -> None:
    r = pearsonr([-2.5, 0.5, 2.5, 1.5, -0.5], [1, 0, -2, 1, -2]).statistic
    assert number(regression_to_mean, opinion=GROUP) == pytest.approx(r)
    assert by_episode(regression_to_mean, opinion=GROUP)[1] is None  # two agents


PAIRS = table(
    "episode round first second",
    (0, 1, "Ann", "Dee"),
    (0, 1, "Bo", "Cem"),
    (0, 2, "Ann", "Bo"),
    (0, 2, "Cem", "Dee"),
    (1, 1, "Bo", "Ann"),
)


def test_partner_influence_is_of_the_first_partner_even_one_who_told_nothing_after() -> None:
    # Ann met Dee (1.5), Bo met Cem (2.5) and Cem Bo (0.5); in the second episode Ann and Bo met.
    gaps = [1.5 + 2.5, 2.5 - 0.5, 0.5 - 2.5, -0.5 - 1.5, 1.5 + 0.5]
    change = [1, 0, -2, 1, -2]
    assert number(partner_influence, opinion=GROUP, pairing=PAIRS) == pytest.approx(
        pearsonr(gaps, change).statistic
    )
    distance = pearsonr(np.abs(gaps), change).statistic
    assert number(partner_distance, opinion=GROUP, pairing=PAIRS) == pytest.approx(distance)


def test_group_pull_is_the_slope_of_change_on_the_gap_to_all_others() -> None:
    # The others' means before count Dee, who told nothing after.
    gaps = [
        (0.5 + 2.5 + 1.5) / 3 + 2.5,
        (-2.5 + 2.5 + 1.5) / 3 - 0.5,
        (-2.5 + 0.5 + 1.5) / 3 - 2.5,
        -2.0,
        2.0,
    ]
    change = [1, 0, -2, 1, -2]
    slope = np.dot(gaps, change) / np.dot(gaps, gaps)
    assert gaps[1] == 0
    assert number(group_pull, opinion=GROUP) == pytest.approx(slope)


def test_group_pull_has_no_occasion_where_nobody_differs_or_is_alone() -> None:
    told = opinions(
        (0, "Ann", 0.5, 1.5),
        (1, "Ann", 0.5, 1.5),
        (1, "Bo", 0.5, 2.5),
        (2, "Ann", 1.5, 0.5),
        (2, "Bo", -0.5, -0.5),
    )
    assert by_episode(group_pull, opinion=told) == pytest.approx({2: (-1 * -2) / (2**2 + 2**2)})


@pytest.mark.parametrize(
    "name", ["debate", "small-world", "debate-protocol", "debate-talk", "debate-next-message"]
)
def test_the_shift_is_the_one_in_the_outcome(name: str) -> None:
    tables = play(ready_made(name), 3)
    outcome = dict(tables["episodes"].select("episode", "shift").iter_rows())
    assert by_episode(opinion_shift, **tables) == pytest.approx(outcome)


def test_convergence_is_the_fall_of_sd_in_the_outcome() -> None:
    tables = play(ready_made("debate-talk"), 3)
    fall = {
        episode: -change for episode, change in tables["episodes"].select("episode", "sd_change").iter_rows()
    }
    assert by_episode(convergence, **tables) == pytest.approx(fall)
