"""How bargaining ends and what the deal is worth, with numbers worked by hand."""

from __future__ import annotations

from copy import deepcopy
from math import hypot, sqrt

import pytest

from palaestra.scenarios.negotiation.rules import BargainingUtility, Deal
from support.episodes.negotiation import PRICE, WORK, Played
from support.rewards import rewards_of


def test_acceptance_makes_the_deal() -> None:
    played = Played(PRICE, ["6000 dollars", "propose", "5500 dollars", "accept"])
    assert played.events(Deal) == [Deal(2, "Bea", "Sal", "price: 5500 dollars")]
    assert played.events(BargainingUtility) == [
        BargainingUtility("Sal", 587, 0, 587, 0.5),
        BargainingUtility("Bea", 587, 0, 587, 0.5),
    ]
    assert played.outcome == {
        "deal": True,
        "ending": "deal",
        "round": 2,
        "walked": None,
        "terms": "price: 5500 dollars",
        "utility_first": 587,
        "utility_second": 587,
        "surplus": 1174,
        "nash_product": 587 * 587,
        "zone": 6087 - 4913,
        "share_first": 0.5,
        "share_second": 0.5,
        "efficiency": 1,
        "pareto": True,
        "nash_distance": 0,
        "irrational": False,
        "unanswered": 0,
    }


def test_a_party_is_rewarded_with_its_surplus_and_with_nothing_without_a_deal() -> None:
    """Sal sells for 5000 what it would give for 4913 and Bea would pay 6087 for."""
    assert rewards_of(Played(PRICE, ["5000 dollars", "accept"]).episode) == {"Sal": 87, "Bea": 1087}
    assert rewards_of(Played(PRICE, ["many", "there", "accept"], **WORK).episode) == {"Ida": 3, "Joe": 1}
    none = Played(PRICE, ["5000 dollars", "propose", "6000 dollars", "propose", "6500 dollars", "walk away"])
    assert rewards_of(none.episode) == {"Sal": 0, "Bea": 0}


def test_a_price_is_shared_by_where_it_lies_in_the_zone() -> None:
    outcome = Played(PRICE, ["6000 dollars", "accept"]).outcome
    assert (outcome["utility_first"], outcome["utility_second"]) == (1087, 87)
    assert outcome["nash_product"] == 1087 * 87
    assert (outcome["share_first"], outcome["share_second"]) == (1087 / 1174, 87 / 1174)
    assert outcome["nash_distance"] == pytest.approx(sqrt(2) * 500 / 3000)


def test_who_walks_away_ends_it_without_a_deal() -> None:
    outcome = Played(WORK, ["many", "here", "propose", "few", "there", "walk away"]).outcome
    assert (outcome["deal"], outcome["ending"], outcome["round"], outcome["walked"]) == (
        False,
        "walk away",
        2,
        "Ida",
    )
    assert (outcome["utility_first"], outcome["utility_second"], outcome["surplus"]) == (3, 2, 0)
    assert (outcome["nash_product"], outcome["zone"]) == (0, 4)
    for field in ("terms", "share_first", "efficiency", "pareto", "nash_distance"):
        assert outcome[field] is None


def test_after_the_last_round_there_is_no_deal() -> None:
    script = ["6000 dollars", "propose", "5000 dollars", "propose", "5750 dollars", None]
    outcome = Played(PRICE, script).outcome
    assert (outcome["ending"], outcome["round"], outcome["deal"], outcome["unanswered"]) == (
        "deadline",
        2,
        False,
        1,
    )


def test_the_deal_over_issues_is_judged_against_all_others() -> None:
    best = Played(WORK, ["many", "there", "accept"]).outcome
    assert (best["utility_first"], best["utility_second"], best["surplus"]) == (6, 3, 4)
    assert (best["nash_product"], best["zone"], best["efficiency"]) == (3, 4, 1)
    assert (best["pareto"], best["nash_distance"], best["irrational"]) == (True, 0, False)
    worse = Played(WORK, ["few", "here", "accept"]).outcome  # both have more at many+there
    assert (worse["pareto"], worse["irrational"], worse["nash_product"]) == (False, False, 0)
    assert (worse["share_first"], worse["share_second"], worse["efficiency"]) == (1 / 4, 0, 1 / 4)
    assert worse["nash_distance"] == pytest.approx(hypot(2 / 10, 1 / 5))
    uneven = Played(WORK, ["many", "here", "accept"]).outcome
    assert (uneven["pareto"], uneven["irrational"], uneven["nash_product"]) == (True, True, 0)
    assert (uneven["share_first"], uneven["share_second"], uneven["efficiency"]) == (7 / 4, -2 / 4, 5 / 4)


def test_an_empty_bargaining_zone_is_legal_and_has_no_size() -> None:
    parties = deepcopy(PRICE["parties"])
    parties[1]["limit"] = 4500
    outcome = Played(PRICE, ["5000 dollars", "accept"], parties=parties).outcome
    assert (outcome["zone"], outcome["share_first"], outcome["nash_distance"]) == (None, None, None)
    assert (outcome["surplus"], outcome["nash_product"], outcome["pareto"]) == (87 - 500, 0, True)
