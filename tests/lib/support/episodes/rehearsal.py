"""Rehearsals of one question, and replies to every kind of call in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.rehearsal.config import RehearsalConfig
from palaestra.scenarios.rehearsal.rules import Rehearsal
from support.scripted_debates import failure, plain_reply, reply

BACKUP = ["Friend", "Doctor", "Parent", "Teacher"]
FILE: dict[str, Any] = {
    "scenario": "rehearsal",
    "engines": {"default": {"kind": "scripted"}},
    "questions": ["May I climb the fence?", "May I feed the dog?"],
    "answerer": {"name": "Ada", "persona": "Careful."},
    "modulator": {"name": "Mod", "persona": "Inventive."},
    "backup_roles": BACKUP,
    "roles": 2,
    "steps": 4,
    "tries": 2,
    "judges": [{"name": "Kim", "persona": "Strict."}, {"name": "Lund", "persona": "Mild."}],
}
FORMS: dict[str, dict[str, Any]] = {
    "imagine": {"situation": "A ball is behind a fence.", "wish": "The ball."},
    "cast": {"asker": "Boy", "others": ["Guard", "Sister"]},
    "plan": {"steps": ["Step one.", "Step two.", "Step three.", "Step four."]},
    "profile": {"traits": "calm", "status": "awake"},
}
Answering = Callable[[Call], Reply]


def rehearsal(index: int = 0, **fields: Any) -> Rehearsal:
    """An episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, RehearsalConfig)
    return Rehearsal(config, index=index)


def form(value: dict[str, Any]) -> Reply:
    return Reply(text=json.dumps(value), value=value)


def telling(**given: Any) -> Answering:
    """Replies by purpose: an option, a form, a function of the call, or None for a failure.

    Elsewhere forms are those above, choices their first option, texts tell their call's number.
    """

    def answer(call: Call) -> Reply:
        told = given.get(call.purpose, FORMS.get(call.purpose, ...))
        told = told(call) if callable(told) else told
        if told is ...:
            return plain_reply(call)
        if told is None:
            return failure("mumble")
        return form(told) if isinstance(told, dict) else reply(told)

    return answer


def shown(call: Call) -> list[str]:
    """What a prompt shows between the agent's persona, or its rules, and the request."""
    return [message.body for message in call.prompt[1:-1]]
