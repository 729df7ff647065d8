"""Intervals of Bradley–Terry strengths that hold the truth with few games, too.

Maximum likelihood drives strengths apart where games are few, and a prior draws them together, so a
bootstrap of either misses. Here the interval's middle is the estimate of least bias (Firth, Biometrika
80, 1993). Its width is the model's error or that over resampled contests, whichever is larger, as games
of one contest are judged on the same answers; the quantile is Student's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from palaestra.metrics.bounds import Numbers, quantile

Indices = NDArray[np.int64]

STEPS, ENOUGH = 200, 1e-6
"""At most so many steps to the estimate, which end once no strength moves by more."""
LONGEST_STEP = 2.0
"""Of a strength in one step, log-odds; from far away Newton's goes too far."""


def strength_intervals(
    players: Indices,
    scores: Numbers,
    contests: Sequence[int] | None,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[Numbers, Numbers]:
    """Lower and upper bounds of all strengths, log-odds with mean 0.

    Args:
        players: (games, 2), the numbers of first and second; all from 0 play.
        scores: of the first, 0–1.
        contests: the number of each game's contest; None takes games that follow each other and in
            which all of three or more players meet once for one contest.
        resamples: of the contests, where some have several games.
        confidence: in (0, 1).
        seed: of the resamples.
    """
    _, numbers = np.unique(_contests(players) if contests is None else contests, return_inverse=True)
    pairs, place = np.unique(np.sort(players, axis=1), axis=0, return_inverse=True)
    of_lower = np.where(players[:, 0] < players[:, 1], scores, 1 - scores)
    games, won = (np.zeros((numbers.max() + 1, len(pairs))) for _ in range(2))
    np.add.at(games, (numbers, place), 1.0)
    np.add.at(won, (numbers, place), of_lower)
    count = int(players.max()) + 1
    design = np.eye(count)[pairs[:, 0]] - np.eye(count)[pairs[:, 1]]
    strengths, variances = _least_biased(design, games.sum(axis=0), won.sum(axis=0))
    if len(games) < len(scores):
        random = np.random.default_rng(seed)
        times = random.multinomial(len(games), np.full(len(games), 1 / len(games)), size=resamples)
        fits = [_least_biased(design, n, w)[0] for n, w in zip(times @ games, times @ won, strict=True)]
        variances = np.maximum(variances, np.var(fits, axis=0))
    reach = quantile(max(len(games) - count + 2, 2), confidence) * np.sqrt(variances)
    return strengths - reach, strengths + reach


def _least_biased(design: Numbers, games: Numbers, won: Numbers) -> tuple[Numbers, Numbers]:
    """Firth's estimate of the strengths, with its variances.

    Each pair counts with half its leverage as ties more, which makes the estimate finite.

    Args:
        design: (pairs, players), 1 at the one and −1 at the other.
        games: of each pair.
        won: of these by the one.
    """
    strengths = np.zeros(design.shape[1])
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-design @ strengths))
        weights = games * expected * (1 - expected)
        covariance = np.linalg.pinv(design.T @ (weights[:, None] * design))
        leverage = weights * ((design @ covariance) * design).sum(axis=1)
        step = covariance @ design.T @ (won - games * expected + leverage * (0.5 - expected))
        strengths = strengths + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if np.abs(step).max() < ENOUGH:
            break
    return strengths - strengths.mean(), np.diag(covariance)


def _contests(players: Indices) -> list[int]:
    """The number of each game's contest, where nobody tells it."""
    pairs = [frozenset(pair) for pair in players.tolist()]
    numbers: list[int] = []
    while len(numbers) < len(pairs):
        start, among = len(numbers), set(pairs[len(numbers)])
        seen: set[frozenset[int]] = set()
        size = 1
        for end in range(start, len(pairs)):
            if pairs[end] in seen:
                break
            seen.add(pairs[end])
            among |= pairs[end]
            if len(among) > 2 and len(seen) == len(among) * (len(among) - 1) // 2:
                size = len(seen)
        numbers += [start] * size
    return numbers
