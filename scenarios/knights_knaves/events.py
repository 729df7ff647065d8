"""What is recorded of a knight–knave–spy debate."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Puzzle(Event):
    """What is to be solved.

    Attributes:
        players, spies, hints: how many.
        text: the puzzle in English.
        solution: "Vic: knight, …".
        formal: the puzzle as JSON, as a scenario file's `puzzles` takes it.
    """

    players: int
    spies: int
    hints: int
    text: str
    solution: str
    formal: str


@dataclass(frozen=True, slots=True)
class PuzzleAnswer(Event):
    """The role that a debater gives a player.

    Attributes:
        agent, player: who gives whom a role.
        moment: "initial", "discussion", "adjusted" or "final".
        discussed, round: the player under debate, and in which round (from 1) of "discussion".
        role: "knight", "knave" or "spy"; None when the answer could not be parsed.
        correct: whether it is the player's role; None without an answer.
        probability: 0–1 that the model gives to the player's true role; None where nobody knows.
        confidence: 1–10 in the first answers as a whole; None at other moments and where unknown.
    """

    table = "answer"

    agent: str
    moment: str
    player: str
    discussed: str | None
    round: int | None
    role: str | None
    correct: bool | None
    probability: float | None
    confidence: int | None


@dataclass(frozen=True, slots=True)
class Agreement(Event):
    """A debater says in a round (from 1) on a player that it agrees with another, or disagrees."""

    agent: str
    player: str
    round: int
    other: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Consensus(Event):
    """What the debaters together say of a player.

    Attributes:
        player: who.
        moment: "discussion", after the adjustment that ends its debate, or "final".
        role: the role; None when none is decided.
        votes: how many debaters gave it, and of how many (`given`) who answered.
        by: "majority" (strict), "supervisor", "plurality" or "nobody".
        correct: whether it is the player's role; None when none is decided.
    """

    player: str
    moment: str
    role: str | None
    votes: int
    given: int
    by: str
    correct: bool | None
