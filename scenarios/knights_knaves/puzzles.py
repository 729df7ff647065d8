"""Puzzles of knights, knaves and spies: what they say in all, their solutions, new ones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.knights_knaves.statements import (
    Role,
    Statement,
    Worlds,
    draw_statement,
    listed,
    worlds,
)

NAMES = ("Vic", "Uma", "Tess", "Sol", "Roy", "Quinn", "Pip", "Olga", "Ned")
"""The players of puzzles that are generated, as many as a puzzle may have."""


Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]


class RolePuzzle(Settings):
    """A puzzle: each player makes one statement, in order; the manager's are all true."""

    players: tuple[Name, ...] = Field(min_length=3, max_length=len(NAMES), description="Names, in order.")
    spies: int = Field(1, ge=0, description="How many of the players are spies; the manager says so.")
    statements: tuple[Statement, ...] = Field(description="What each player says, in the players' order.")
    hints: tuple[Statement, ...] = Field((), description="What the manager says beside the number of spies.")

    @property
    def text(self) -> str:
        """The puzzle in English, one speaker a line."""
        number = f"exactly {self.spies} of the players {'is a spy' if self.spies == 1 else 'are spies'}"
        lines = [f"The players are {listed(self.players)}.", f"The manager says: {number}."]
        lines += [f"The manager says: {hint.words}." for hint in self.hints]
        said = zip(self.players, self.statements, strict=True)
        return "\n".join([*lines, *(f"{name} says: {statement.words}." for name, statement in said)])

    def problem(self) -> str | None:
        """What makes this no puzzle, None when it is one with exactly one solution."""
        if len({name.strip().casefold() for name in self.players}) < len(self.players):
            return "two players have the same name"
        if self.spies >= len(self.players):
            return f"{self.spies} of {len(self.players)} players can't be spies; somebody must be none"
        if len(self.statements) != len(self.players):
            return f"{len(self.players)} players need as many statements, not {len(self.statements)}"
        for number, name in enumerate(self.players):
            told = self.statements[number].problem(self.players, self.players[:number])
            if told:
                return f"{name}'s statement: {told}"
        for hint in self.hints:
            if told := hint.problem(self.players, self.players):
                return f"a hint: {told}"
        found = len(solutions(self))
        return None if found == 1 else f"the puzzle has {found or 'no'} solutions, not one"


def solutions(puzzle: RolePuzzle) -> list[dict[str, Role]]:
    """Every assignment of roles under which all knights speak true, all knaves false, and all hints hold."""
    among = worlds(puzzle.players, puzzle.spies)
    left = _left(among, [*puzzle.statements, *puzzle.hints])
    bits = [bit for bit in range(left.bit_length()) if left >> bit & 1]
    return [dict(zip(puzzle.players, among.assignments[bit], strict=True)) for bit in bits]


def _left(among: Worlds, statements: Sequence[Statement]) -> int:
    """The assignments that the statements leave: the players' in order, then the manager's."""
    telling: dict[str, int] = {}
    left = among.all
    for name, statement in zip(among.players, statements, strict=False):
        true = telling[name] = among.truth(statement, telling)
        knight, spy = among.where[name, "knight"], among.where[name, "spy"]
        left &= spy | among.all ^ (knight ^ true)
    for hint in statements[len(among.players) :]:
        left &= among.truth(hint, telling)
    return left


def draw_puzzle(random: Random, players: Sequence[str], spies: int = 1, hints: int = 0) -> RolePuzzle:
    """A puzzle with exactly one solution.

    Statements and hints are drawn, then redrawn one at a time, keeping each that leaves no
    more solutions than before and at least one, until one solution is left; after sixty
    redraws for each of them all begins anew. Drawing whole puzzles until one has a single
    solution, as published, takes hours with several spies.

    Args:
        random: the chance.
        players: their names, in speaking order; 3 to 9.
        spies: how many are spies, less than the players.
        hints: how many statements of the manager are added.
    """
    players = tuple(players)
    among = worlds(players, spies)
    size = len(players) + hints
    while True:
        drawn = [draw_statement(random, players, players[:number]) for number in range(size)]
        count = _left(among, drawn).bit_count()
        for _ in range(60 * size):
            if count == 1:
                said, told = drawn[: len(players)], drawn[len(players) :]
                return RolePuzzle(players=players, spies=spies, statements=tuple(said), hints=tuple(told))
            number = random.randrange(size)
            kept = drawn[number]
            drawn[number] = draw_statement(random, players, players[:number])
            now = _left(among, drawn).bit_count()
            if count == 0 or 0 < now <= count:
                count = now
            else:
                drawn[number] = kept
