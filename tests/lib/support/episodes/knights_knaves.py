"""Debates on one puzzle, and answers to every kind of call in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.knights_knaves.config import KnightsKnavesConfig
from palaestra.scenarios.knights_knaves.rules import KnightsKnaves
from support.hand_solved import BY_HAND, SOLUTION
from support.scripted_debates import failure, reply

FILE: dict[str, Any] = {
    "scenario": "knights_knaves",
    "engines": {"default": {"kind": "scripted"}},
    "puzzles": [BY_HAND],
    "debaters": [
        {"name": "Ann", "persona": "Careful."},
        {"name": "Bo", "persona": "Quick."},
        {"name": "Cem", "persona": "Stubborn."},
    ],
}
DANA = {"name": "Dana", "persona": "Fair."}
TALK = {"reasoning": "", "agree_with": [], "disagree_with": []}


def debate(index: int = 0, **fields: Any) -> KnightsKnaves:
    """One episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, KnightsKnavesConfig)
    return KnightsKnaves(config, index=index)


def answers(roles: Callable[[Call], str | None] | None = None, **special: Any) -> Callable[[Call], Reply]:
    """True roles, unless `roles` gives others (None for a failure); confidence 7; short texts.

    Keywords replace the answers of a purpose: a text or a dictionary, None for a failure.
    """

    def answer(call: Call) -> Reply:
        player = str(call.about.get("player"))
        if call.purpose in special:
            given = special[call.purpose]
        elif call.purpose == "discuss":
            given = {**TALK, "reasoning": f"because-{call.agent}-{player}"}
        elif isinstance(call.answer, Choice) and call.purpose != "confidence":
            given = roles(call) if roles else SOLUTION[player]
        else:
            given = "7" if call.purpose == "confidence" else f"{call.purpose}-{call.agent}"
        if isinstance(given, dict):
            return replace(reply(json.dumps(given)), value=given)
        return failure("mumble") if given is None else reply(given)

    return answer
