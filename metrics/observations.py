"""What is independent in a run: its episodes, or the items of a list that they play again and again.

Episodes on one motion, paper or puzzle share what is peculiar to it, so where a list is shorter than
the run each item counts as one observation, whatever the number of its episodes. Of very few items
nothing is known about others: there the episodes are the observations, and the sample says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from palaestra.metrics.bounds import LEAST, Numbers
from palaestra.metrics.metric import Metric, Parts, Tables
from palaestra.metrics.resampling import rounded

LEAST_ITEMS = 4
"""Items from which on others like them are told of: by Student's t of three degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Independent observations of a metric.

    Attributes:
        sums: the additive parts of each.
        items: how many items they are, where some are played more than once; else None.
        note: what they tell nothing of; "" where they stand for all like them.
    """

    sums: Numbers
    items: int | None = None
    note: str = ""

    @property
    def least(self) -> int:
        """How many of them an interval takes."""
        return LEAST if self.items is None else LEAST_ITEMS

    def too_few(self, n: int) -> str:
        """Why so few of them give no interval."""
        thing = "episode" if self.items is None else "item"
        few = f"one {thing}" if n == 1 else f"{n} {thing}s"
        return f"no interval: {few}, and it takes {self.least}"


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
        return Observations(parts.sums, note=f"for {these} only")
    sums = np.zeros((len(each), *parts.sums.shape[1:]))
    np.add.at(sums, place, parts.sums)
    return Observations(sums, len(each))


def items_of(parts: Parts, tables: Tables) -> NDArray[np.int64] | None:
    """The item that each of the episodes plays, another for each that tells none; None where none does."""
    if "item" not in tables.get("episodes", {}):
        return None
    known = dict(tables["episodes"].select("episode", "item").drop_nulls().iter_rows())
    episodes = parts.episodes.tolist()
    if known.keys().isdisjoint(episodes):
        return None
    return np.array([known.get(episode, -1 - episode) for episode in episodes], dtype=np.int64)


def pseudo_values(metric: Metric, sums: Numbers) -> Numbers:
    """What each observation says the metric is, by the jackknife (Quenouille, 1956).

    n·θ − (n − 1)·(θ without it); NaN where the metric is undefined without it. Of a mean of
    equal weights they are the observations.
    """
    n, total = len(sums), sums.sum(axis=0)
    found = n * metric.combine(total) - (n - 1) * metric.combine(total - sums)
    return rounded(found, float(np.abs(found).max(initial=1.0)))
