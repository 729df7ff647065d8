"""Peers on a grid who rate and revise answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.peer_feedback.config import PeerFeedbackConfig
from palaestra.scenarios.peer_feedback.rules import Peer, PeerFeedback
from support.scripted_debates import failure, plain_reply, reply

NAMES = ["Ann", "Bo", "Cem", "Dee"]
FILE: dict[str, Any] = {
    "scenario": "peer_feedback",
    "engines": {"default": {"kind": "scripted"}},
    "size": 2,
    "peers": [{"name": name, "persona": f"Persona of {name}."} for name in NAMES],
    "observer": {"name": "Otto", "persona": "Strict."},
    "questions": ["May I lie?", "May I steal?", "Who cooks?", "What is fair?"],
    "good_memories": [{"question": "May I lie?", "answer": "No, never."}],
    "bad_memories": [{"question": "Who cooks?", "answer": "Not me."}],
    "quota": 2,
    "distance": 0.3,
}


def feedback(index: int = 0, **fields: Any) -> PeerFeedback:
    """A world of four that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, PeerFeedbackConfig)
    return PeerFeedback(config, index=index)


def said(call: Call) -> list[str]:
    """What of others or of earlier a prompt shows, with its labels."""
    return [message.body for message in call.prompt if message.label]


def ratings(table: dict[tuple[str, str], str | None]) -> Callable[[Call], Reply]:
    """Answers with given ratings by author and peer, 1 elsewhere; None is one that can't be parsed."""

    def answer(call: Call) -> Reply:
        rating = table.get((str(call.about.get("author")), call.agent), "1")
        if call.purpose == "rate":
            return failure("mumble") if rating is None else reply(rating)
        return plain_reply(call)

    return answer


def peers(episode: PeerFeedback) -> list[Peer]:
    return [agent for agent in episode.agents if isinstance(agent, Peer)]
