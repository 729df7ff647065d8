"""What is independent in a run: its episodes, or the items of a list that they play again and again.

Episodes on one motion, paper or puzzle share what is peculiar to it, so where a list is shorter than
the run each item counts as one observation, whatever the number of its episodes. Of very few items
nothing is known about others: there the episodes are the observations, and the sample says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.metric import Metric, Parts, Tables

LEAST_ITEMS = 4
"""Items from which on others like them are told of: by Student's t of three degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Independent observations of a metric.

    Attributes:
        sums: the additive parts of each.
        items: how many items of a list the episodes play, where an item is played twice; else None.
        note: what they tell nothing of; "" where they stand for all like them.
    """

    sums: Numbers
    items: int | None = None
    note: str = ""


def sample(parts: Parts, items: NDArray[np.int64] | None) -> Observations:
    """The observations that episodes are.

    Args:
        parts: of the episodes.
        items: of each the item that it plays; None where some play none.
    """
    if items is None:
        return Observations(parts.sums)
    each, place = np.unique(items, return_inverse=True)
    if len(each) == len(items):
        return Observations(parts.sums)
    if len(each) < LEAST_ITEMS:
        these = "this one item" if len(each) == 1 else f"these {len(each)} items"
        return Observations(parts.sums, len(each), f"for {these} only")
    sums = np.zeros((len(each), *parts.sums.shape[1:]))
    np.add.at(sums, place, parts.sums)
    return Observations(sums, len(each))


def items_of(parts: Parts, tables: Tables) -> NDArray[np.int64] | None:
    """The item that each of the episodes plays; None where some play none, or nothing tells."""
    if "item" not in tables.get("episodes", {}):
        return None
    known = dict(tables["episodes"].select("episode", "item").drop_nulls().iter_rows())
    numbers = [known.get(episode) for episode in parts.episodes.tolist()]
    return None if None in numbers else np.array(numbers, dtype=np.int64)


def pseudo_values(metric: Metric, sums: Numbers) -> Numbers:
    """What each observation says the metric is, by the jackknife (Quenouille, 1956).

    n·θ − (n − 1)·(θ without it); NaN where the metric is undefined without it. Of a mean of
    equal weights they are the observations.
    """
    n, total = len(sums), sums.sum(axis=0)
    return n * metric.combine(total) - (n - 1) * metric.combine(total - sums)
