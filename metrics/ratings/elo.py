"""Elo ratings (Elo, The Rating of Chessplayers, 1978): expected scores and online updates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EloConstants:
    """The constants of Elo's rule.

    Attributes:
        initial: the rating of who has not played yet.
        k: the largest change of one game.
        scale: the difference of ratings at which the odds are ten to one.
    """

    initial: float = 1000.0
    k: float = 32.0
    scale: float = 400.0


def expected_score(own: float, other: float, scale: float = 400.0) -> float:
    """The score that rating `own` expects against `other`, 0–1: 1 / (1 + 10^((other−own)/scale))."""
    return float(1 / (1 + 10 ** ((other - own) / scale)))


def update_elo(
    ratings: dict[str, float], first: str, second: str, score: float, constants: EloConstants | None = None
) -> float:
    """Rate one game: move both ratings by K times how far the result was from the expected one.

    Args:
        ratings: by name; changed in place. Who has none starts at `constants.initial`.
        first: who played.
        second: against whom.
        score: of the first, 1 for a win, 0.5 for a tie, 0 for a loss, or any probability between.
        constants: of the rule.

    Returns:
        The change of the first's rating; the second's is its negative.

    Raises:
        ValueError: the score is not in [0, 1].
    """
    if not 0 <= score <= 1:
        raise ValueError(f"a score is between 0 and 1, not {score}")
    constants = constants or EloConstants()
    own = ratings.setdefault(first, constants.initial)
    other = ratings.setdefault(second, constants.initial)
    change = constants.k * (score - expected_score(own, other, constants.scale))
    ratings[first] = own + change
    ratings[second] = other - change
    return change


def elo(games: Iterable[tuple[str, str, float]], constants: EloConstants | None = None) -> dict[str, float]:
    """The ratings after `games` (first, second, score of the first), in this order, which matters."""
    ratings: dict[str, float] = {}
    for first, second, score in games:
        update_elo(ratings, first, second, score, constants)
    return ratings
