"""Bargaining, walked branch by branch on replies made by hand: turns, moves, offers on the table."""

from __future__ import annotations

from copy import deepcopy

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.negotiation.rules import BargainingSpeech, Offer, OfferResponse
from support.episodes.negotiation import PRICE, WORK, Played, bargaining, options
from support.scripted_debates import play_out, reply, text_of

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


def test_in_the_last_turn_without_an_offer_nothing_is_asked() -> None:
    played = Played(PRICE, [None], rounds=1)
    assert played.asked() == [("Sal", "offer")]
    assert played.events(OfferResponse)[-1] == OfferResponse("Bea", 1, None, None, False, None)
    assert played.outcome["ending"] == "deadline"


def test_an_offer_names_a_value_for_every_issue_one_after_another() -> None:
    played = Played(WORK, ["many", "there", "accept"])
    assert [call.about["issue"] for call in played.calls["offer"]] == ["days", "place"]
    assert [options(call) for call in played.calls["offer"]] == [["few", "many"], ["here", "there"]]
    assert "days: many" in text_of(played.calls["offer"][1])
    assert played.events(Offer) == [Offer("Ida", 1, "days: many; place: there", True, 6, 3, False)]


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
