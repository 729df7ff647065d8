"""What a package is worth, worked by hand and for any stakes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.package_bargaining.events import PackageProposed, PackageUtility, Reference
from palaestra.scenarios.package_bargaining.packages import Measures, PackageStakes, gini, measures
from support.episodes.package_bargaining import Played, bargaining
from support.rewards import rewards_of

STAKES = PackageStakes((3, 4, 2), 6, ((3, 1.25, 1.75), (0, 5, 1)))
RAMP, TREE, BENCH = range(3)


# Measures of the outcome


def test_the_outcome_measures_the_last_package_and_the_best() -> None:
    played = Played([["ramp", "bench"]], designs={"green": ["tree"], "grey": ["bench", "ramp"]})
    outcome = played.outcome
    assert {name: outcome[name] for name in ("package", "cost", "total", "minimum")} == {
        "package": "ramp,bench",
        "cost": 5,
        "total": 5.75,
        "minimum": 1,
    }
    assert outcome["gini"] == pytest.approx(2 * 3.75 / (2 * 4 * 2.875))
    assert outcome["satisfaction"] == pytest.approx(1 / 6 + 0.2 * (1 - 1 / 6))
    assert (outcome["best_package"], outcome["best_total"], outcome["best_cost"]) == ("tree,bench", 9, 6)
    assert outcome["best_gini"] == pytest.approx(1 / 6)
    assert (outcome["base_design"], outcome["base_total"]) == ("green", 6.25)
    references = played.events(Reference)
    assert [(event.kind, event.name, event.items, event.total) for event in references] == [
        ("best", "", "tree,bench", 9),
        ("design", "green", "tree", 6.25),
        ("design", "grey", "bench,ramp", 5.75),
    ]


def test_every_stakeholders_utility_is_recorded_in_each_round() -> None:
    played = Played([["ramp"], ["tree", "bench"]], ["Art", ""])
    assert played.events(PackageUtility) == [
        PackageUtility("Old", 1, 3, 3 / 4.75),
        PackageUtility("Art", 1, 0, 0),
        PackageUtility("Old", 2, 3, 3 / 4.75),
        PackageUtility("Art", 2, 6, 1),
    ]


def test_a_stakeholder_is_rewarded_with_its_utility_of_the_last_package_and_the_mediator_with_the_sum() -> (
    None
):
    episode = Played([["ramp"], ["tree", "bench"]], ["Art", ""]).episode
    assert rewards_of(episode) == {"Old": 3, "Art": 6, "Chair": 9}
    assert rewards_of(Played([None, None], rounds=2).episode) == {"Old": 0, "Art": 0, "Chair": 0}


def test_without_designs_there_is_no_base() -> None:
    outcome = Played([["ramp"]]).outcome
    assert outcome["base_design"] is None
    assert outcome["base_total"] is None


# Pure mathematics


def test_weights_are_scaled_to_sum_to_1_and_scores_add_up() -> None:
    assert bargaining().config.stakes() == STAKES
    assert STAKES.utilities((TREE, BENCH)) == [3, 6]
    assert STAKES.cost((TREE, BENCH)) == 6
    assert STAKES.best() == (TREE, BENCH)


def test_measures_by_hand() -> None:
    share = 3 / 4.75
    found = measures(STAKES, (TREE, BENCH))
    assert (found.cost, found.total, found.minimum) == (6, 9, 3)
    assert found.gini == pytest.approx((3 + 3) / (2 * 4 * 4.5))
    assert found.satisfaction == pytest.approx(share + 0.2 * (1 - share))
    assert measures(STAKES, ()) == Measures(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2, 2, 2], 0), ([0, 0], 0), ([0, 1], 1 / 2), ([0, 0, 0, 1], 3 / 4), ([1, 2, 3], 8 / 36)],
)
def test_gini_by_hand(values: list[float], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)


def test_who_gets_the_same_from_all_packages_is_satisfied() -> None:
    stakes = PackageStakes((1, 1), 1, ((0, 0), (2, 1)))
    assert stakes.satisfaction((1,)) == [1, 0.5]


def test_of_equally_good_packages_the_cheapest_is_best() -> None:
    assert PackageStakes((3, 2, 2), 3, ((4, 4, 4),)).best() == (1,)
    assert PackageStakes((2, 0), 3, ((4, 0),)).best() == (0,)


def test_the_repair_keeps_what_fits_in_order() -> None:
    assert STAKES.repaired((TREE, RAMP, BENCH)) == (TREE, BENCH)
    assert STAKES.repaired((RAMP, TREE, BENCH)) == (RAMP, BENCH)
    assert STAKES.repaired((BENCH, BENCH)) == (BENCH,)


@st.composite
def cases(draw: st.DrawFn) -> tuple[PackageStakes, list[int]]:
    count = draw(st.integers(2, 7))
    costs = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    worth = st.lists(st.floats(0, 9), min_size=count, max_size=count).map(tuple)
    groups = draw(st.lists(worth, min_size=2, max_size=4))
    budget = draw(st.integers(min(costs), 40))
    package = draw(st.lists(st.integers(0, count - 1), max_size=10))
    return PackageStakes(tuple(costs), budget, tuple(groups)), package


@settings(max_examples=60)
@given(cases())
def test_a_repaired_package_is_affordable_keeps_the_order_and_is_measured_within_bounds(
    case: tuple[PackageStakes, list[int]],
) -> None:
    stakes, wanted = case
    package = stakes.repaired(wanted)
    assert stakes.cost(package) <= stakes.budget
    assert list(package) == [item for item in dict.fromkeys(wanted) if item in package]
    left_out = [item for item in wanted if item not in package]
    assert all(not stakes.affordable([*package, item]) for item in left_out)
    assert stakes.repaired(package) == package
    found = measures(stakes, package)
    assert 0 <= found.gini < 1
    assert 0 <= found.satisfaction <= 1
    assert found.minimum * len(stakes.worth) <= found.total + 1e-9


@settings(max_examples=60)
@given(cases())
def test_the_best_package_is_the_best_of_all(case: tuple[PackageStakes, list[int]]) -> None:
    stakes, _ = case
    items = range(len(stakes.costs))
    every = [package for size in range(len(items) + 1) for package in combinations(items, size)]
    totals = [sum(stakes.utilities(package)) for package in every if stakes.affordable(package)]
    best = stakes.best()
    assert stakes.affordable(best)
    assert sum(stakes.utilities(best)) == pytest.approx(max(totals), abs=1e-8)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.01, 100))
def test_gini_is_in_0_to_1_and_knows_no_unit(values: list[float], factor: float) -> None:
    assert 0 <= gini(values) < 1
    assert gini([factor * value for value in values]) == pytest.approx(gini(values), abs=1e-6)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), budget=st.integers(2, 9))
def test_no_package_is_ever_over_the_budget(seed: int, budget: int) -> None:
    episode = bargaining(seed, budget=budget)
    while episode.pending:
        episode.advance(scripted_replies(episode.pending))
    packages = [event for _, event in episode.events if isinstance(event, PackageProposed)]
    assert packages
    assert all(package.cost is not None and package.cost <= budget for package in packages)
