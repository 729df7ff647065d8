"""What deals are worth, on worked deals and against the rules' own mathematics."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from palaestra.metrics.families.bargaining import (
    acceptance_rate,
    deal_rate,
    efficiency,
    gini,
    irrationality,
    joint_surplus,
    nash_product,
    pareto_efficiency,
    regret,
    satisfaction_p20,
    split_imbalance,
    total_utility,
    worst_off,
    worst_surplus,
)
from palaestra.metrics.metric import Metric
from palaestra.scenarios.negotiation.bargaining import Interests, appraisal
from palaestra.scenarios.package_bargaining.packages import gini as gini_of
from support.metric_tables import by_episode, number, play, ready_made, table

# A deal of 3 and 1 in a zone of 5, one of 4 and −1, and none.
COLUMNS = "episode ended deal surplus nash_product efficiency pareto share_first share_second"
EPISODES = table(
    COLUMNS,
    (0, True, True, 4.0, 3.0, 0.8, True, 0.6, 0.2),
    (1, True, True, 3.0, 0.0, 0.6, False, 0.8, -0.2),
    (2, True, False, 0.0, 0.0, None, None, None, None),
    (3, False, None, None, None, None, None, None, None),
)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (deal_rate, {0: 1.0, 1: 1.0, 2: 0.0}),
        (joint_surplus, {0: 4.0, 1: 3.0, 2: 0.0}),
        (nash_product, {0: 3.0, 1: 0.0, 2: 0.0}),
        (efficiency, {0: 0.8, 1: 0.6}),
        (pareto_efficiency, {0: 1.0, 1: 0.0}),
        (split_imbalance, {0: 0.6 - 0.2, 1: 0.8 + 0.2}),
    ],
    ids=lambda item: item.name if isinstance(item, Metric) else "",
)
def test_a_metric_of_deals_counts_where_it_is_defined(metric: Metric, expected: dict[int, float]) -> None:
    assert by_episode(metric, episodes=EPISODES) == pytest.approx(expected)


def test_the_worst_surplus_is_the_least_of_the_parties() -> None:
    utility = table(
        "episode party surplus", (0, "Vera", 3.0), (0, "Tom", 1.0), (1, "Vera", 4.0), (1, "Tom", -1.0)
    )
    assert by_episode(worst_surplus, utility=utility) == {0: 1.0, 1: -1.0}


def test_efficiency_is_above_one_where_a_loss_of_one_is_a_greater_gain_of_the_other() -> None:
    # Surpluses of three options: (1, 1), (6, −2), (0, 0); both accept the first, of 2 together.
    first, second = Interests(((1.0, 6.0, 0.0),), 0.0), Interests(((1.0, -2.0, 0.0),), 0.0)
    found = appraisal(first, second, (1,))
    assert found["efficiency"] == pytest.approx((6 - 2) / 2)
    assert efficiency.high is None


def test_irrationality_is_of_moves_each_counted_once() -> None:
    response = table(
        "episode party round move irrational",
        (0, "Vera", 1, "propose", False),
        (0, "Tom", 1, "propose", False),
        (0, "Vera", 2, None, False),
        (0, "Tom", 2, "accept", True),
        (1, "Vera", 1, "propose", False),
        (1, "Tom", 1, "walk away", False),
    )
    offer = table(
        "episode party round valid irrational",
        (0, "Vera", 1, True, True),
        (0, "Tom", 1, False, False),  # not completed: not an offer
        (1, "Vera", 1, True, False),
    )
    # Vera's offer and Tom's acceptance; in the other episode an offer and a walk-away.
    assert by_episode(irrationality, response=response, offer=offer) == {0: (1 + 1) / 2, 1: (0 + 0) / 2}


PACKAGES = table(
    "episode ended total minimum satisfaction gini best_total",
    (0, True, 9.0, 1.0, 0.5, gini_of([1, 3, 5]), 10.0),
    (1, True, None, None, None, None, 10.0),
    (2, True, 12.0, 4.0, 1.0, gini_of([4, 4, 4]), 12.0),
)


def test_packages_are_measured_where_there_is_one() -> None:
    assert by_episode(total_utility, episodes=PACKAGES) == {0: 9.0, 2: 12.0}
    assert by_episode(worst_off, episodes=PACKAGES) == {0: 1.0, 2: 4.0}
    assert by_episode(satisfaction_p20, episodes=PACKAGES) == {0: 0.5, 2: 1.0}
    assert by_episode(regret, episodes=PACKAGES) == {0: 10 - 9, 2: 0.0}
    # Of 1, 3, 5 the absolute differences sum to 2·(2 + 4 + 2) = 16: 16 / (2 · 9 · 3).
    assert by_episode(gini, episodes=PACKAGES) == pytest.approx({0: 16 / 54, 2: 0.0})


def test_an_unparsed_response_does_not_accept() -> None:
    acceptance = table("episode accepted", (0, True), (0, None), (0, False), (0, True))
    assert number(acceptance_rate, acceptance=acceptance) == 2 / 4


def test_the_measures_of_a_package_follow_from_its_utilities() -> None:
    tables = play(ready_made("street"), 6)
    last = tables["episodes"].drop_nulls("total").select("episode", round="rounds")
    told = tables["utility"].join(last, on=["episode", "round"])
    utilities = {episode: rows["utility"].to_numpy() for (episode,), rows in told.group_by("episode")}
    assert len(utilities) > 1
    for metric, expected in ((total_utility, np.sum), (worst_off, np.min), (gini, lorenz_gini)):
        found = by_episode(metric, **tables)
        assert {e: found[e] for e in utilities} == pytest.approx(
            {e: expected(u) for e, u in utilities.items()}
        )


def lorenz_gini(values: NDArray[np.float64]) -> float:
    """From the Lorenz curve of sorted values: (n + 1 − 2 Σ_k S_k / S_n) / n."""
    sums = np.cumsum(np.sort(values))
    return float((len(values) + 1 - 2 * sums.sum() / sums[-1]) / len(values))


def test_the_worst_surplus_follows_from_utilities_and_reservations() -> None:
    tables = play(ready_made("job-offer"), 6)
    surplus = (pl.col("utility") - pl.col("reservation")).min()
    told = tables["utility"].group_by("episode").agg(surplus)
    assert by_episode(worst_surplus, **tables) == pytest.approx(dict(told.iter_rows()))
