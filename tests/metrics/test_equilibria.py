"""Equilibria of games that everybody knows, by hand and by another algorithm of the library."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from nashpy import Game

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.equilibria import constant_sum, equilibria, is_equilibrium, values
from palaestra.scenarios.normal_form_game.games import (
    TWO_PLAYERS,
    hide_and_seek,
    public_goods,
    two_player_game,
)

HALF = (1 / 2, 1 / 2)
KNOWN: dict[str, list[tuple[tuple[float, ...], ...]]] = {
    "prisoners_dilemma": [((0, 1), (0, 1))],
    "stag_hunt": [((1, 0), (1, 0)), ((0, 1), (0, 1)), (HALF, HALF)],
    # Indifferent when the other swerves with p: −(1 − p) = p − 10 (1 − p), p = 9/10.
    "chicken": [((1, 0), (0, 1)), ((0, 1), (1, 0)), ((0.9, 0.1), (0.9, 0.1))],
    # 3 q = 2 (1 − q) and 2 p = 3 (1 − p).
    "battle_of_sexes": [((1, 0), (1, 0)), ((0, 1), (0, 1)), ((0.6, 0.4), (0.4, 0.6))],
    "matching_pennies": [(HALF, HALF)],
    "rock_paper_scissors": [((1 / 3,) * 3, (1 / 3,) * 3)],
}


def plain(found: list[tuple[Numbers, ...]]) -> list[tuple[tuple[float, ...], ...]]:
    """Sorted and rounded, so that two lists compare."""
    return sorted(tuple(tuple(round(float(p), 6) + 0.0 for p in own) for own in profile) for profile in found)


def rounded(known: list[tuple[tuple[float, ...], ...]]) -> list[tuple[tuple[float, ...], ...]]:
    return plain([tuple(np.array(own) for own in profile) for profile in known])


def test_every_named_game_of_two_is_known() -> None:
    assert list(KNOWN) == list(TWO_PLAYERS)


@pytest.mark.parametrize("name", KNOWN)
def test_a_named_game_has_its_equilibria_and_no_others(name: str) -> None:
    assert plain(equilibria(two_player_game(name).payoffs)) == rounded(KNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
def test_vertices_of_the_best_reply_polytopes_give_the_same(name: str) -> None:
    payoffs = two_player_game(name).payoffs
    found = [tuple(profile) for profile in Game(payoffs[..., 0], payoffs[..., 1]).vertex_enumeration()]
    assert plain(found) == rounded(KNOWN[name])


@pytest.mark.parametrize("places", [2, 5, 8], ids=lambda places: f"{places} places")
def test_who_hides_and_who_seeks_take_every_place_alike(places: int) -> None:
    payoffs = hide_and_seek(places).payoffs
    [(hides, seeks)] = equilibria(payoffs)
    assert hides == pytest.approx(np.full(places, 1 / places))
    assert seeks == pytest.approx(np.full(places, 1 / places))
    assert values(payoffs) == pytest.approx((1 - 1 / places, 1 / places))


def test_in_a_common_pot_nobody_gives_anything_unless_a_point_brings_back_more() -> None:
    [nothing] = equilibria(public_goods(3, 10, 1.6, 3).payoffs)
    assert [own.argmax() for own in nothing] == [0, 0, 0]
    [everything] = equilibria(public_goods(3, 10, 4, 3).payoffs)
    assert [own.argmax() for own in everything] == [2, 2, 2]


def test_a_game_of_three_without_an_equilibrium_in_pure_strategies_has_none_here() -> None:
    # Two play matching pennies, and the third's move means nothing.
    pennies = two_player_game("matching_pennies").payoffs
    payoffs = np.zeros((2, 2, 2, 3))
    payoffs[..., :2] = pennies[:, :, None, :]
    assert equilibria(payoffs) == []


def test_a_degenerate_game_raises_no_warning_and_gives_only_equilibria() -> None:
    payoffs = np.array([[[1, 1], [1, 0]], [[1, 1], [0, 2]]], dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = equilibria(payoffs)
    assert found
    assert all(is_equilibrium(payoffs, profile) for profile in found)
    assert not is_equilibrium(payoffs, (np.array([0.0, 1.0]), np.array([0.0, 1.0])))


def test_a_degenerate_game_of_constant_sum_has_a_value() -> None:
    # The second column is never better for the first player than 0, which the first row makes sure of.
    first = np.array([[0, 0], [1, -1], [-2, 1]], dtype=float)
    payoffs = np.stack([first, -first], axis=-1)
    assert any(is_equilibrium(payoffs, profile) for profile in equilibria(payoffs))
    assert values(payoffs) == pytest.approx((0, 0), abs=1e-9)


def test_a_constant_sum_needs_two_players() -> None:
    assert constant_sum(hide_and_seek(3).payoffs)
    assert not constant_sum(two_player_game("chicken").payoffs)
    assert not constant_sum(np.zeros((2, 2, 2, 3)))
