"""The worth of any terms: utilities, Nash products, and bounds that always hold."""

from __future__ import annotations

from copy import deepcopy
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.negotiation.bargaining import Interests, appraisal, nash_product, space
from palaestra.scenarios.negotiation.rules import BargainingUtility
from support.episodes.negotiation import PRICE, WORK, bargaining


def test_utilities_are_sums_of_weighted_values() -> None:
    config = bargaining(WORK).config
    first, second = (config.interests(party) for party in config.parties)
    assert first == Interests(((0, 6), (4, 0)), 3)
    assert second == Interests(((2, 0), (0, 3)), 2)
    assert [first.utility((1, 0)), second.utility((0, 1))] == [10, 5]


def test_a_number_among_other_issues_is_worth_0_to_100_before_its_weight() -> None:
    file = deepcopy(WORK)
    file["issues"].append({"name": "pay", "low": 10, "high": 20, "step": 5})
    for party, end, weight in zip(file["parties"], ("high", "low"), (0.5, 2), strict=True):
        party["wants"], party["weights"]["pay"] = {"pay": end}, weight
    config = bargaining(file).config
    assert [config.interests(party).worth[2] for party in config.parties] == [(0, 25, 50), (200, 100, 0)]


def test_the_nash_product_of_a_loss_is_0_even_if_both_lose() -> None:
    assert nash_product((3, 1)) == 3
    assert nash_product((-3, -1)) == nash_product((3, -1)) == 0


def test_several_best_products_are_all_nash_solutions() -> None:
    found = space(Interests(((0, 1, 2, 3),), 0), Interests(((3, 2, 1, 0),), 0))
    assert found is not None
    assert found.nash_solutions == [(1, 2), (2, 1)]
    assert [found.nash_distance((option,)) for option in range(4)] == pytest.approx(
        [sqrt(2) / 3, 0, 0, sqrt(2) / 3]
    )


def test_more_than_ten_thousand_terms_are_not_enumerated() -> None:
    party = Interests(((0.0, 1.0),) * 14, 2)
    assert space(party, party) is None
    found = appraisal(party, party, (1,) * 14)
    assert (found["zone"], found["pareto"], found["nash_distance"], found["efficiency"]) == (None,) * 4
    assert (found["surplus"], found["nash_product"]) == (24, 144)


worths = st.lists(
    st.lists(st.integers(-9, 9).map(float), min_size=2, max_size=3).map(tuple), min_size=1, max_size=3
)


@st.composite
def two_parties(draw: st.DrawFn) -> tuple[Interests, Interests]:
    first = draw(worths)
    second = [tuple(float(draw(st.integers(-9, 9))) for _ in values) for values in first]
    pair = []
    for worth in (first, second):
        least, most = (sum(end(values) for values in worth) for end in (min, max))
        pair.append(Interests(tuple(worth), draw(st.floats(least, most))))
    return pair[0], pair[1]


@given(two_parties(), st.data())
def test_the_appraisal_of_any_deal_is_in_its_bounds(
    parties: tuple[Interests, Interests], data: st.DataObject
) -> None:
    first, second = parties
    terms = tuple(data.draw(st.integers(0, len(values) - 1)) for values in first.worth)
    found = appraisal(first, second, terms)
    assert 0 <= found["nash_distance"] <= sqrt(2) + 1e-9 if found["nash_distance"] is not None else True
    assert found["irrational"] is not (first.accepts(terms) and second.accepts(terms))
    if found["efficiency"] is not None and not found["irrational"]:
        assert -1e-6 <= found["efficiency"] <= 1 + 1e-6
    whole = space(first, second)
    assert whole is not None
    highest = max(x + y for x, y in whole.surpluses)
    if found["surplus"] is not None and found["surplus"] >= highest - 1e-9:
        assert found["pareto"] is True


@given(two_parties(), st.data())
def test_open_options_lead_to_terms_that_are_accepted(
    parties: tuple[Interests, Interests], data: st.DataObject
) -> None:
    chosen: list[int] = []
    for _ in parties[0].worth:
        chosen.append(data.draw(st.sampled_from(parties[0].open_options(chosen))))
    assert parties[0].surplus(tuple(chosen)) >= -1e-6


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), limits=st.tuples(st.integers(4000, 7000), st.integers(4000, 7000)))
def test_an_enforced_deal_is_never_below_a_reservation(seed: int, limits: tuple[int, int]) -> None:
    for file in (PRICE, WORK):
        parties = deepcopy(file["parties"])
        if file is PRICE:
            parties[0]["limit"], parties[1]["limit"] = limits
        episode = bargaining(file, seed, parties=parties, enforce_reservation=True, rounds=4)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert episode.outcome["irrational"] is False
        for _, event in episode.events:
            if isinstance(event, BargainingUtility):
                assert event.surplus >= -1e-9
