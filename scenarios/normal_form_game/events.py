"""What is recorded of a normal-form game, beside the picks of `palaestra.scenarios.parts.picking`."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class GamePlayed(Event):
    """What is played.

    Attributes:
        name: of the game, "" for a table from the file.
        players, moves: names of the players and, of each, of its moves, as JSON lists.
        payoffs: nested JSON lists, one level a player and one entry a move, innermost the payoffs.
    """

    table = "game"

    name: str
    players: str
    moves: str
    payoffs: str


@dataclass(frozen=True, slots=True)
class GamePayoff(Event):
    """What a player got in a round (from 1).

    Attributes:
        agent, round: who, and when.
        payoff: points; None where somebody made no move, so that there was no game.
        cooperation: how cooperative its move was, 0–1; None without a move, or in games that
            have no cooperative one.
    """

    table = "payoff"

    agent: str
    round: int
    payoff: float | None
    cooperation: float | None


@dataclass(frozen=True, slots=True)
class GameSpeech(Event):
    """What a player said before a round (from 1): which message; None when nothing."""

    table = "speech"

    agent: str
    round: int
    message: int | None
