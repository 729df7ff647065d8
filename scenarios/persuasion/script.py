"""Who says what in which exchange, and what the persuader may then guess."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.persuasion.config import PersuasionConfig
from palaestra.scenarios.persuasion.mind import SLOTS, Slot


@dataclass(frozen=True, slots=True)
class ScriptPair:
    """An exchange: a speech of the persuader and the persuadee's answer.

    Attributes:
        move: what the persuader's speech is for; names its prompt.
        reply: what the persuadee's is for.
        guessed: what the persuader predicts once it has heard the reply.
    """

    move: str
    reply: str
    guessed: tuple[Slot, ...] = ()


WITH_PREVENTIVE = (
    ScriptPair("open", "reveal", (Slot("preventive", "belief"), Slot("preventive", "desire"))),
    ScriptPair("attack", "object", (Slot("generative", "belief"),)),
    ScriptPair("answer", "doubt", (Slot("generative", "desire"),)),
    ScriptPair("satisfy", "agree"),
)
WITHOUT_PREVENTIVE = (
    ScriptPair("request", "object", (Slot("generative", "belief"),)),
    *WITH_PREVENTIVE[2:],
)


def pairs(config: PersuasionConfig, *, preventive: bool) -> tuple[ScriptPair, ...]:
    """The exchanges of an episode; freely, everything is guessed after each but the last."""
    if config.form == "script":
        return WITH_PREVENTIVE if preventive else WITHOUT_PREVENTIVE
    return (
        *[ScriptPair("persuade", "reply", SLOTS)] * (config.exchanges - 1),
        ScriptPair("persuade", "reply"),
    )
