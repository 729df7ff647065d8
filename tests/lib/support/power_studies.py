"""How often planted effects are found in as many episodes as `palaestra plan` said (`make power`).

Each study draws a pilot, plans by it for a power of 80 %, draws two runs of so many episodes of which the
second has the effect, and compares them. What varies is a proportion (`check_passed`), a count
(`claims_found`) or a mean (`opinion_shift`), with episodes on topics of their own or with each topic played
again, whose effects are as large as what varies within it. The runs share no topic and no seed, as
planned for. Prints the share of studies that found it, with its exact binomial interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.random import Generator

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.comparison import SIGNIFICANT, difference
from palaestra.metrics.families.judges import claims_found
from palaestra.metrics.families.opinions import opinion_shift
from palaestra.metrics.families.tournament import check_passed
from palaestra.metrics.metric import Metric, Tables
from palaestra.metrics.planning import plan
from support.null_studies import with_interval

PILOT, AGAIN = 60, 3
"""Episodes of a pilot, and how often each topic is played where topics come again."""
OF_EACH = 8
"""Answers of an episode, or claims that judges look for in answers."""
Draw = Callable[[Generator, Numbers, float], Tables]


def passed(random: Generator, topic: Numbers, effect: float) -> Tables:
    """Answers that pass a check in half of the cases."""
    shares = np.clip(0.5 + effect + 0.12 * topic, 0, 1)
    rows = random.random((len(topic), OF_EACH)) < shares[:, None]
    return {"answer": _long(rows, "passed")}


def claimed(random: Generator, topic: Numbers, effect: float) -> Tables:
    """Four judgements an episode in which about three claims are found."""
    expected = np.maximum(0.1, 2 + effect + 0.7 * topic)
    found = 1 + random.poisson(expected[:, None], (len(topic), 4))
    rows = [
        (episode, contest, "Kim", "Ann", 1)
        for episode, counts in enumerate(found)
        for contest, count in enumerate(counts)
        for _ in range(count)
    ]
    return {
        "claim": pl.DataFrame(rows, schema=["episode", "contest", "judge", "fighter", "repeat"], orient="row")
    }


def shifted(random: Generator, topic: Numbers, effect: float) -> Tables:
    """Four agents whose opinions change by about nothing."""
    change = effect + 0.5 * topic[:, None] + random.normal(0, 1, (len(topic), 4))
    before = random.uniform(-2.5, 2.5, change.shape)
    rows = [
        (episode, f"A{agent}", moment, value)
        for episode, (first, more) in enumerate(zip(before, change, strict=True))
        for agent in range(4)
        for moment, value in (("before", first[agent]), ("after", first[agent] + more[agent]))
    ]
    return {"opinion": pl.DataFrame(rows, schema=["episode", "agent", "moment", "opinion"], orient="row")}


EFFECTS: dict[str, tuple[Metric, Draw, float]] = {
    "a proportion": (check_passed, passed, 0.1),
    "a count": (claims_found, claimed, 0.5),
    "a mean": (opinion_shift, shifted, 0.4),
}
"""What is measured, how it is drawn, and the planted effect, in the metric's unit."""


def _long(values: np.ndarray, name: str) -> pl.DataFrame:
    """A row for each value of an episode."""
    episodes = np.repeat(np.arange(len(values)), values.shape[1])
    return pl.DataFrame({"episode": episodes, name: values.ravel()})


def drawn(draw: Draw, random: Generator, episodes: int, again: int, effect: float, first: int) -> Tables:
    """A run, each of whose topics is played `again` times; seeds and topics are numbered from `first`."""
    topics = -(-episodes // again)
    item = np.tile(np.arange(topics), again)[:episodes]
    told = {"episode": np.arange(episodes), "seed": first + np.arange(episodes), "item": first + item}
    table = pl.DataFrame(told).with_columns(ended=True)
    return {**draw(random, random.normal(size=topics)[item], effect), "episodes": table}


def finds(what: str, again: int, number: int) -> tuple[bool, int]:
    """Whether study `number` found the effect, and in how many episodes of each run."""
    metric, draw, effect = EFFECTS[what]
    random = np.random.default_rng((number, again, list(EFFECTS).index(what)))
    pilot = drawn(draw, random, PILOT, again, 0.0, 0)
    needed = plan(metric, pilot, effect).apart
    runs = [
        drawn(draw, random, needed, again, planted, at) for planted, at in ((0.0, 10**6), (effect, 10**7))
    ]
    told = difference(metric, *runs, resamples=20, permutations=2000, seed=number)
    return told.p is not None and told.p < SIGNIFICANT and (told.value or 0) > 0, needed


def main() -> None:
    """Print how often each effect is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400, help="of each effect")
    asked = parser.parse_args()
    for again, told in ((1, "each topic once"), (AGAIN, f"each topic {AGAIN} times")):
        for what, (metric, _, effect) in EFFECTS.items():
            studies = [finds(what, again, number) for number in range(asked.studies)]
            found, needed = (sum(each) for each in zip(*studies, strict=True))
            print(
                f"{what}, {effect:g} {metric.unit} of {metric.name}, {told}: found in "
                f"{with_interval(found, asked.studies)} of {asked.studies} studies, planned 80 %; "
                f"{needed / asked.studies:.0f} episodes of each run on average",
                flush=True,
            )


if __name__ == "__main__":
    main()
