"""Who fights whom, with what handicap, and which matches are judged: pure functions, most after SPARTA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from random import Random

from palaestra.scenarios.duel.contest import Contest

LAST_HANDICAP_ITERATION = 7
"""Whose factors are kept from then on; iterations are numbered from 0, as in SPARTA's code."""


def matchmake(
    count: int, ratings: Mapping[str, float], random: Random, *, chance: float, nearest: int
) -> list[tuple[str, str]]:
    """The pairs of `count` duels.

    Everyone is first once in each block of as many duels as there are fighters, in an order
    drawn anew; whoever is first in an incomplete last block is drawn from all. The opponent
    is drawn from all others with probability `chance`, else from the `nearest` ratings.

    Args:
        count: duels wanted.
        ratings: of the fighters, at the start of the iteration.
        random: the source of chance.
        chance: 0–1.
        nearest: at least 1; ties between equally near ones go to who was declared first.
    """
    names = list(ratings)
    firsts: list[str] = []
    while len(firsts) + len(names) <= count:
        firsts += random.sample(names, len(names))
    firsts += random.choices(names, k=count - len(firsts))
    return [(first, _opponent(first, ratings, random, chance, nearest)) for first in firsts]


def _opponent(first: str, ratings: Mapping[str, float], random: Random, chance: float, nearest: int) -> str:
    others = [name for name in ratings if name != first]
    if random.random() >= chance:
        others = sorted(others, key=lambda name: abs(ratings[name] - ratings[first]))[:nearest]
    return random.choice(others)


def left_unjudged(
    contests: Sequence[Contest], ratings: Mapping[str, float], share: float, random: Random
) -> list[tuple[Contest, tuple[str, str]]]:
    """The matches that judges are spared: all but the share of them whose fighters' ratings are closest.

    Of equal gaps chance takes some. What is to be judged is rounded up, so something always is. Matches
    without two usable answers can't be judged, and are not counted.

    Args:
        contests: of one iteration, with their answers.
        ratings: of the fighters, before it.
        share: of the matches that are to be judged, 0 < share ≤ 1; with 1 nothing is drawn.
        random: the source of chance.
    """
    if share == 1:
        return []
    matches = [
        (contest, pair)
        for contest in contests
        for pair in contest.pairs()
        if all(name in contest.answers for name in pair)
    ]
    judged = max(1, ceil(round(share * len(matches), 9)))
    shuffled = random.sample(matches, len(matches))
    return sorted(shuffled, key=lambda match: abs(ratings[match[1][0]] - ratings[match[1][1]]))[judged:]


def handicaps(mode: str, past: Sequence[Sequence[str]]) -> dict[str, float]:
    """The factors on weak fighters' scores; who isn't named has factor 1.

    Args:
        mode: "none"; "dynamic": after t iterations the t − 1 lowest of the last one have the
            factors 0, 0.1, 0.2 …; "static": the lowest of each iteration but the first who has
            none yet gets the next factor and keeps it.
        past: the fighters after each iteration so far, lowest rating first. SPARTA's code numbers
            iterations from 0 and begins at number 2; what counts are the first seven, since from
            its number 8 on it keeps the factors of number 7.
    """
    counted = past[:LAST_HANDICAP_ITERATION]
    if mode == "none" or len(counted) < 2:
        return {}
    if mode == "dynamic":
        weak = list(counted[-1][: len(counted) - 1])
    else:
        weak = []
        for standing in counted[1:]:
            weak += [name for name in standing if name not in weak][:1]
    return {name: position / 10 for position, name in enumerate(weak)}
