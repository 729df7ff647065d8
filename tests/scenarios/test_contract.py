"""The contract holds for the scenarios here, and is broken by rules that break it."""

from __future__ import annotations

from typing import Any

from agents.calls import Call
from scenarios.contract import check_contract
from scenarios.debate.rules import Debate
from scenarios.episode import Episode

DEBATE: dict[str, Any] = {
    "scenario": "debate",
    "motions": ["Cities should plant more trees."],
    "debaters": [
        {"name": "Ann", "stance": "for", "persona": "A nurse."},
        {"name": "Bo", "stance": "against", "persona": "A baker."},
        {"name": "Cem", "persona": "A poet."},
    ],
    "hearing": {"edges": [["Ann", "Bo"], ["Bo", "Cem"]]},
    "judges": [{"name": "Kim", "persona": "Strict."}],
    "rounds": 2,
}


def hears(episode: Episode[Any], call: Call) -> set[str]:
    assert isinstance(episode, Debate)
    if call.purpose != "argue":
        return set()
    return {agent.name for agent in (*episode.listeners[call.agent], *episode.judges)}


def test_debate_keeps_it() -> None:
    check_contract(
        DEBATE,
        may_read=hears,
        refused=[
            ({"panel": 2}, "a panel of 2"),
            ({"judges": [{"name": " ann "}]}, "two agents are named"),
            ({"hearing": {"edges": [["Ann", "Bo"]]}}, "Cem would neither hear"),
        ],
    )
