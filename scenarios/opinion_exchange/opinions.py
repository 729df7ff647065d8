"""Opinions on the six-point scale, and how those of a group change."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, pstdev

from palaestra.agents.calls import Reply
from palaestra.scenarios.parts.judging import expected_value
from palaestra.scenarios.parts.opinion_scale import SCALE

DEGREES = {value: words for words, value in SCALE.items()}


def opinion_in(reply: Reply) -> tuple[float | None, float | None]:
    """The opinion chosen in a reply and its expectation, −2.5 … 2.5; None for what it doesn't tell."""
    if reply.failed:
        return None, None
    expected = None
    if reply.probabilities is not None:
        expected = expected_value(SCALE.values(), reply.probabilities)
    return SCALE[str(reply.value)], expected


def change(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[int, float | None, float | None]:
    """How a group's opinions changed, over those who told both.

    Returns:
        How many those are; the change of their mean, −5 … 5; the change of their population
        standard deviation, −2.5 … 2.5, below 0 for convergence. The changes are None without anyone,
        and that of the deviation with fewer than two.
    """
    both = [name for name in before if name in after]
    old, new = [before[name] for name in both], [after[name] for name in both]
    shift = fmean(new) - fmean(old) if both else None
    return len(both), shift, pstdev(new) - pstdev(old) if len(both) > 1 else None
