"""Bargaining, walked branch by branch on replies made by hand, with numbers worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from math import hypot, sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import negotiation
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.negotiation.bargaining import Interests, appraisal, nash_product, space
from palaestra.scenarios.negotiation.config import NegotiationConfig
from palaestra.scenarios.negotiation.rules import (
    BargainingSpeech,
    BargainingUtility,
    Deal,
    Negotiation,
    Offer,
    OfferResponse,
)
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(negotiation.__file__).parent / "ready").glob("*.yaml"))

# Sal sells and takes no less than 4913, Bea buys and pays no more than 6087.
PRICE: dict[str, Any] = {
    "scenario": "negotiation",
    "matter": "the price of a boat.",
    "issues": [{"name": "price", "low": 4000, "high": 7000, "step": 250, "unit": "dollars"}],
    "parties": [
        {"name": "Sal", "persona": "Sells.", "wants": {"price": "high"}, "limit": 4913},
        {"name": "Bea", "persona": "Buys.", "wants": {"price": "low"}, "limit": 6087},
    ],
    "rounds": 2,
}
# Utilities (Ida, Joe): few+here 4, 2; few+there 0, 5; many+here 10, 0; many+there 6, 3.
WORK: dict[str, Any] = {
    "scenario": "negotiation",
    "matter": "some work.",
    "issues": [{"name": "days", "options": ["few", "many"]}, {"name": "place", "options": ["here", "there"]}],
    "parties": [
        {
            "name": "Ida",
            "persona": "Works.",
            "values": {"days": {"few": 0, "many": 3}, "place": {"here": 4, "there": 0}},
            "weights": {"days": 2, "place": 1},
            "reservation": 3,
        },
        {
            "name": "Joe",
            "persona": "Pays.",
            "values": {"days": {"few": 2, "many": 0}, "place": {"here": 0, "there": 3}},
            "weights": {"days": 1, "place": 1},
            "reservation": 2,
        },
    ],
    "rounds": 2,
}


def bargaining(file: dict[str, Any], index: int = 0, **fields: Any) -> Negotiation:
    config = check(deepcopy(file) | fields, "test.yaml").config
    assert isinstance(config, NegotiationConfig)
    return Negotiation(config, index=index)


class Played:
    """An episode played on the answers of `script`: the moves and offers in order, None for a failure.

    Speeches aren't in the script: they say "speech-" and the number of their call.
    """

    def __init__(
        self, file: dict[str, Any], script: Sequence[str | None], index: int = 0, **fields: Any
    ) -> None:
        self.episode = bargaining(file, index, **fields)
        left = list(script)

        def answer(call: Call) -> Reply:
            if call.purpose == "say":
                return reply(f"speech-{call.index}")
            text = left.pop(0)
            return failure("mumble") if text is None else Reply(text, value=call.answer.parse(text))

        self.calls = play_out(self.episode, answer)
        assert not left

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[tuple[str, str]]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [(call.agent, call.purpose) for call in calls]


def options(call: Call) -> list[str]:
    return list(call.answer.describe()["options"])


# Turns and moves


def test_the_parties_take_turns_and_speak_about_each_move() -> None:
    played = Played(PRICE, ["6000 dollars", "propose", "5000 dollars", "accept"])
    assert played.asked() == [
        ("Sal", "offer"),
        ("Sal", "say"),
        ("Bea", "move"),
        ("Bea", "offer"),
        ("Bea", "say"),
        ("Sal", "move"),
        ("Sal", "say"),
    ]


def test_the_first_turn_can_only_be_an_offer_and_no_move_is_asked_for() -> None:
    played = Played(PRICE, ["6000 dollars", "accept"])
    assert [call.agent for call in played.calls["move"]] == ["Bea"]
    assert played.events(OfferResponse)[0] == OfferResponse("Sal", 1, "propose", None, False, None)


def test_only_legal_moves_are_offered() -> None:
    played = Played(
        PRICE, ["6000 dollars", "propose", "5000 dollars", "propose", "5500 dollars", "walk away"]
    )
    assert [options(call) for call in played.calls["move"]] == [
        ["propose", "accept"],
        ["propose", "accept", "walk away"],
        ["accept", "walk away"],
    ]


def test_one_may_walk_away_from_the_round_that_the_file_says() -> None:
    played = Played(PRICE, ["propose", "6000 dollars", "walk away"], walk_from=1)
    assert [options(call) for call in played.calls["move"]] == [
        ["propose", "walk away"],
        ["propose", "accept", "walk away"],
    ]


def test_in_the_last_turn_without_an_offer_nothing_is_asked() -> None:
    played = Played(PRICE, [None], rounds=1)
    assert played.asked() == [("Sal", "offer")]
    assert played.events(OfferResponse)[-1] == OfferResponse("Bea", 1, None, None, False, None)
    assert played.outcome["ending"] == "deadline"


@pytest.mark.parametrize(("opening", "openers"), [("listed", "SSSS"), ("alternate", "SBSB")])
def test_the_second_party_opens_odd_episodes_if_the_file_says_so(opening: str, openers: str) -> None:
    opened = [bargaining(PRICE, index, opening=opening).pending[0].agent[0] for index in range(4)]
    assert "".join(opened) == openers


def test_an_offer_names_a_value_for_every_issue_one_after_another() -> None:
    played = Played(WORK, ["many", "there", "accept"])
    assert [call.about["issue"] for call in played.calls["offer"]] == ["days", "place"]
    assert [options(call) for call in played.calls["offer"]] == [["few", "many"], ["here", "there"]]
    assert "days: many" in text_of(played.calls["offer"][1])
    assert played.events(Offer) == [Offer("Ida", 1, "days: many; place: there", True, 6, 3, False)]


# Endings


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


# Offers on the table


def test_nobody_accepts_its_own_offer() -> None:
    played = Played(PRICE, ["6000 dollars", None, "walk away"])
    assert options(played.calls["move"][1]) == ["propose", "walk away"]
    assert played.events(OfferResponse)[1] == OfferResponse("Bea", 1, None, 1087 - 1000, False, None)


def test_an_offer_without_a_value_is_not_on_the_table() -> None:
    played = Played(WORK, ["propose", "many", None, "propose", "few", "there", "accept"], walk_from=1)
    assert played.events(Offer)[0] == Offer("Ida", 1, "days: many", False, None, None, False)
    assert "There is no offer" in text_of(played.calls["move"][1])
    assert [(speech.party, speech.move) for speech in played.events(BargainingSpeech)] == [
        ("Joe", "propose"),
        ("Ida", "accept"),
    ]


def test_an_incomplete_counteroffer_leaves_the_other_offer_to_its_maker_only() -> None:
    played = Played(PRICE, ["6000 dollars", "propose", None, "propose", "5500 dollars", "accept"])
    assert played.outcome["terms"] == "price: 5500 dollars"
    assert played.events(Offer)[1].valid is False


def test_a_counteroffer_replaces_the_offer_on_the_table() -> None:
    played = Played(PRICE, ["6000 dollars", "propose", "5000 dollars", "accept"])
    assert played.outcome["terms"] == "price: 5000 dollars"
    assert "On the table in round 1: Bea offers price: 5000 dollars." in text_of(played.calls["say"][-1])


def test_a_speech_that_failed_is_heard_by_nobody_but_the_offer_stands() -> None:
    episode = bargaining(PRICE)

    def answer(call: Call) -> Reply:
        if call.purpose == "say":
            return failure("mumble")
        return reply("accept" if call.purpose == "move" else "5500 dollars")

    calls = play_out(episode, answer)
    assert "offers price: 5500 dollars" in text_of(calls["move"][0])
    assert "mumble" not in text_of(calls["move"][0])
    assert episode.outcome["deal"] is True
    assert episode.outcome["unanswered"] == 2


def test_a_long_range_is_asked_for_as_a_number_and_one_off_the_steps_is_no_offer() -> None:
    issues = [{"name": "price", "low": 4000, "high": 7000, "step": 50, "unit": "dollars"}]
    script = ["propose", '{"number": 6001}', "propose", '{"number": 5550}', "accept"]
    played = Played(PRICE, script, issues=issues, walk_from=1)
    schema = played.calls["offer"][0].answer.describe()["schema"]["properties"]["number"]
    assert (schema["minimum"], schema["maximum"]) == (4000, 7000)
    assert played.events(Offer)[0] == Offer("Sal", 1, "", False, None, None, False)
    assert (played.outcome["terms"], played.outcome["unanswered"]) == ("price: 5550 dollars", 0)


def test_the_probability_of_accepting_is_recorded() -> None:
    episode = bargaining(PRICE, rounds=1)

    def answer(call: Call) -> Reply:
        if call.purpose == "move":
            return reply("accept", [0.75, 0.25])
        return reply("5500 dollars" if call.purpose == "offer" else "Well.")

    play_out(episode, answer)
    responses = [event for _, event in episode.events if isinstance(event, OfferResponse)]
    assert [response.accept_probability for response in responses] == [None, 0.75]


# Reservations


def test_who_offers_or_accepts_less_than_no_deal_is_worth_is_recorded_and_not_stopped() -> None:
    played = Played(PRICE, ["4500 dollars", "propose", "6500 dollars", "accept"])
    assert [offer.irrational for offer in played.events(Offer)] == [True, True]
    assert played.events(OfferResponse)[-1].irrational is False
    assert played.outcome["irrational"] is True
    assert played.outcome["share_second"] < 0
    played = Played(PRICE, ["6500 dollars", "accept"])
    assert played.events(OfferResponse)[-1] == OfferResponse("Bea", 1, "accept", 6087 - 6500, True, None)


def test_enforced_nobody_is_offered_a_loss() -> None:
    script = ["6500 dollars", "5000 dollars", "accept"]
    played = Played(PRICE, script, enforce_reservation=True)
    assert [options(call)[0] for call in played.calls["offer"]] == ["5000 dollars", "4000 dollars"]
    assert [options(call)[-1] for call in played.calls["offer"]] == ["7000 dollars", "6000 dollars"]
    assert [call.agent for call in played.calls["move"]] == ["Sal"]  # Bea can't accept 6500
    assert played.outcome["irrational"] is False


def test_enforced_a_value_that_is_the_only_one_left_is_not_asked_for() -> None:
    parties = deepcopy(WORK["parties"])
    parties[0]["reservation"] = 10
    played = Played(WORK, [], parties=parties, enforce_reservation=True, rounds=1)
    assert played.asked() == [("Ida", "say")]
    assert played.events(Offer)[0].terms == "days: many; place: here"


# Secrets


def private_numbers(call: Call, numbers: Sequence[str]) -> list[str]:
    return [number for number in numbers if number in text_of(call)]


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_a_limit_is_only_in_its_owners_prompts(layout: str) -> None:
    script = ["6000 dollars", "propose", "5000 dollars", "propose", "5500 dollars", "walk away"]
    played = Played(PRICE, script, layout=layout)
    for calls in played.calls.values():
        for call in calls:
            mine, other = ("4913", "6087") if call.agent == "Sal" else ("6087", "4913")
            assert private_numbers(call, [mine, other]) == [mine]


def test_points_are_only_in_their_owners_prompts() -> None:
    parties = deepcopy(WORK["parties"])
    parties[0] |= {"weights": {"days": 1, "place": 1}, "reservation": 913.25}
    parties[0]["values"] = {"days": {"few": 417, "many": 521}, "place": {"here": 463, "there": 433}}
    parties[1] |= {"weights": {"days": 1, "place": 1}, "reservation": 719.5}
    parties[1]["values"] = {"days": {"few": 383, "many": 367}, "place": {"here": 347, "there": 353}}
    hers = ["913.25", "417", "521", "463", "433"]
    his = ["719.5", "383", "367", "347", "353"]
    script = ["many", "here", "propose", "few", "there", "propose", "many", "there", "walk away"]
    played = Played(WORK, script, parties=parties)
    for calls in played.calls.values():
        for call in calls:
            assert private_numbers(call, hers + his) == (hers if call.agent == "Ida" else his)


def test_a_party_is_told_what_the_offer_on_the_table_is_worth_to_it() -> None:
    first, second = Played(PRICE, ["6500 dollars", "propose", "5000 dollars", "accept"]).calls["move"]
    assert "413 worse than your limit" in text_of(first)
    assert "87 better than your limit" in text_of(second)
    call = Played(WORK, ["many", "there", "accept"]).calls["move"][0]
    assert "worth 3 points to you, no deal is worth 2" in text_of(call)


def test_both_hear_all_speeches_and_offers_and_the_request_comes_last() -> None:
    played = Played(PRICE, ["6000 dollars", "propose", "5000 dollars", "accept"])
    last = played.calls["say"][-1]
    said = text_of(last)
    assert said.index("Sal: speech-1") < said.index("Sal offers price: 6000") < said.index("Bea: speech-4")
    assert "You accept the offer of Bea: price: 5000 dollars" in last.prompt[-1].text


# Pure mathematics


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


# Files


def refusal(file: dict[str, Any], path: str, value: Any) -> str:
    """What is said about the file with `value` at the dotted `path`; ... deletes it."""
    changed: Any = deepcopy(file)
    node = changed
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    with pytest.raises(BadInput) as error:
        check(changed, "test.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("file", "path", "value", "words"),
    [
        (PRICE, "parties/0/limit", 3999, "Sal's limit 3999 is outside the range 4000 to 7000"),
        (PRICE, "parties/1/limit", 7001, "Bea's limit 7001 is outside"),
        (PRICE, "parties/1/limit", ..., "Bea needs a `limit`"),
        (PRICE, "parties/1/wants", {}, "`wants` lacks price"),
        (PRICE, "parties/1/wants", {"price": "low", "speed": "low"}, "`wants` names 'speed'"),
        (PRICE, "parties/0/weights", {"price": 1}, "a price alone needs no weights"),
        (PRICE, "parties/0/reservation", 9, "a price alone needs no reservation"),
        (PRICE, "issues/0/high", 4000, "ends at 4000, which is not above 4000"),
        (PRICE, "issues/0/step", 700, "steps of 700 from 4000 don't meet 7000"),
        (PRICE, "issues/0/high", 900_000_000, "take a longer step"),
        (PRICE, "issues/0/low", ..., "needs `options`, or `low` and `high`"),
        (PRICE, "parties/1/name", " sal", "two agents are named"),
        (PRICE, "parties/1/policy", "red", "no policy 'red'"),
        (WORK, "issues/0/options", ["few"], "days has 1 options; an issue needs two or more"),
        (WORK, "issues/0/options", ["few", "Few"], "days has the option 'Few' twice"),
        (WORK, "issues/0/options", ["few", " many"], "outer spaces"),
        (WORK, "issues/0/low", 3, "options and a range"),
        (WORK, "issues/1/name", "Days", "two issues are named 'Days'"),
        (WORK, "parties/0/values/days", {"few": 0}, "`days` lacks many"),
        (WORK, "parties/0/values/days/lots", 3, "`days` names 'lots'; the names are: few, many"),
        (WORK, "parties/0/values/place", ..., "`values` lacks place"),
        (WORK, "parties/1/weights/days", ..., "`weights` lacks days"),
        (WORK, "parties/1/weights/mood", 1, "`weights` names 'mood'"),
        (WORK, "parties/1/weights/days", 0, "greater than 0"),
        (WORK, "parties/1/reservation", ..., "Joe needs a `reservation`"),
        (WORK, "parties/1/reservation", 9, "Joe's reservation 9 is outside 0 to 5"),
        (WORK, "parties/0/reservation", -1, "Ida's reservation -1 is outside 0 to 10"),
        (WORK, "parties/0/limit", 5, "a limit is for a price alone"),
        (WORK, "parties", WORK["parties"][:1], "at least 2"),
    ],
)
def test_impossible_files_are_refused(file: dict[str, Any], path: str, value: Any, words: str) -> None:
    assert words in refusal(file, path, value)


def test_a_refusal_points_at_the_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(READY[1].read_text().replace("limit: 6100", "limit: 9000"))
    with pytest.raises(BadInput, match=r"bad\.yaml:\d+:5: Tom's limit 9000 is outside the range"):
        load(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert episode.outcome["zone"]


def both_hear_speech(episode: Episode[Any], call: Call) -> set[str]:
    assert isinstance(episode, Negotiation)
    return {party.name for party in episode.config.parties} if call.purpose == "say" else set()


LONG = [{"name": "price", "low": 4000, "high": 7000, "step": 5}]


@pytest.mark.parametrize(
    "file",
    [PRICE, WORK, PRICE | {"issues": LONG}, WORK | {"enforce_reservation": True, "opening": "alternate"}],
    ids=["price", "issues", "long range", "enforced"],
)
def test_the_contract(file: dict[str, Any]) -> None:
    check_contract(
        file | {"rounds": 4},
        may_read=both_hear_speech,
        refused=[
            ({"parties": []}, "at least 2"),
            ({"issues": []}, "at least 1"),
            ({"parties": [file["parties"][0]] * 2}, "two agents are named"),
        ],
    )
