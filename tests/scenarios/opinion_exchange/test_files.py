"""Records that are wrong, ready-made files, and the contract in every mode."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from support.episodes.opinion_exchange import MEETINGS, NAMES, SIMULATED, partners, recorded

READY = Path(__file__).parents[3] / "scenarios" / "opinion_exchange" / "ready"

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


@pytest.mark.parametrize("mode", ["simulate_all", "simulate_talk", "next_message"])
def test_the_contract_holds_with_a_rater_who_alone_reads_everybody(mode: str) -> None:
    def may_read(episode: Episode[Any], call: Call) -> set[str]:
        heard: set[str] = set()
        if mode != "next_message":
            heard = (simulated_readers if mode == "simulate_all" else recorded_readers)(episode, call)
        return heard | ({"Rater"} if call.purpose in ("tweet", "chat") else set())

    secrets = record_secrets(mode)
    for where in secrets:
        if where[0] == "human":
            secrets[where] = secrets[where] | {"Rater"}
    rater = {"name": "Rater", "persona": "Strict."}
    check_contract(recorded(mode) | {"rater": rater}, may_read=may_read, secrets=secrets)


def test_a_rater_is_shown_a_text_and_no_name() -> None:
    config = check(recorded("next_message") | {"rater": {"name": "Rater"}}, "test.yaml")
    episode = config.rules(config.config, respond=scripted_replies)
    while episode.running:
        for call in episode.pending:
            if call.agent == "Rater":
                shown = "".join(message.body for message in call.prompt)
                assert not [name for name in NAMES if f"TWEET of {name}" in shown or f"{name}:" in shown]
        episode.step()


@pytest.mark.parametrize("file", sorted(READY.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_ready_made_files_play_to_their_end(file: Path) -> None:
    scenario = load(file)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["told"] == 4
