"""Which observations of two runs belong together: episodes of one seed, or all those of one item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.metric import Metric, Parts, Tables, Unmeasurable
from palaestra.metrics.observations import Observations, items_of, sample

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matched:
    """The observations of two runs.

    Attributes:
        first, second: of the baseline and of the other run.
        by_row: whether each row of the one and the same row of the other are a pair.
        paired: whether episodes were compared in pairs of one seed, or all those of one item.
        episodes: how many of each run count.
        items: how many items they play, where some are played more than once; else None.
        note: what they tell nothing of, see `Observations`.
    """

    first: Observations
    second: Observations
    by_row: bool
    paired: bool
    episodes: tuple[int, int]
    items: int | None
    note: str


def matched(metric: Metric, first: Tables, second: Tables) -> Matched:
    """The observations of both runs: pairs of episodes, or of items, or each run's own.

    Raises:
        Unmeasurable: see `Metric.parts`.
    """
    one, two = _parts(metric, first, "the baseline"), _parts(metric, second, "the other run")
    items = items_of(one, first), items_of(two, second)
    rows = _pairs(one, two, first, second)
    if rows is not None:
        chosen = [Parts(of.episodes[at], of.sums[at]) for of, at in zip((one, two), rows, strict=True)]
        shared = _coarser([None if of is None else of[at] for of, at in zip(items, rows, strict=True)])
        samples = [sample(of, shared) for of in chosen]
        counts = (len(rows[0]), len(rows[0]))
        by_row = True
    else:
        samples = [sample(of, playing) for of, playing in zip((one, two), items, strict=True)]
        counts = (len(one.sums), len(two.sums))
        by_row = _same_items(items) and all(of.items for of in samples)
    a, b = _padded(samples[0].sums, samples[1].sums)
    if by_row and metric.statistic.smooth:  # sums of as many episodes, or they couldn't be exchanged
        b = b * (counts[0] / counts[1])
    numbers = [of.items for of in samples if of.items is not None]
    return Matched(
        replace(samples[0], sums=a),
        replace(samples[1], sums=b),
        by_row,
        rows is not None or by_row,
        counts,
        min(numbers, default=None),
        samples[0].note or samples[1].note,
    )


def _coarser(items: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    """The items of the run that plays the fewer, as pairs share these."""
    told = [of for of in items if of is not None]
    return min(told, key=lambda of: len(np.unique(of)), default=None)


def _same_items(items: Sequence[NDArray[np.int64] | None]) -> bool:
    one, two = items
    return one is not None and two is not None and np.array_equal(np.unique(one), np.unique(two))


def _pairs(one: Parts, two: Parts, first: Tables, second: Tables) -> tuple[Indices, Indices] | None:
    """The rows of both that share an episode seed, in one order; None where the runs' seeds differ."""
    seeds = [tables["episodes"].select("episode", "seed") for tables in (first, second)]
    shared = len(seeds[0].join(seeds[1], on="seed"))
    if not shared or shared < min(map(len, seeds)) or any(by["seed"].is_duplicated().any() for by in seeds):
        return None
    seed_of = [dict(by.iter_rows()) for by in seeds]
    rows = [
        {known[episode]: row for row, episode in enumerate(parts.episodes.tolist()) if episode in known}
        for parts, known in zip((one, two), seed_of, strict=True)
    ]
    both = sorted(rows[0].keys() & rows[1].keys())
    of_one, of_two = (np.array([at[seed] for seed in both], dtype=np.int64) for at in rows)
    return of_one, of_two


def _parts(metric: Metric, tables: Tables, whose: str) -> Parts:
    try:
        return metric.parts(tables)
    except Unmeasurable as reason:
        if type(reason) is not Unmeasurable:  # a fault of the metric's code is the fault of no run
            raise
        raise Unmeasurable(f"{reason}, in {whose}") from reason


def _padded(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """Both with arrays of the size of the larger, by zeros at the end."""
    lengths = np.maximum(a.shape[1:], b.shape[1:])
    first, second = (
        np.pad(sums, [(0, 0), *((0, more) for more in lengths - sums.shape[1:])]) for sums in (a, b)
    )
    return first, second
