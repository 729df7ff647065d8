"""Nash equilibria of games in normal form, and what a game is worth to those who play one.

Payoffs are an array of shape (moves of the first player, …, of the last, players). Mixed equilibria
of two players are computed by Nashpy: all by support enumeration up to `MOST_ENUMERATED` moves, one
by linear programming for larger games of constant sum. Of more players, and of other large games, only
equilibria in pure strategies are found: profiles from which no player gains by a move of its own.

Source: Knight and Campbell, "Nashpy: A Python library for the computation of Nash equilibria",
Journal of Open Source Software 3 (2018).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from palaestra.metrics.bounds import Numbers

Equilibrium = tuple[Numbers, ...]
"""A distribution over its moves for each player."""

MOST_ENUMERATED = 6
"""Moves of a player up to which all supports are tried; their number grows as 4 to this power."""
TOLERANCE = 1e-9


def equilibria(payoffs: Numbers) -> list[Equilibrium]:
    """The equilibria of a game, those in pure strategies first; see the module for which are found."""
    found: list[Equilibrium] = []
    for profile in (*_pure(payoffs), *_mixed(payoffs)):
        new = not any(_same(profile, known) for known in found)
        if new and is_equilibrium(payoffs, profile):
            found.append(profile)
    return found


def is_equilibrium(payoffs: Numbers, profile: Sequence[Numbers]) -> bool:
    """Whether no player gains by a move of its own when all play `profile`."""
    return all(
        replies.max() - replies @ own <= TOLERANCE * max(1.0, float(np.abs(payoffs).max()))
        for own, replies in zip(
            profile, (_replies(payoffs, profile, i) for i in _players(payoffs)), strict=True
        )
    )


def constant_sum(payoffs: Numbers) -> bool:
    """Whether two players share the same total under all moves."""
    return payoffs.shape[-1] == 2 and bool(np.ptp(payoffs.sum(axis=-1)) <= TOLERANCE)


def values(payoffs: Numbers) -> tuple[float, float]:
    """What a game of constant sum is worth to each of two players, the same in all its equilibria."""
    profile = equilibria(payoffs)[0]
    first, second = (float(_replies(payoffs, profile, i) @ profile[i]) for i in (0, 1))
    return first, second


def _players(payoffs: Numbers) -> range:
    return range(payoffs.shape[-1])


def _replies(payoffs: Numbers, profile: Sequence[Numbers], player: int) -> Numbers:
    """What each move is worth to `player` when the others play `profile`."""
    rest = np.moveaxis(payoffs[..., player], player, 0)
    others = [own for i, own in enumerate(profile) if i != player]
    return reduce(np.dot, reversed(others), rest)


def _pure(payoffs: Numbers) -> Iterator[Equilibrium]:
    sizes: tuple[int, ...] = payoffs.shape[:-1]
    best = np.ones(sizes, dtype=bool)
    for player in _players(payoffs):
        own = payoffs[..., player]
        best &= own >= own.max(axis=player, keepdims=True)
    for profile in np.argwhere(best):
        yield tuple(np.eye(size)[move] for size, move in zip(sizes, profile, strict=True))


def _mixed(payoffs: Numbers) -> Iterator[Equilibrium]:
    from nashpy import Game

    if payoffs.shape[-1] != 2:
        return
    first, second = payoffs[..., 0], payoffs[..., 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # games with an even number of equilibria are degenerate, not wrong
        enumerable = max(first.shape) <= MOST_ENUMERATED
        found = list(Game(first, second).support_enumeration()) if enumerable else []
        if constant_sum(payoffs):  # of which a degenerate game may have none with supports of one size
            found.append(Game(first).linear_program())
    for profile in found:
        yield tuple(np.asarray(own, dtype=float) for own in profile)


def _same(one: Equilibrium, other: Equilibrium) -> bool:
    return all(np.allclose(a, b, atol=1e-7) for a, b in zip(one, other, strict=True))
