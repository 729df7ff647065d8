"""How often the report or the comparison of two runs of agents at random tells of any finding (`make nulls`).

Each study plays two runs of made-up replies, of other seeds or of the same with other replies. Its report
is that of the first run: all metrics that it allows, those that say what they would be without an effect
tested against that. Its comparison is of all metrics that both allow. Each is corrected for the number of its
tests, as `palaestra metrics`, `report` and `compare` do. Prints the shares of studies with a finding, with
exact binomial intervals, and of single metrics with p < 0.05 before the correction.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field

import polars as pl
from scipy.stats import binomtest

from palaestra.metrics.comparison import SIGNIFICANT, differences, holm, levels
from palaestra.runs.measures import readable
from support.metric_tables import play, ready_made

MOTIONS = ", ".join(f"Motion {number}." for number in range(12))
FILES = {
    "debate": ("rounds=1", f"motions=[{MOTIONS}]"),
    "prisoners-dilemma": (),
    "knights-knaves": ("players=3",),
    "used-car": (),
}
"""Ready files whose agents answer at random on the scripted engine; shortened, and with topics enough."""
EPISODES = 12
WHERE = ("report", "comparison", "either")


@dataclass(frozen=True, slots=True)
class NullStudy:
    """Where a study found anything, and which metrics had p < 0.05 before any correction."""

    found: frozenset[str]
    single: tuple[str, ...]


@dataclass(slots=True)
class Counted:
    """How many of so many studies found anything, by where."""

    studies: int = 0
    found: Counter[str] = field(default_factory=Counter)
    single: Counter[str] = field(default_factory=Counter)

    def take(self, study: NullStudy) -> None:
        """Count a study."""
        self.studies += 1
        self.found.update(study.found)
        self.found["either"] += bool(study.found)
        self.single.update(study.single)

    def __str__(self) -> str:
        shares = ", ".join(f"{where} {with_interval(self.found[where], self.studies)}" for where in WHERE)
        return f"any finding of {self.studies} studies: {shares}"


def with_interval(count: int, of: int) -> str:
    """A share with its exact 95 % interval: "3.0 % [1.9, 4.5]"."""
    ends = binomtest(count, of).proportion_ci()
    return f"{count / of:.1%} [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"


def study(name: str, number: int, permutations: int) -> NullStudy:
    """One study of nothing."""
    scenario = ready_made(name, *FILES[name])
    one, two = (play(scenario, EPISODES, seed=2 * number + run) for run in (0, 1))
    known = readable(one)
    report = levels(known.values(), one, resamples=20, seed=number)
    metrics = [metric for metric in known.values() if not metric.restates and not metric.lacks(two)]
    compared = differences(metrics, one, two, permutations=permutations, resamples=20, seed=number)
    compared = compared.with_columns(
        pl.Series("p_corrected", holm(compared["p"].to_list()), dtype=pl.Float64)
    )
    tables = {"report": report, "comparison": compared}
    found = {where for where, table in tables.items() if (table["p_corrected"] < SIGNIFICANT).any()}
    single = [
        f"{metric} ({where})"
        for where, table in tables.items()
        for metric in table.filter(pl.col("p") < SIGNIFICANT)["metric"]
    ]
    return NullStudy(frozenset(found), tuple(single))


def main() -> None:
    """Print the shares for each ready file, and for all together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500, help="of each ready file")
    parser.add_argument("--permutations", type=int, default=2500)
    asked = parser.parse_args()
    every = Counted()
    for name in FILES:
        counted = Counted()
        for number in range(asked.studies):
            found = study(name, number, asked.permutations)
            counted.take(found)
            every.take(found)
        often = ", ".join(f"{what} {n / asked.studies:.1%}" for what, n in counted.single.most_common(3))
        print(f"{name}: {counted}; before correction {often or 'nothing'}", flush=True)
    print(f"all: {every}")


if __name__ == "__main__":
    main()
