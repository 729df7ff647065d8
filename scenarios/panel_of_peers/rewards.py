"""The panel's arithmetic: rewards, agreement, and which two candidates make a pair.

A table of rewards maps each judge to its rewards (0–1) of the candidates that it could rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import sqrt
from statistics import fmean

from palaestra.scenarios.parts.judging import expected_value

LOWEST, HIGHEST = 1, 5
LEAST_IN_COMMON = 3

Rewards = Mapping[str, Mapping[int, float]]


def normalised(score: float) -> float:
    """A score of 1–5 as a reward of 0–1: (s − 1) / 4."""
    return (score - LOWEST) / (HIGHEST - LOWEST)


def panel_reward(rewards: Iterable[float | None]) -> float | None:
    """The mean of the judges' rewards of one candidate, 0–1; None where none is known."""
    known = [reward for reward in rewards if reward is not None]
    return fmean(known) if known else None


def best_and_worst(rewards: Mapping[int, float]) -> tuple[int, int] | None:
    """The candidates with the highest and the lowest reward; the earlier of equals.

    Args:
        rewards: the panel's reward of each candidate, by its number.

    Returns:
        Their numbers; None where fewer than two differ in reward.
    """
    if len(set(rewards.values())) < 2:
        return None
    return max(rewards, key=rewards.__getitem__), min(rewards, key=rewards.__getitem__)


def is_kept(chosen: float, rejected: float, floor: float, margin: float) -> bool:
    """Whether a pair of these rewards is good enough to learn from; rounding errors are forgiven."""
    return chosen >= floor - 1e-9 and chosen - rejected >= margin - 1e-9


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's r of two equally long series, −1–1; None where it has no meaning.

    It has none for fewer than three points, of which any two lie on a line, or for a
    series that doesn't vary.
    """
    if len(first) < LEAST_IN_COMMON:
        return None
    off = [[value - fmean(series) for value in series] for series in (first, second)]
    spreads = [sqrt(expected_value(series, series)) for series in off]
    if min(spreads) < 1e-12:
        return None
    return expected_value(*off) / (spreads[0] * spreads[1])


def agreement(table: Rewards) -> float | None:
    """The mean of `correlation` over all pairs of judges; None where no pair has one."""
    found = []
    for first, second in combinations(table.values(), 2):
        both = [candidate for candidate in first if candidate in second]
        r = correlation([first[c] for c in both], [second[c] for c in both])
        if r is not None:
            found.append(r)
    return fmean(found) if found else None
