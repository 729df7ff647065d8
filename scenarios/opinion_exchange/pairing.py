"""Who meets whom: every pair once, everybody in every round."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[str, str]


def round_robin(names: Sequence[str]) -> list[list[Pair]]:
    """The rounds of a tournament by the circle method.

    Args:
        names: an even number of people; after each round all but the first move on one place.

    Returns:
        For N people N − 1 rounds of N/2 pairs; every two people are one of the pairs.
    """
    fixed, circle = names[0], list(names[1:])
    rounds = []
    for _ in range(len(circle)):
        table = [fixed, *circle]
        rounds.append([(table[seat], table[-1 - seat]) for seat in range(len(table) // 2)])
        circle = [circle[-1], *circle[:-1]]
    return rounds


def opened_by(speaker: str, pair: Pair) -> Pair:
    """`pair` with `speaker`, one of the two, first."""
    return speaker, partner_of(speaker, pair)


def partner_of(name: str, pair: Pair) -> str:
    """The other one of `pair`."""
    return pair[1] if name == pair[0] else pair[0]
