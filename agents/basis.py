"""What an answer rests on: exact probabilities, a sample under a constraint, or words that happen to fit."""

from __future__ import annotations

from palaestra.agents.answers import Answer, Choice, Text
from palaestra.agents.calls import Reply

PROBABILITIES = "probabilities of the options"
SAMPLES = "samples, without probabilities: the engine tells none, or they hold too little mass"
WORDS = "samples asked in words only: the server keeps to no constraint"


def basis_of(answer: Answer, reply: Reply) -> str | None:
    """What `reply` rests on; None for texts, for failed answers, and for objects that are constrained."""
    if isinstance(answer, Text) or reply.failed:
        return None
    if reply.probabilities is not None:
        return PROBABILITIES
    if reply.plain:
        return WORDS
    return SAMPLES if isinstance(answer, Choice) else None
