"""Asks an engine the same choices alone and among others, and tells how far its numbers lie apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Reply

Ask = Callable[[Choice, str], Awaitable[Reply]]
Told = Sequence[float | None]
POINTS = Choice(tuple(str(number) for number in range(1, 11)))
SIDES = Choice(("first", "second"))
ALONE, COMPANY = 20, 32
"""Choices that are asked one by one, and again beside others, as many at once."""
SCORED = "How salty is sea {}, from 1 to 10? Answer with a number."
COMPARED = "Which is saltier, the first sea or sea {}? Answer with one word: first or second."


@dataclass(frozen=True, slots=True)
class Numbers:
    """Expected points, and probabilities of the first of two; None where there are none."""

    points: Told
    preferences: Told


async def asked_alone(ask: Ask) -> Numbers:
    """What an engine says when it is asked one by one; one that tells no first number is asked no others."""
    first = _expected(await ask(POINTS, SCORED.format(0)))
    if first is None:
        return Numbers([None] * ALONE, [None] * ALONE)
    return Numbers(
        [first, *[_expected(await ask(POINTS, SCORED.format(place))) for place in range(1, ALONE)]],
        [_first(await ask(SIDES, COMPARED.format(place))) for place in range(ALONE)],
    )


async def asked_together(ask: Ask) -> Numbers:
    """The same among others."""
    points = await asyncio.gather(*(ask(POINTS, SCORED.format(place)) for place in range(COMPANY)))
    sides = await asyncio.gather(*(ask(SIDES, COMPARED.format(place)) for place in range(COMPANY)))
    return Numbers([_expected(reply) for reply in points[:ALONE]], [_first(reply) for reply in sides[:ALONE]])


def apart(one: Told, other: Told) -> float | None:
    """The root mean square of the differences; None where either tells less than all numbers."""
    differences = [a - b for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if len(differences) < len(one):
        return None
    return sqrt(fmean(difference**2 for difference in differences))


def _expected(reply: Reply) -> float | None:
    """The mean of points by their probabilities; None where these aren't known."""
    if reply.probabilities is None:
        return None
    return sum(float(option) * p for option, p in zip(POINTS.options, reply.probabilities, strict=True))


def _first(reply: Reply) -> float | None:
    return None if reply.probabilities is None else reply.probabilities[0]
