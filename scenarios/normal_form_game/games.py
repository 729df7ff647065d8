"""Games in normal form: those with a name, and payoff tables from a file.

A table holds a list of payoffs, one a player, for each profile of moves: of two players
`payoffs[first's move][second's move] = [to the first, to the second]`, and one level deeper for
each further player. Which numbers a named game has is ours, within what defines it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from palaestra.scenarios.core.config import Location

GameName = Literal[
    "prisoners_dilemma",
    "stag_hunt",
    "chicken",
    "battle_of_sexes",
    "matching_pennies",
    "rock_paper_scissors",
    "hide_and_seek",
    "public_goods",
]
Moves = tuple[str, ...]
Profile = tuple[int, ...]

TWO_PLAYERS: dict[str, tuple[Moves, list[list[list[float]]]]] = {
    "prisoners_dilemma": (("cooperate", "defect"), [[[3, 3], [0, 5]], [[5, 0], [1, 1]]]),
    "stag_hunt": (("stag", "hare"), [[[4, 4], [1, 3]], [[3, 1], [2, 2]]]),
    "chicken": (("swerve", "straight"), [[[0, 0], [-1, 1]], [[1, -1], [-10, -10]]]),
    "battle_of_sexes": (("opera", "football"), [[[3, 2], [0, 0]], [[0, 0], [2, 3]]]),
    "matching_pennies": (("heads", "tails"), [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]),
    "rock_paper_scissors": (
        ("rock", "paper", "scissors"),
        [[[0, 0], [-1, 1], [1, -1]], [[1, -1], [0, 0], [-1, 1]], [[-1, 1], [1, -1], [0, 0]]],
    ),
}
COOPERATIVE = ("prisoners_dilemma", "stag_hunt", "chicken")
"""Games whose first move is the cooperative one."""
MOST_MOVES = 8
MOST_PLAYERS = 8
MOST_PROFILES = 256


@dataclass(frozen=True, eq=False)
class Game:
    """A game in normal form.

    Attributes:
        name: of it, "" for a table from a file.
        moves: of each player.
        payoffs: of shape (moves of the first player, …, of the last, players).
        cooperation: of each player, how cooperative each move is, 0–1; None where the game has no such move.
    """

    name: str
    moves: tuple[Moves, ...]
    payoffs: NDArray[np.float64]
    cooperation: tuple[tuple[float, ...], ...] | None = None

    def payoff(self, profile: Profile) -> list[float]:
        """What each player gets."""
        return [float(payoff) for payoff in self.payoffs[profile]]

    def profiles(self) -> Iterator[Profile]:
        """Every combination of moves."""
        return product(*(range(len(moves)) for moves in self.moves))


def two_player_game(name: str) -> Game:
    """A named game of two."""
    moves, table = TWO_PLAYERS[name]
    cooperation = ((1.0, 0.0),) * 2 if name in COOPERATIVE else None
    return Game(name, (moves, moves), np.array(table, dtype=float), cooperation)


def hide_and_seek(places: int) -> Game:
    """The first player hides, the second looks in one place: who succeeds gets 1, the other 0."""
    moves = tuple(f"place {number}" for number in range(1, places + 1))
    found = np.eye(places)
    return Game("hide_and_seek", (moves, moves), np.stack([1 - found, found], axis=-1))


def public_goods(players: int, endowment: int, multiplier: float, levels: int) -> Game:
    """Each puts a part of its endowment into a pot that is multiplied and shared equally.

    u_i = endowment − c_i + multiplier · Σ c / players, with contributions c in `levels` equal steps
    from 0 to the endowment. A contribution is as cooperative as its share of the endowment.
    """
    amounts = np.linspace(0, endowment, levels)
    moves = tuple(f"{amount:.10g} point{'' if amount == 1 else 's'}" for amount in amounts)
    given = np.stack(np.meshgrid(*[amounts] * players, indexing="ij"), axis=-1)
    payoffs = endowment - given + multiplier * given.sum(axis=-1, keepdims=True) / players
    shares = tuple(float(amount) / endowment for amount in amounts)
    return Game("public_goods", (moves,) * players, payoffs, (shares,) * players)


def shape_problems(
    payoffs: JsonValue, moves: Sequence[Moves], names: Sequence[str]
) -> Iterator[tuple[Location, str]]:
    """Where a table from a file isn't of the shape that `moves` need, or holds no numbers.

    Args:
        payoffs: the table.
        moves: of each player.
        names: of the players.
    """
    if prod(map(len, moves)) > MOST_PROFILES:
        yield (), f"a table may have at most {MOST_PROFILES} combinations of moves; take fewer moves"
        return
    yield from _shape_problems(payoffs, (), moves, names)


def _shape_problems(
    node: JsonValue, place: Location, moves: Sequence[Moves], names: Sequence[str]
) -> Iterator[tuple[Location, str]]:
    depth = len(place)
    if depth == len(moves):
        if not isinstance(node, list) or len(node) != len(names):
            told = ", ".join(
                f"{name} {own[int(i)]}" for name, own, i in zip(names, moves, place, strict=True)
            )
            yield place, f"{told}: give a list of {len(names)} payoffs, one a player, not {node!r}"
            return
        for position, payoff in enumerate(node):
            if isinstance(payoff, bool) or not isinstance(payoff, int | float) or not isfinite(payoff):
                told = f"with {len(names)} players a payoff is a finite number in {len(names) + 1} lists"
                yield (*place, position), f"{payoff!r} is no payoff; {told}"
        return
    own = moves[depth]
    if not isinstance(node, list) or len(node) != len(own):
        found = f"a list of {len(node)}" if isinstance(node, list) else repr(node)
        told = f"{names[depth]} has {len(own)} moves ({', '.join(own)})"
        yield place, f"{told}: give a list of {len(own)} entries, one a move, not {found}"
        return
    for position, child in enumerate(node):
        yield from _shape_problems(child, (*place, position), moves, names)
