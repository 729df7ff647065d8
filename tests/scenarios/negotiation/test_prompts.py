"""Who sees what in bargaining: limits and points are their owner's, speeches and offers are all's."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.negotiation.rules import Negotiation
from support.episodes.negotiation import PRICE, WORK, Played, bargaining
from support.scripted_debates import failure, play_out, reply, text_of


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
