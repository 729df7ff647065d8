"""What happens in a persona interview, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """What somebody says about themselves.

    Attributes:
        agent: who.
        attribute: what it is about.
        round: after which round; 0 before the first.
        declared: what the persona says.
        answer: one of the options; None when it could not be parsed.
        correct: whether it is what the persona says; None without an answer.
        probability: 0–1 that the model gives to what the persona says; None where nobody knows.
        options: how many there were.
    """

    agent: str
    attribute: str
    round: int
    declared: str
    answer: str | None
    correct: bool | None
    probability: float | None
    options: int


@dataclass(frozen=True, slots=True)
class Chatted(Event):
    """A reply to what the interviewer brought up in a round, from 1.

    Attributes:
        agent: whose.
        round: in which round.
        message: number of the message; None when nothing could be said.
    """

    agent: str
    round: int
    message: int | None
