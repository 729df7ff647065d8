"""Games in normal form as they were played: what each player did, read from `game` and `probability`.

A game is known by its payoffs as the log has them, a JSON text, so that what is computed from them
is computed once for all its episodes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.equilibria import Equilibrium, equilibria, values


class PlayedGame(NamedTuple):
    """What a player did in an episode.

    Attributes:
        episode: its number.
        seat: the player's place among those of the game, from 0.
        total: the distributions over its moves, summed over the rounds in which it moved.
        rounds: how many these are.
    """

    episode: int
    seat: int
    total: Numbers
    rounds: float


def played_games(game: pl.DataFrame, probability: pl.DataFrame) -> dict[str, list[PlayedGame]]:
    """What was played, by the game's payoffs as text; players who never moved are left out."""
    key = ["episode", "agent"]
    sums = probability.group_by(*key, "position").agg(pl.col("probability").sum())
    totals = {(episode, agent, move): total for episode, agent, move, total in sums.iter_rows()}
    counts = probability.group_by(key).agg(pl.col("round").n_unique())
    rounds = {(episode, agent): float(count) for episode, agent, count in counts.iter_rows()}
    found: dict[str, list[PlayedGame]] = {}
    for episode, players, text in game.select("episode", "players", "payoffs").iter_rows():
        for seat, name in enumerate(json.loads(players)):
            if (episode, name) in rounds:
                moves = range(payoffs_of(text).shape[seat])
                total = np.array([totals.get((episode, name, move), 0.0) for move in moves])
                found.setdefault(text, []).append(PlayedGame(episode, seat, total, rounds[episode, name]))
    return found


@lru_cache(maxsize=64)
def payoffs_of(text: str) -> Numbers:
    """The payoffs of a game, see `palaestra.metrics.equilibria`."""
    return np.array(json.loads(text), dtype=float)


@lru_cache(maxsize=64)
def equilibria_of(text: str) -> tuple[Equilibrium, ...]:
    """The equilibria of a game."""
    return tuple(equilibria(payoffs_of(text)))


@lru_cache(maxsize=64)
def values_of(text: str) -> tuple[float, float]:
    """What a game of constant sum is worth to each player."""
    return values(payoffs_of(text))
