"""The grid: who is whose neighbour, who begins with which memories, and who gives feedback."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import dist
from random import Random
from typing import Literal

Place = tuple[int, int]
World = Literal["all_good", "all_bad", "half_half", "mixed_half_half"]
Label = Literal["good", "bad"]


def places(size: int) -> list[Place]:
    """The places on a `size` × `size` grid, row by row."""
    return list(product(range(size), range(size)))


@lru_cache(maxsize=16)
def neighbours(size: int) -> dict[Place, list[Place]]:
    """For each place of a grid the others within the Euclidean distance `size` // 2, row by row."""
    return {
        place: [other for other in places(size) if other != place and dist(place, other) <= size // 2]
        for place in places(size)
    }


def labels(world: World, size: int, random: Random) -> dict[Place, Label]:
    """The label of each place; see the package's docstring."""
    everywhere = places(size)
    half = len(everywhere) // 2
    match world:
        case "all_good":
            good = everywhere
        case "all_bad":
            good = []
        case "half_half":
            good = [(row, column) for row, column in everywhere if row <= column][:half]
        case "mixed_half_half":
            good = random.sample(everywhere, half)
    return {place: "good" if place in good else "bad" for place in everywhere}


def local_share(count: int, dropout: float) -> int:
    """How many of `count` neighbours a global world asks: int((1 − dropout) · count), at least 1."""
    return min(count, max(1, int((1 - dropout) * count)))


def back_scatter(
    near: Sequence[Place], others: Sequence[Place], quota: int, dropout: float | None, random: Random
) -> list[Place]:
    """The places whose peers give feedback on a draft.

    Args:
        near: the author's neighbours.
        others: all other places but the author's own.
        quota: how many are wanted; `others` and `near` together can fill it in a global world.
        dropout: share of the neighbours left out; None in a local world, where nobody else is asked.
        random: the source of chance.

    Returns:
        Neighbours first, each group in the order drawn.
    """
    if dropout is None:
        return random.sample(near, min(quota, len(near)))
    chosen = random.sample(near, local_share(len(near), dropout))
    rest = [place for place in (*near, *others) if place not in chosen]
    return chosen + random.sample(rest, quota - len(chosen))
