"""The fields of a normal-form game's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field, FiniteFloat, JsonValue

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.normal_form_game.games import (
    MOST_MOVES,
    MOST_PLAYERS,
    MOST_PROFILES,
    Game,
    GameName,
    Moves,
    hide_and_seek,
    public_goods,
    shape_problems,
    two_player_game,
)
from palaestra.scenarios.parts.picking import SAMPLES_MEANING

Problems = Iterator[tuple[Location, str]]
ONLY_OF = {
    "places": "hide_and_seek",
    "endowment": "public_goods",
    "multiplier": "public_goods",
    "levels": "public_goods",
}
"""Fields that mean something in one game only."""


class NormalFormGameConfig(ScenarioConfig):
    """A game in normal form, played once or again and again, with or without talk before."""

    scenario: Literal["normal_form_game"] = "normal_form_game"
    game: GameName | None = Field(None, description="A game by its name; or leave it out and give `payoffs`.")
    payoffs: list[JsonValue] | None = Field(
        None,
        description="Instead of `game`: nested lists, one level a player and one entry a move, in the order "
        "of `players` and `moves`; innermost a list of one payoff a player. Of two players, "
        "payoffs[0][1] = [to the first, to the second] when the first plays its first move and the second "
        "its second.",
    )
    moves: list[str] | list[list[str]] = Field(
        [],
        description="What the moves are called, which all players have, or a list for each player. "
        "With `game`, other names for its moves, in its order. Default: the game's own.",
    )
    cooperative: str | None = Field(
        None, description="With `payoffs`: the move that counts as cooperation. Default: none does."
    )
    places: int | None = Field(
        None, ge=2, le=MOST_MOVES, description="Of hide_and_seek: how many places there are. Default: 4."
    )
    endowment: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Of public_goods: what each player has in a round, points. Default: 10.",
    )
    multiplier: FiniteFloat | None = Field(
        None,
        gt=0,
        description="Of public_goods: the factor by which the pot grows before it is shared. Default: 1.6.",
    )
    levels: int | None = Field(
        None,
        ge=2,
        le=MOST_MOVES,
        description="Of public_goods: how many contributions there are, from 0 to all in equal steps. "
        "Default: 3.",
    )
    players: list[Participant] = Field(
        [Participant(name="Ann"), Participant(name="Bo")],
        min_length=2,
        max_length=MOST_PLAYERS,
        description="Who plays; the first hides in hide_and_seek.",
    )
    rounds: int = Field(1, ge=1, le=200, description="1 plays once; more, and players see what happened.")
    talk: bool = Field(False, description="Let all players say something to all others before each round.")
    samples: int = Field(1, ge=1, le=100, description=SAMPLES_MEANING)
    words: int = Field(20, ge=5, le=100, description="Length of a message that the prompts ask for, words.")

    @property
    def pot(self) -> tuple[int, float, int]:
        """Endowment, multiplier and levels of public_goods."""
        return self.endowment or 10, self.multiplier or 1.6, self.levels or 3

    @cached_property
    def own_moves(self) -> tuple[Moves, ...]:
        """The moves of each player as the file names them."""
        each = [names for names in self.moves if isinstance(names, list)]
        shared = tuple(name for name in self.moves if isinstance(name, str))
        return tuple(map(tuple, each)) if each else (shared,) * len(self.players)

    @cached_property
    def table(self) -> Game:
        """The game that is played, its moves under the file's names."""
        if self.game is None:
            cooperation = None
            if self.cooperative is not None:
                cooperation = tuple(
                    tuple(float(move == self.cooperative) for move in own) for own in self.own_moves
                )
            return Game("", self.own_moves, np.array(self.payoffs, dtype=float), cooperation)
        found = self._named(self.game)
        return Game(found.name, self.own_moves, found.payoffs, found.cooperation) if self.moves else found

    def _named(self, name: str) -> Game:
        if name == "hide_and_seek":
            return hide_and_seek(self.places or 4)
        if name == "public_goods":
            return public_goods(len(self.players), *self.pot)
        return two_player_game(name)

    def problems(self) -> Problems:
        """No game or two; tables, moves and players that don't fit each other."""
        yield from name_problems(players=self.players)
        for field, name in ONLY_OF.items():
            if getattr(self, field) is not None and self.game != name:
                yield (field,), f"`{field}` is for {name} only; leave it out"
        broken = list(self._move_problems())
        yield from broken
        if self.game is not None:
            yield from self._named_problems(self.game)
        elif self.payoffs is None:
            yield (), "name a `game`, or give `payoffs` and `moves`"
        elif not self.moves:
            yield ("payoffs",), "`payoffs` needs `moves`, the names of what its rows and columns stand for"
        elif self.cooperative is not None and any(self.cooperative not in own for own in self.own_moves):
            yield ("cooperative",), f"there is no move {self.cooperative!r} that every player has"
        elif not broken:
            names = [player.name for player in self.players]
            for location, message in shape_problems(self.payoffs, self.own_moves, names):
                yield ("payoffs", *location), message

    def _named_problems(self, name: str) -> Problems:
        if self.payoffs is not None:
            yield ("payoffs",), f"{name} has its own payoffs; leave out `game` or `payoffs`"
        if self.cooperative is not None:
            yield ("cooperative",), f"{name} knows which move cooperates; leave `cooperative` out"
        if name == "public_goods":
            if self.moves:
                yield ("moves",), "the moves of public_goods are amounts; set `endowment` and `levels`"
            levels = self.pot[2]
            if levels ** len(self.players) > MOST_PROFILES:
                told = f"{levels} levels of {len(self.players)} players are over {MOST_PROFILES}"
                yield ("levels",), f"{told} combinations of moves; take fewer levels or players"
            return
        if len(self.players) != 2:
            yield ("players",), f"{name} is a game of 2 players, not of {len(self.players)}"
        elif self.moves:
            wanted = len(self._named(name).moves[0])
            for position, own in enumerate(self.own_moves):
                if len(own) != wanted:
                    place = ("moves",) if isinstance(self.moves[0], str) else ("moves", position)
                    yield place, f"{name} has {wanted} moves, and there are names for {len(own)}"
                    return

    def _move_problems(self) -> Problems:
        shared = not self.moves or isinstance(self.moves[0], str)
        if not shared and len(self.moves) != len(self.players):
            told = f"{len(self.moves)} lists of moves for {len(self.players)} players"
            yield ("moves",), f"there are {told}; give one for each, or one list for all"
        for position, own in enumerate(self.own_moves[:1] if shared else self.own_moves):
            place: Location = ("moves",) if shared else ("moves", position)
            if self.moves and not 2 <= len(own) <= MOST_MOVES:
                yield place, f"there are {len(own)} moves; a player needs 2 to {MOST_MOVES}"
            for number, move in enumerate(own):
                if not move or move != move.strip():
                    yield (*place, number), f"{move!r} is empty or has outer spaces"
                if move in own[:number]:
                    yield (*place, number), f"the move {move!r} is named twice"
