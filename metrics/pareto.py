"""Pareto fronts in the plane, more being better on both axes: the front, its area, the way to it.

Two dimensions take a few lines, so no library for many is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

Point = tuple[float, float]


def front(points: Iterable[Point]) -> list[Point]:
    """The points that no other is as good as on both axes and better on one; each once, largest x first."""
    found: list[Point] = []
    for point in sorted(set(points), reverse=True):
        if not found or point[1] > found[-1][1]:
            found.append(point)
    return found


def hypervolume(points: Iterable[Point], reference: Point = (0.0, 0.0)) -> float:
    """The area between `reference` and the front: of all that some point is at least as good as."""
    area, floor = 0.0, reference[1]
    for x, y in front(points):
        if x > reference[0] and y > floor:
            area += (x - reference[0]) * (y - floor)
            floor = y
    return area


def regret(point: Point, best: Iterable[Point]) -> float:
    """How far `point` is from the nearest of the front `best`, ≥ 0: the larger of what it lacks on the axes.

    It is the L∞ distance in which being better counts as nothing.
    """
    return min(max(x - point[0], y - point[1], 0.0) for x, y in best)
