"""Many players, moves and options, against a direct computation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from math import log
from random import Random

import numpy as np
import polars as pl
import pytest

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.equilibria import equilibria
from palaestra.metrics.families.games import (
    FOLDS,
    chi_square,
    equilibrium_distance,
    exploitability,
    habit_predictability,
    pick_entropy,
    predictability,
)
from palaestra.metrics.metric import Metric
from support.metric_tables import number
from support.played import games, likely, picked


def drawn_picks(players: int, options: int, episodes: int, seed: int) -> dict[str, list[list[int | None]]]:
    """What each player picks in the rounds of each episode, a few picks missing."""
    random = Random(seed)
    return {
        f"p{player:02}": [
            [random.choice([None, *range(options)] + [player % options] * 9) for _ in range(8)]
            for _ in range(episodes)
        ]
        for player in range(players)
    }


def table_of(options: int, drawn: Mapping[str, list[list[int | None]]]) -> pl.DataFrame:
    episodes = len(next(iter(drawn.values())))
    return picked(options, *({name: own[e] for name, own in drawn.items()} for e in range(episodes)))


@pytest.mark.parametrize(("players", "options"), [(9, 4), (12, 30), (3, 100)])
def test_chi_square_and_entropy_of_many_players_and_options_leave_nobody_out(
    players: int, options: int
) -> None:
    drawn = drawn_picks(players, options, 3, seed=players)
    counts = np.zeros((players, options))
    for player, own in enumerate(drawn.values()):
        for position in (position for rounds in own for position in rounds if position is not None):
            counts[player, position] += 1
    expected = counts.sum(axis=1, keepdims=True) / options
    pick = table_of(options, drawn)
    assert number(chi_square, pick=pick) == pytest.approx(
        ((counts - expected) ** 2 / expected).sum(axis=1).mean()
    )
    sure = pick.drop_nulls("position").with_columns(probability=pl.lit(1.0))
    shares = counts / counts.sum(axis=1, keepdims=True)
    entropies = [-sum(p * log(p) for p in own if p > 0) / log(options) for own in shares]
    assert number(pick_entropy, pick=pick, probability=sure) == pytest.approx(np.mean(entropies))


@pytest.mark.parametrize(("players", "options"), [(2, 3), (9, 4), (12, 30)])
@pytest.mark.parametrize("measure", [predictability, habit_predictability])
def test_a_guess_is_the_most_frequent_of_the_other_folds_for_however_many_players_and_options(
    measure: Metric, players: int, options: int
) -> None:
    drawn = drawn_picks(players, options, 6, seed=options)
    right, guesses = 0.0, 0
    for own in drawn.values():
        pairs = [
            (episode % FOLDS, last if measure is predictability else 0, now)
            for episode, rounds in enumerate(own)
            for last, now in pairwise(rounds)
            if last is not None and now is not None
        ]
        for fold, known, now in pairs:
            others = [(k, position) for f, k, position in pairs if f != fold]
            counts = Counter(position for k, position in others if k == known)
            likeliest = [
                position for position in range(options) if counts[position] == max(counts.values(), default=0)
            ]
            right += (now in likeliest) / len(likeliest)
            guesses += bool(others)
    assert number(measure, pick=table_of(options, drawn)) == pytest.approx(right / guesses)


def test_a_game_of_ten_moves_is_exploited_and_measured_against_its_equilibrium() -> None:
    # Whoever names the number after the other's, round the circle, wins 1; equal play is the equilibrium.
    moves = 10
    wins = np.array([[(a - b) % moves for b in range(moves)] for a in range(moves)])
    first = (wins == 1).astype(float) - (wins == moves - 1)
    circle = np.stack([first, -first], axis=-1)
    own = [0.28, *[0.08] * 9]
    told = likely(*[{"Ann": [own], "Bo": [own]}] * 2)
    found = number(exploitability, game=games(circle, 2), probability=told)
    # After the likely 0 comes 1, which wins against it and loses against 2.
    assert found == pytest.approx(0.28 - 0.08)
    # In an equilibrium where only even moves are played, or only odd ones, nothing is won either.
    distances = [np.abs(np.array(own) - e).sum() / 2 for e in found_equilibria(circle)]
    apart = number(equilibrium_distance, game=games(circle, 2), probability=told)
    assert apart == pytest.approx(min(distances))


def found_equilibria(payoffs: Numbers) -> list[Numbers]:
    """The first player's part of all equilibria; the second's is the same in a symmetric game."""
    return [profile[0] for profile in equilibria(payoffs)]


@pytest.mark.whole
def test_of_nine_players_all_have_their_distance_from_the_equilibrium() -> None:
    # All who match the rest get 1: everybody on 0 and everybody on 1 are equilibria.
    players = 9
    profiles = np.indices((2,) * players)
    payoffs = np.moveaxis(
        (profiles == profiles[0]).all(axis=0)[None] * np.ones((players, *[1] * players)), 0, -1
    )
    names = [f"p{n}" for n in range(players)]
    shares = {name: [(1 - n / 20, n / 20)] for n, name in enumerate(names)}
    found = number(equilibrium_distance, game=games(payoffs, 1, names), probability=likely(shares))
    assert found == pytest.approx(np.mean([n / 20 for n in range(players)]))
