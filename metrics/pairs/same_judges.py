"""Whether judges are one under several names: what they said is the same, to the last digit, everywhere."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from palaestra.metrics.pairs.preference_pairs import TIE, verdicts

LEAST_COMMON, LEAST_VALUES = 10, 5
"""Judgements that a group has in common, and different values among them, before their being equal says
anything: two that know right from wrong agree on it too."""
KEY = ("pair", "criterion", "of", "beside")
Judgements = dict[tuple[object, ...], float]


def same_judges(pairs: pl.DataFrame) -> list[tuple[str, ...]]:
    """The groups of judges whose judgements are equal wherever two judged the same, in the order of names."""
    means = (
        verdicts(pairs)
        .group_by("judge", *KEY, maintain_order=True)
        .agg(pl.col("value").mean())
        .sort("judge", maintain_order=True)
    )
    told: dict[str, Judgements] = {}
    for judge, value, *key in means.select("judge", "value", *KEY).iter_rows():
        told.setdefault(judge, {})[tuple(key)] = value
    groups: list[list[str]] = []
    for judge in told:
        for group in groups:
            shared = [_shared(told[judge], told[other]) for other in group]
            if any(shared) and all(_equal(values) for values in shared):
                group.append(judge)
                break
        else:
            groups.append([judge])
    return [tuple(group) for group in groups if _enough([told[judge] for judge in group])]


def _enough(group: list[Judgements]) -> bool:
    """Whether so much was judged by two of a group that its being equal is no chance."""
    shared = [pair for one, other in combinations(group, 2) for pair in _shared(one, other)]
    return len(shared) >= LEAST_COMMON and len({round(value, 9) for value, _ in shared}) >= LEAST_VALUES


def _shared(one: Judgements, other: Judgements) -> list[tuple[float, float]]:
    return [(one[key], other[key]) for key in one.keys() & other.keys()]


def _equal(shared: list[tuple[float, float]]) -> bool:
    return all(abs(first - second) < TIE for first, second in shared)
