"""Four people who meet in pairs: simulated, or on record."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check
from palaestra.scenarios.opinion_exchange.events import Pairing
from palaestra.scenarios.opinion_exchange.rules import OpinionExchange

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


def partners(episode: Episode[Any]) -> dict[tuple[int, str], str]:
    """Who is told to meet whom in which round."""
    met: dict[tuple[int, str], str] = {}
    for _, event in episode.events:
        if isinstance(event, Pairing):
            met[event.round, event.first] = event.second
            met[event.round, event.second] = event.first
    return met
