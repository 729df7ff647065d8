"""What was played, read from the tables of games and probabilities."""

from __future__ import annotations

import json

import numpy as np

from palaestra.metrics.played_games import equilibria_of, payoffs_of, played_games, values_of
from palaestra.scenarios.normal_form_game.games import two_player_game
from support.played import games, likely

MATCHING = two_player_game("matching_pennies").payoffs
TEXT = json.dumps(MATCHING.tolist())


def test_distributions_are_summed_over_the_rounds_in_which_a_player_moved() -> None:
    told = likely({"Ann": [(1, 0), (0.25, 0.75)], "Bo": [(0.5, 0.5)]}, {"Bo": [(0, 1)]})
    found = played_games(games(MATCHING, 2), told)
    assert list(found) == [TEXT]
    rows = [(each.episode, each.seat, each.total.tolist(), each.rounds) for each in found[TEXT]]
    assert rows == [(0, 0, [1.25, 0.75], 2), (0, 1, [0.5, 0.5], 1), (1, 1, [0, 1], 1)]


def test_a_move_that_is_not_listed_has_no_probability() -> None:
    found = played_games(games(MATCHING, 1), likely({"Ann": [(1,)], "Bo": [(0.5, 0.5)]}))
    assert found[TEXT][0].total.tolist() == [1, 0]


def test_a_game_is_its_payoffs() -> None:
    assert np.array_equal(payoffs_of(TEXT), MATCHING)
    ((first, second),) = equilibria_of(TEXT)
    assert (first.tolist(), second.tolist()) == ([0.5, 0.5], [0.5, 0.5])
    assert values_of(TEXT) == (0, 0)
