"""Opinion dynamics in pairs: who meets whom, who reads what in each mode, and how opinions move."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.opinion_exchange.events import ExchangedOpinion, Pairing, Tweet, Utterance
from palaestra.scenarios.opinion_exchange.opinions import change
from palaestra.scenarios.opinion_exchange.pairing import opened_by, partner_of, round_robin
from palaestra.scenarios.opinion_exchange.rules import OpinionExchange
from palaestra.scenarios.parts.opinion_scale import OPINION
from support.scripted_debates import events, failure, plain_reply, play_out, reply

READY = Path(__file__).parents[2] / "scenarios" / "opinion_exchange" / "ready"
NAMES = ("Ann", "Bo", "Cem", "Dee")
MEETINGS = ((("Ann", "Bo"), ("Cem", "Dee")), (("Cem", "Ann"), ("Bo", "Dee")), (("Ann", "Dee"), ("Cem", "Bo")))
PROMPTS = {
    "rules": "RULES[{topic}|{rounds}]",
    "persona": "PERSONA[{name}|{persona}]",
    "opinion": "OPINION",
    "reason": "REASON[{opinion}]",
    "opinion_memory": "MEMORY[{opinion}]",
    "reason_label": "MY REASON",
    "tweet_label": "TWEET of {name}",
    "meeting": "MEETING[{round}|{first}|{second}]",
    "tweet": "POST[{round}]",
    "chat": "CHAT[{partner}]",
}
SIMULATED: dict[str, Any] = {
    "scenario": "opinion_exchange",
    "topics": ["Cities should plant more trees."],
    "participants": [{"name": name, "persona": f"Persona of {name}."} for name in NAMES],
    "utterances": 3,
}


def chat(number: int, first: str, second: str) -> dict[str, Any]:
    """A chat on record: the second one writes twice in a row."""
    speakers = (first, second, second, first)
    lines = [
        {"speaker": speaker, "text": f"u{number}-{first}-{place}"}
        for place, speaker in enumerate(speakers, 1)
    ]
    return {"pair": sorted([first, second]), "utterances": lines}


def recorded(mode: str) -> dict[str, Any]:
    """A file with a complete record."""
    people = [
        {
            "name": name,
            "persona": f"Persona of {name}.",
            "initial": {"opinion": value, "justification": f"initial-{name}"},
            "final": {"opinion": 0.5, "justification": f"final-{name}"},
        }
        for name, value in zip(NAMES, (2.5, -0.5, 1.5, 0.5), strict=True)
    ]
    human = [
        {
            "tweets": {name: f"t{number}-{name}" for name in NAMES},
            "dyads": [chat(number, *pair) for pair in pairs],
        }
        for number, pairs in enumerate(MEETINGS, 1)
    ]
    return {**deepcopy(SIMULATED), "mode": mode, "participants": people, "human": human}


def exchange(file: dict[str, Any], index: int = 0, **fields: Any) -> OpinionExchange:
    """An episode with prompts whose parts are easy to tell."""
    config: Any = check(deepcopy(file) | {"prompts": PROMPTS} | fields, "test.yaml").config
    return OpinionExchange(config, index=index)


def bodies(call: Call) -> list[str]:
    return [message.body for message in call.prompt]


def text(episode: OpinionExchange, number: int | None) -> str | None:
    return None if number is None else episode.messages[number].text


def partners(episode: Episode[Any]) -> dict[tuple[int, str], str]:
    """Who is told to meet whom in which round."""
    met: dict[tuple[int, str], str] = {}
    for _, event in episode.events:
        if isinstance(event, Pairing):
            met[event.round, event.first] = event.second
            met[event.round, event.second] = event.first
    return met


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


# Who reads what, when everything is simulated


def test_the_two_of_a_pair_take_turns_and_hear_each_other() -> None:
    episode = exchange(SIMULATED)
    made = play_out(episode)
    met = partners(episode)
    for number in (1, 2, 3):
        for pairing in [event for event in events(episode, Pairing) if event.round == number]:
            pair = (pairing.first, pairing.second)
            calls = [call for call in made["chat"] if call.about["round"] == number and call.agent in pair]
            assert [call.agent for call in calls] == [pair[0], pair[1], pair[0]]
            for place, call in enumerate(calls):
                assert bodies(call)[-1] == f"CHAT[{met[number, call.agent]}]"
                assert (call.about["position"], call.about["dyad"]) == (place + 1, " & ".join(pair))
                said = [f"{earlier.agent}: speech-{earlier.index}" for earlier in calls[:place]]
                start = bodies(call).index(f"MEETING[{number}|{pair[0]}|{pair[1]}]")
                heard = bodies(call)[
                    start + 1 : bodies(call).index(f"PERSONA[{call.agent}|Persona of {call.agent}.]")
                ]
                tweets = {c.agent: c.index for c in made["tweet"] if c.about["round"] == number}
                assert heard == [f"TWEET of {name}: speech-{tweets[name]}" for name in pair] + said


def test_a_tweet_is_written_before_those_of_the_round_are_read() -> None:
    made = play_out(exchange(SIMULATED))
    for call in made["tweet"]:
        heard = [body for body in bodies(call) if body.startswith("TWEET of")]
        assert len(heard) == 2 * (int(str(call.about["round"])) - 1)


def test_first_opinions_and_reasons_are_remembered_by_those_who_told_them_only() -> None:
    degrees = dict(zip(NAMES, OPINION.options, strict=False))

    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply(degrees[call.agent])
        return reply(f"because-{call.agent}") if call.purpose == "reason" else plain_reply(call)

    for call in play_out(exchange(SIMULATED), answer)["chat"]:
        shown = "\n".join(bodies(call))
        assert re.findall(r"MEMORY\[(.*)\]", shown) == [degrees[call.agent]]
        assert re.findall(r"MY REASON: (.*)", shown) == [f"because-{call.agent}"]


def test_a_reason_is_asked_for_the_opinion_that_was_told() -> None:
    made = play_out(exchange(SIMULATED))
    assert {bodies(call)[-1] for call in made["reason"]} == {"REASON[certainly disagree]"}
    assert [call.about["when"] for call in made["reason"]] == ["before"] * 4 + ["after"] * 4


def test_opinions_and_reasons_from_the_file_are_remembered_and_last_ones_are_not() -> None:
    for mode in ("simulate_talk", "next_message", "simulate_all"):
        call = play_out(exchange(recorded(mode)))["chat"][0]
        shown = "\n".join(bodies(call))
        assert "MEMORY[certainly agree]" in shown
        assert "MY REASON: initial-Ann" in shown
        assert "final-" not in shown


# The modes that play a record


def test_simulated_chats_follow_the_tweets_on_record() -> None:
    episode = exchange(recorded("simulate_talk"))
    made = play_out(episode)
    call = next(c for c in made["chat"] if c.agent == "Bo" and c.about["round"] == 1)
    assert bodies(call)[1:5] == [
        "MEETING[1|Ann|Bo]",
        "TWEET of Ann: t1-Ann",
        "TWEET of Bo: t1-Bo",
        "Ann: speech-0",
    ]
    assert not any("u1-" in body for calls in made.values() for c in calls for body in bodies(c))


def test_beside_the_simulated_chats_stands_what_the_record_has() -> None:
    episode = exchange(recorded("simulate_talk"))
    play_out(episode)
    own = [event for event in events(episode, Utterance) if event.human is None]
    true = [event for event in events(episode, Utterance) if event.human is not None]
    assert len(own) == 18
    assert {event.message for event in true} == {None}
    assert [(e.speaker, e.partner, e.position, text(episode, e.human)) for e in true[:4]] == [
        ("Ann", "Bo", 1, "u1-Ann-1"),
        ("Bo", "Ann", 2, "u1-Ann-2"),
        ("Bo", "Ann", 3, "u1-Ann-3"),
        ("Ann", "Bo", 4, "u1-Ann-4"),
    ]
    tweets = [
        (event.agent, event.round, event.message, text(episode, event.human))
        for event in events(episode, Tweet)
    ]
    assert tweets == [(name, n, None, f"t{n}-{name}") for n in (1, 2, 3) for name in NAMES]


def test_a_message_is_predicted_from_what_was_said_before_it_and_from_no_prediction() -> None:
    made = play_out(exchange(recorded("next_message")))
    heard: dict[str, list[str]] = {name: [] for name in NAMES}
    tweets, chats = iter(made["tweet"]), {call.index: call for call in made["chat"]}
    order = iter(sorted(chats))
    for number, pairs in enumerate(MEETINGS, 1):
        for name in NAMES:
            call = next(tweets)
            assert call.agent == name
            assert bodies(call)[1:-4] == heard[name]
        for pair in pairs:
            meeting = [f"MEETING[{number}|{pair[0]}|{pair[1]}]"]
            meeting += [f"TWEET of {name}: t{number}-{name}" for name in pair]
            for name in pair:
                heard[name] += meeting
        for pair in pairs:
            for place, speaker in enumerate((pair[0], pair[1], pair[1], pair[0]), 1):
                call = chats[next(order)]
                assert call.agent == speaker
                assert bodies(call)[1:-4] == heard[speaker]
                for name in pair:
                    heard[name].append(f"{speaker}: u{number}-{pair[0]}-{place}")
    for call in made["opinion"]:
        assert bodies(call)[1:-4] == heard[call.agent]


def test_each_prediction_stands_beside_the_truth() -> None:
    episode = exchange(recorded("next_message"))
    made = play_out(episode)
    said = [f"speech-{call.index}" for call in sorted(made["tweet"] + made["chat"], key=lambda c: c.index)]
    told = [event for _, event in episode.events if isinstance(event, Tweet | Utterance)]
    assert [text(episode, event.message) for event in told] == said
    first = [f"t1-{name}" for name in NAMES] + [
        f"u1-{name}-{n}" for name in ("Ann", "Cem") for n in (1, 2, 3, 4)
    ]
    assert [text(episode, event.human) for event in told[:12]] == first


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


# What is refused


Breaking = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("breaking", "words"),
    [
        (lambda file: file.pop("human"), "needs the record of a group"),
        (lambda file: file["human"].pop(), "4 people meet in 3 rounds; there are 2"),
        (lambda file: file["human"][1]["tweets"].pop("Bo"), "the tweet of Bo is missing"),
        (lambda file: file["human"][1]["tweets"].update(Eve="x"), "'Eve' is none of the participants"),
        (lambda file: file["human"][1]["tweets"].update(Bo=" "), "human.1.tweets.Bo"),
        (lambda file: file["human"][0]["dyads"].pop(), "Cem is in 0 dyads"),
        (lambda file: file["human"][0]["dyads"][0].update(pair=["Ann", "Cem"]), "Bo is in 0 dyads"),
        (lambda file: file["human"][0]["dyads"][0].update(pair=["Ann", "Ann"]), "Ann is in 2 dyads"),
        (lambda file: file["human"][0]["dyads"][0].update(pair=["Ann", "Eve"]), "Bo is in 0 dyads"),
        (lambda file: file["human"][0]["dyads"][0]["utterances"].clear(), "utterances"),
        (
            lambda file: file["human"][0]["dyads"][0]["utterances"][0].update(speaker="Cem"),
            "'Cem' is not in the",
        ),
        (lambda file: file["human"].__setitem__(2, file["human"][0]), "have met in round 1 already"),
        (lambda file: file["participants"][2].pop("initial"), "needs the `initial` opinion of Cem"),
        (lambda file: file["participants"][2]["initial"].update(opinion=1.0), "an opinion is one of"),
        (lambda file: file.update(topics=["A.", "B."]), "a record is about one topic, not 2"),
    ],
)
def test_a_record_that_is_incomplete_or_wrong_is_refused(breaking: Breaking, words: str) -> None:
    file = recorded("next_message")
    breaking(file)
    with pytest.raises(BadInput, match=re.escape(words)):
        check(file, "test.yaml")


def test_an_opinion_in_the_file_is_about_one_topic() -> None:
    people = deepcopy(SIMULATED["participants"])
    people[1]["final"] = {"opinion": -1.5}
    with pytest.raises(BadInput, match="an opinion is about one topic, not 2"):
        check(SIMULATED | {"participants": people, "topics": ["A.", "B."]}, "test.yaml")


# The contract


def simulated_readers(episode: Episode[Any], call: Call) -> set[str]:
    """A tweet or a message is for the partner of that round; opinions and reasons are for nobody."""
    if call.purpose not in ("tweet", "chat"):
        return set()
    return {partners(episode)[int(str(call.about["round"])), call.agent]}


def recorded_readers(_episode: Episode[Any], call: Call) -> set[str]:
    """Only chats are simulated; each is for the two whom the record pairs."""
    if call.purpose != "chat":
        return set()
    pairs = MEETINGS[int(str(call.about["round"])) - 1]
    return set(next(pair for pair in pairs if call.agent in pair))


def record_secrets(mode: str) -> dict[tuple[str | int, ...], set[str]]:
    """Who may read each text of the record."""
    secrets: dict[tuple[str | int, ...], set[str]] = {}
    for position, name in enumerate(NAMES):
        secrets["participants", position, "initial", "justification"] = {name}
        secrets["participants", position, "final", "justification"] = set()
    for number, pairs in enumerate(MEETINGS):
        for dyad, pair in enumerate(pairs):
            for name in pair:
                secrets["human", number, "tweets", name] = set() if mode == "simulate_all" else set(pair)
            for place in range(4):
                where = ("human", number, "dyads", dyad, "utterances", place, "text")
                secrets[where] = set(pair) if mode == "next_message" else set()
    return secrets


def test_the_contract_holds_when_everything_is_simulated() -> None:
    people = SIMULATED["participants"]
    check_contract(
        SIMULATED,
        may_read=simulated_readers,
        refused=[
            ({"participants": people[:3]}, "3 people can't all be paired"),
            ({"participants": [*people[:3], {"name": " ann "}]}, "two agents are named"),
            ({"participants": people[:1]}, "participants"),
            ({"mode": "next_message"}, "needs the record"),
            ({"topics": []}, "topics"),
            ({"topics": [" "]}, "topics"),
        ],
    )


def test_the_contract_holds_when_a_record_gives_the_first_opinions() -> None:
    check_contract(
        recorded("simulate_all"), may_read=simulated_readers, secrets=record_secrets("simulate_all")
    )


def test_the_contract_holds_when_talk_is_simulated() -> None:
    check_contract(
        recorded("simulate_talk"), may_read=recorded_readers, secrets=record_secrets("simulate_talk")
    )


def test_the_contract_holds_when_messages_are_predicted() -> None:
    check_contract(recorded("next_message"), may_read=lambda *_: (), secrets=record_secrets("next_message"))


@pytest.mark.parametrize("file", sorted(READY.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_ready_made_files_play_to_their_end(file: Path) -> None:
    scenario = load(file)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["told"] == 4
