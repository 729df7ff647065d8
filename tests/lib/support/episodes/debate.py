"""Debates with prompts whose parts are easy to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.debate.rules import Debate
from support.scripted_debates import debate as any_debate
from support.scripted_debates import failure, plain_reply

FOUR = [
    {"name": "Ann", "stance": "for", "persona": "A nurse.", "policy": "blue"},
    {"name": "Bo", "stance": "against", "persona": "A baker.", "policy": "red"},
    {"name": "Cem", "stance": "for", "persona": "A pilot."},
    {"name": "Dee", "stance": "undecided", "persona": "A poet."},
]
POLICIES: dict[str, Any] = {"default": {}, "blue": {}, "red": {}}
# Prompts whose parts are easy to tell, so that no test depends on the wording of the shipped ones.
PROMPTS = {
    "debater_rules": "RULES[{motion}]",
    "judge_rules": "JUDGE RULES[{motion}]",
    "heard": "HEARD",
    "persona": "PERSONA[{name}|{persona}|{position}]",
    "judge_persona": "JUDGE[{name}|{persona}]",
    "position_for": "FOR",
    "position_against": "AGAINST",
    "position_undecided": "UNDECIDED",
    "opinion_memory": "MEMORY[{opinion}]",
    "task_for": "FOR",
    "task_against": "AGAINST",
    "task_undecided": "UNDECIDED",
    "argue": "ARGUE[{round}|{task}]",
    "score": "SCORE[{speaker}|{criterion}|{description}]",
}


def debate(index: int = 0, **fields: Any) -> Debate:
    """A debate with prompts whose parts are easy to tell."""
    return any_debate(index, **{"prompts": PROMPTS, **fields})


def when(purpose: str, agent: str) -> Callable[[Call], Reply]:
    """Answers everything but one agent's calls of one purpose."""

    def answer(call: Call) -> Reply:
        if (call.purpose, call.agent) == (purpose, agent):
            return failure("mumble", "mumble mumble")
        return plain_reply(call)

    return answer
