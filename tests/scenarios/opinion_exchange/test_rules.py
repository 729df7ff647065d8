"""Opinion dynamics in pairs: who meets whom, in which order, and how opinions move."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.opinion_exchange.events import ExchangedOpinion, Pairing, Tweet, Utterance
from palaestra.scenarios.opinion_exchange.opinions import change
from palaestra.scenarios.opinion_exchange.pairing import opened_by, partner_of, round_robin
from palaestra.scenarios.opinion_exchange.rules import OpinionExchange
from support.episodes.opinion_exchange import MEETINGS, NAMES, SIMULATED, exchange, recorded
from support.scripted_debates import events, failure, plain_reply, play_out, reply

# Who meets whom


@given(st.integers(1, 10))
def test_every_pair_meets_exactly_once_and_everybody_in_every_round(half: int) -> None:
    names = [f"P{number}" for number in range(2 * half)]
    rounds = round_robin(names)
    assert len(rounds) == 2 * half - 1
    for pairs in rounds:
        assert sorted(name for pair in pairs for name in pair) == sorted(names)
    met = [frozenset(pair) for pairs in rounds for pair in pairs]
    assert len(met) == len(set(met))
    assert set(met) == {frozenset(pair) for pair in combinations(names, 2)}


def test_the_circle_of_four_by_hand() -> None:
    assert round_robin(["a", "b", "c", "d"]) == [
        [("a", "d"), ("b", "c")],
        [("a", "c"), ("d", "b")],
        [("a", "b"), ("c", "d")],
    ]


def test_a_pair_is_turned_so_that_one_begins() -> None:
    assert opened_by("b", ("a", "b")) == ("b", "a")
    assert opened_by("a", ("a", "b")) == ("a", "b")
    assert partner_of("a", ("a", "b")) == "b"


def test_who_meets_first_and_who_begins_is_drawn_for_each_episode() -> None:
    met = set()
    for index in range(20):
        episode = exchange(SIMULATED, index)
        assert episode.pending
        first = events(episode, Pairing)[0]
        met.add((first.first, first.second))
    assert len(met) > 4


def test_a_record_tells_who_meets_whom_and_who_begins_in_every_mode() -> None:
    for mode in ("simulate_all", "simulate_talk", "next_message"):
        episode = exchange(recorded(mode))
        assert episode.pending
        told = [(pairing.round, pairing.first, pairing.second) for pairing in events(episode, Pairing)]
        assert told == [(n, *pair) for n, pairs in enumerate(MEETINGS, 1) for pair in pairs]


# The order of things


def exchanges(episode: OpinionExchange) -> list[list[str]]:
    asked = []
    while episode.pending:
        asked.append([call.purpose for call in episode.pending])
        episode.advance([plain_reply(call) for call in episode.pending])
    return asked


def test_everything_is_simulated_opinions_then_rounds_of_tweets_and_chats_then_opinions() -> None:
    told = [["opinion"] * 4, ["reason"] * 4]
    rounds = [["tweet"] * 4, *[["chat"] * 2] * 3] * 3
    assert exchanges(exchange(SIMULATED)) == [*told, *rounds, *told]


def test_with_tweets_on_record_only_chats_and_last_opinions_are_asked() -> None:
    told = [["opinion"] * 4, ["reason"] * 4]
    assert exchanges(exchange(recorded("simulate_talk"))) == [*[["chat"] * 2] * 9, *told]


def test_all_messages_of_a_record_are_predicted_at_once() -> None:
    told = [["opinion"] * 4, ["reason"] * 4]
    (predictions, *rest) = exchanges(exchange(recorded("next_message")))
    assert predictions == (["tweet"] * 4 + ["chat"] * 8) * 3
    assert rest == told


def test_only_those_without_opinion_in_the_file_are_asked_for_a_first_one() -> None:
    people = deepcopy(SIMULATED["participants"])
    people[1]["initial"] = {"opinion": -1.5}
    made = play_out(exchange(SIMULATED, participants=people))
    assert [call.agent for call in made["opinion"]] == ["Ann", "Cem", "Dee", *NAMES]


def test_two_people_meet_in_one_round() -> None:
    episode = exchange(SIMULATED, participants=SIMULATED["participants"][:2])
    made = play_out(episode)
    assert len(events(episode, Pairing)) == 1
    assert len(made["tweet"]) == 2


def test_topics_take_turns() -> None:
    topics = ["A.", "B."]
    told = []
    for index in range(3):
        episode = exchange(SIMULATED, index, topics=topics)
        play_out(episode)
        told.append(episode.outcome["topic"])
    assert told == ["A.", "B.", "A."]


# Replies that could not be parsed


def when(purpose: str, agent: str) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        if (call.purpose, call.agent) == (purpose, agent):
            return failure("mumble")
        return plain_reply(call)

    return answer


def test_a_tweet_or_message_that_failed_is_heard_by_nobody_and_recorded_without_message() -> None:
    for purpose, kind in (("tweet", Tweet), ("chat", Utterance)):
        episode = exchange(SIMULATED)
        play_out(episode, when(purpose, "Bo"))
        for event in events(episode, kind):
            assert isinstance(event, Tweet | Utterance)
            speaker = event.agent if isinstance(event, Tweet) else event.speaker
            assert (event.message is None) == (speaker == "Bo")
        assert not any("mumble" in message.text for message in episode.messages)


def test_who_told_no_opinion_gives_no_reason_and_is_left_out_of_the_change() -> None:
    episode = exchange(SIMULATED)
    made = play_out(episode, when("opinion", "Bo"))
    assert "Bo" not in {call.agent for call in made["reason"]}
    assert [event.opinion for event in events(episode, ExchangedOpinion) if event.agent == "Bo"] == [
        None,
        None,
    ]
    assert (episode.outcome["told"], episode.outcome["shift"]) == (3, 0.0)


def test_a_prediction_that_failed_has_the_truth_alone() -> None:
    episode = exchange(recorded("next_message"))
    play_out(episode, when("chat", "Cem"))
    for event in events(episode, Utterance):
        assert (event.message is None) == (event.speaker == "Cem")
        assert event.human is not None


# Opinions and outcome


def test_the_change_of_a_group_by_hand() -> None:
    before = {"a": -2.5, "b": 2.5, "c": 0.5}
    after = {"b": 1.5, "a": -0.5, "d": 2.5}
    assert change(before, after) == (2, 0.5, 1.0 - 2.5)
    assert change({"a": 0.5}, {"a": 1.5}) == (1, 1.0, None)
    assert change({"a": 0.5}, {"b": 1.5}) == (0, None, None)


def test_the_outcome_has_the_models_change_and_the_records() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply("certainly agree", [0, 0, 0, 0, 0.5, 0.5])
        return plain_reply(call)

    episode = exchange(recorded("simulate_talk"))
    play_out(episode, answer)
    # First opinions 2.5, −.5, 1.5, .5: mean 1, population variance (2.25+2.25+.25+.25)/4.
    assert episode.outcome["mode"] == "simulate_talk"
    assert (episode.outcome["told"], episode.outcome["shift"]) == (4, 1.5)
    assert episode.outcome["sd_change"] == pytest.approx(-sqrt(1.25))
    assert (episode.outcome["human_told"], episode.outcome["human_shift"]) == (4, -0.5)
    assert episode.outcome["human_sd_change"] == pytest.approx(-sqrt(1.25))
    told = events(episode, ExchangedOpinion)
    assert {(o.opinion, o.expected) for o in told if o.source == "model"} == {(2.5, 2.0)}
    assert [o.opinion for o in told if (o.source, o.moment) == ("human", "before")] == [2.5, -0.5, 1.5, 0.5]


def test_without_opinions_on_record_there_is_no_human_change() -> None:
    episode = exchange(SIMULATED)
    play_out(episode)
    assert episode.outcome["human_told"] == 0
    assert episode.outcome["human_shift"] is None
