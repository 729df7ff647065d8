"""What the log of a game of hidden roles tells; rounds count from 1, a round is a day and its night."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Role(Event):
    """Who plays what.

    Attributes:
        player: who.
        role: a team's name, or "seer".
        team: the name of the team.
        minority: whether that is the informed team.
        enforced: whether the file says so; else it was dealt.
    """

    player: str
    role: str
    team: str
    minority: bool
    enforced: bool


@dataclass(frozen=True, slots=True)
class Belief(Event):
    """What one player privately thinks of another.

    Attributes:
        round: when.
        moment: "before" or "after" the talk of the day.
        agent, about: who thinks so, of whom.
        suspicion: 0–1, that `about` is of the minority: the expectation over the option
            probabilities where there are any, else the option chosen, over 10; None when
            it could not be parsed.
        trust: 0–1, likewise.
    """

    round: int
    moment: str
    agent: str
    about: str
    suspicion: float | None
    trust: float | None


@dataclass(frozen=True, slots=True)
class DeductionSpeech(Event):
    """Something said.

    Attributes:
        round: when.
        phase: "discussion" or "elimination", heard by all; "night", heard by the minority.
        pass_number: 1, or 2 for what reacts to pass 1.
        agent, role: who.
        message: number of the message; None when nothing could be said.
    """

    table = "speech"

    round: int
    phase: str
    pass_number: int
    agent: str
    role: str
    message: int | None


@dataclass(frozen=True, slots=True)
class DeductionVote(Event):
    """One vote.

    Attributes:
        round: when.
        when: "day" or "night".
        voter, role: whose.
        target: whom it names; None when it could not be parsed.
        valid: whether it names somebody.
    """

    table = "vote"

    round: int
    when: str
    voter: str
    role: str
    target: str | None
    valid: bool


@dataclass(frozen=True, slots=True)
class Elimination(Event):
    """Somebody is out.

    Attributes:
        round: when.
        when: "day", voted out by all, or "night", killed by the minority.
        player, role: who.
        votes: how many named them; 0 where there was no vote since nobody else was left to kill.
        tie: whether others had as many votes and only the order decided.
    """

    round: int
    when: str
    player: str
    role: str
    votes: int
    tie: bool


@dataclass(frozen=True, slots=True)
class Inspection(Event):
    """What the seer learned in a night; `target` and `team` are None when it named nobody."""

    round: int
    seer: str
    target: str | None
    team: str | None
    valid: bool
