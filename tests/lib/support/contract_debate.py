"""A debate in which not everybody hears everybody, for what must stay private."""

from __future__ import annotations

from typing import Any

from palaestra.agents.calls import Call
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.debate.rules import Debate

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
