"""How often intervals hold the truth, over shapes of values and numbers of episodes (`make intervals`).

Prints, for each shape and number, the share of the given intervals that hold the true number, the
share of cases in which none is given, and the width against Student's t; then differences of two runs,
lists of few items, Bradley–Terry strengths, and what `detectable` finds. `--repetitions` says how many
samples each figure is of: 2,000 give its second digit (± 1 point).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import exp, sqrt

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import ArrayLike

from palaestra.metrics.bounds import Bounds, Chance, Numbers, Support, bounds, quantile, support_of
from palaestra.metrics.comparison import difference, level
from palaestra.metrics.metric import CORRELATION, RATIO, Tables, metric
from palaestra.metrics.ratings.bradley_terry import Game, bradley_terry

NUMBERS = (10, 15, 20, 50)
FEW = Chance(600)
SHARE: Support = (0.0, 1.0)
OPINION: Support = (-3.0, 3.0)
UNKNOWN: Support = (None, None)
SKEWED = (0.1, 0.1, 0.3, 0.5)
Draw = Callable[[Generator, int], ArrayLike]

SHAPES: dict[str, tuple[Draw, float, Support]] = {
    "normal": (lambda g, n: g.normal(size=n), 0.0, UNKNOWN),
    "normal, mean 2": (lambda g, n: g.normal(2, 1, n), 2.0, UNKNOWN),
    "Student's, 3 degrees": (lambda g, n: g.standard_t(3, n), 0.0, UNKNOWN),
    "exponential less 1": (lambda g, n: g.exponential(size=n) - 1, 0.0, UNKNOWN),
    "lognormal less its mean": (lambda g, n: g.lognormal(size=n) - exp(0.5), 0.0, UNKNOWN),
    "exponential": (lambda g, n: g.exponential(size=n), 1.0, UNKNOWN),
    "lognormal": (lambda g, n: g.lognormal(size=n), exp(0.5), UNKNOWN),
    "counts, Poisson 1": (lambda g, n: g.poisson(1, n) * 1.0, 1.0, UNKNOWN),
    "counts, Poisson 3": (lambda g, n: g.poisson(3, n) * 1.0, 3.0, UNKNOWN),
    "counts, geometric": (lambda g, n: g.geometric(0.2, n) - 1.0, 4.0, UNKNOWN),
    "counts of 5, as shares": (lambda g, n: g.binomial(5, 0.2, n) / 5, 0.2, UNKNOWN),
    "half ties": (lambda g, n: (g.random(n) < 0.5) * g.normal(size=n), 0.0, UNKNOWN),
    "80 % zeros, counts": (lambda g, n: (g.random(n) < 0.2) * g.poisson(3, n) * 1.0, 0.6, UNKNOWN),
    "80 % zeros, amounts": (lambda g, n: (g.random(n) < 0.2) * g.exponential(size=n), 0.2, UNKNOWN),
    "half zeros, amounts": (lambda g, n: (g.random(n) < 0.5) * g.exponential(size=n), 0.5, UNKNOWN),
    "0 or 1, 0.3": (lambda g, n: (g.random(n) < 0.3) * 1.0, 0.3, SHARE),
    "0 or 1, 0.1": (lambda g, n: (g.random(n) < 0.1) * 1.0, 0.1, SHARE),
    "shares, even": (lambda g, n: g.random(n), 0.5, SHARE),
    "shares, skewed": (lambda g, n: g.beta(1, 30, n), 1 / 31, SHARE),
    "shares, 80 % zeros": (lambda g, n: (g.random(n) < 0.2) * g.random(n), 0.1, SHARE),
    "opinions, skewed": (
        lambda g, n: g.choice([-3.0, -2.0, 2.0, 3.0], n, p=[0.1, 0.1, 0.3, 0.5]),
        1.6,
        OPINION,
    ),
}


@metric("told.value", unit="points")
def average(told: pl.DataFrame) -> pl.DataFrame:
    """A mean."""
    return told.select("episode", "value")


@metric("told.part told.whole", unit="share", low=0, high=1, statistic=RATIO)
def share(told: pl.DataFrame) -> pl.DataFrame:
    """A share of all occasions."""
    return told


@metric("told.part told.whole", unit="rate", low=0, statistic=RATIO)
def rate(told: pl.DataFrame) -> pl.DataFrame:
    """A rate over all occasions."""
    return told


@metric("told.x told.y", unit="r", low=-1, high=1, statistic=CORRELATION)
def correlation(told: pl.DataFrame) -> pl.DataFrame:
    """A correlation over all rows."""
    return told


def run(values: Numbers, *, seeds: int = 0, items: ArrayLike | None = None) -> Tables:
    """A run of a value an episode, whose seeds begin at `seeds`."""
    numbers = np.arange(len(values))
    episodes = pl.DataFrame({"episode": numbers, "seed": numbers + seeds}).with_columns(ended=True)
    if items is not None:
        episodes = episodes.with_columns(item=pl.Series(np.asarray(items)).cast(pl.Int64))
    return {"told": pl.DataFrame({"episode": numbers, "value": values}), "episodes": episodes}


class Tally:
    """How many intervals were given, and how many held the truth."""

    def __init__(self) -> None:
        self.asked = self.given = self.held = 0
        self.width = self.usual = 0.0

    def take(self, low: float | None, high: float | None, truth: float, usual: float = 0.0) -> None:
        """Count an interval, or that there is none."""
        self.asked += 1
        if low is not None and high is not None:
            self.given += 1
            self.held += low <= truth <= high
            self.width, self.usual = self.width + high - low, self.usual + usual

    @property
    def covers(self) -> float:
        """The share of the given intervals that held the truth."""
        return self.held / max(self.given, 1)

    def __str__(self) -> str:
        refused = 1 - self.given / max(self.asked, 1)
        width = f" ×{self.width / self.usual:.2f}" if self.usual else ""
        return f"{self.covers:6.1%} {refused:4.0%}{width}"


def drawn(name: str, random: Generator, n: int) -> Numbers:
    """`n` values of a shape."""
    return np.asarray(SHAPES[name][0](random, n), dtype=float)


def of_shape(name: str, n: int, repetitions: int, seed: int = 0) -> Tally:
    """The intervals of means of `n` values of a shape."""
    _, truth, support = SHAPES[name]
    random, tally = np.random.default_rng(seed), Tally()
    for _ in range(repetitions):
        values = drawn(name, random, n)
        if np.ptp(values) == 0:
            tally.take(None, None, truth)
            continue
        known = support_of(values) if support == UNKNOWN else support
        found: Bounds = bounds(float(values.mean()), values, known, chance=FEW)
        usual = 2 * quantile(n) * float(values.std(ddof=1)) / sqrt(n)
        tally.take(found.low, found.high, truth, usual)
    return tally


def of_difference(name: str, n: int, repetitions: int, *, paired: bool, seed: int = 0) -> Tally:
    """The intervals of differences between runs that don't differ."""
    random, tally = np.random.default_rng(seed), Tally()
    for number in range(repetitions):
        one, two = run(drawn(name, random, n)), run(drawn(name, random, n), seeds=0 if paired else 1000)
        told = difference(average, one, two, resamples=600, permutations=9, seed=number)
        tally.take(told.low, told.high, 0.0)
    return tally


def of_items(items: int, each: int, repetitions: int, seed: int = 0) -> tuple[Tally, Tally, float]:
    """Levels and differences where effects belong to items; how often p < 0.05 without any on average."""
    random, levels, differences, found = np.random.default_rng(seed), Tally(), Tally(), 0
    of = np.tile(np.arange(items), each)
    for number in range(repetitions):
        effect = random.normal(size=items)[of]
        one = run(random.normal(size=len(of)), items=of)
        two = run(effect + random.normal(size=len(of)), items=of)
        told = level(average, two, resamples=600, seed=number)
        levels.take(told.low, told.high, 0.0)
        compared = difference(average, one, two, resamples=600, permutations=999, seed=number)
        differences.take(compared.low, compared.high, 0.0)
        found += compared.p is not None and compared.p < 0.05
    return levels, differences, found / repetitions


def of_statistic(name: str, n: int, repetitions: int, seed: int = 0) -> Tally:
    """The intervals of a share, a rate and a correlation over rows of `n` episodes."""
    random, tally = np.random.default_rng(seed), Tally()
    for number in range(repetitions):
        whole = random.integers(1, 6, n)
        if name == "correlation":
            x = random.normal(size=(n, 4))
            y = 0.5 * x + sqrt(0.75) * random.normal(size=(n, 4))
            rows = {"episode": np.repeat(np.arange(n), 4), "x": x.ravel(), "y": y.ravel()}
            told = level(correlation, {"told": pl.DataFrame(rows)}, resamples=600, seed=number)
            tally.take(told.low, told.high, 0.5)
            continue
        part = random.binomial(whole, random.beta(0.8, 3.2, n)) if name == "share" else random.poisson(whole)
        rows = {"episode": np.arange(n), "part": part * 1.0, "whole": whole * 1.0}
        asked, truth = (share, 0.2) if name == "share" else (rate, 1.0)
        told = level(asked, {"told": pl.DataFrame(rows)}, resamples=600, seed=number)
        tally.take(told.low, told.high, truth)
    return tally


def of_strengths(contests: int, players: int, repetitions: int, *, duels: bool, prior: float = 0.0) -> Tally:
    """The intervals of Bradley–Terry strengths from duels, or from contests of all against all."""
    strengths, tally = np.arange(players) * 0.5, Tally()
    strengths = strengths - strengths.mean()
    for number in range(repetitions):
        random, games = np.random.default_rng(number), list[Game]()
        for _ in range(contests):
            heard = strengths + random.gumbel(size=players)
            chosen = random.choice(players, 2, replace=False) if duels else range(players)
            games += [(str(a), str(b), float(heard[a] > heard[b])) for a in chosen for b in chosen if a < b]
        try:
            found = bradley_terry(games, prior=prior, resamples=200, seed=number)
        except ValueError:
            tally.take(None, None, 0.0)
            continue
        if len(found) == players:
            for name, low, high in found.select("name", "low", "high").iter_rows():
                tally.take(low, high, float(strengths[int(name)]))
    return tally


def power(n: int, repetitions: int, *, paired: bool, seed: int = 0) -> float:
    """How often a true difference as large as `detectable` gives p < 0.05."""
    random, found = np.random.default_rng(seed), 0
    for number in range(repetitions):
        seeds = 0 if paired else 1000
        pilot = difference(
            average, run(random.normal(size=n)), run(random.normal(size=n), seeds=seeds), permutations=9
        )
        assert pilot.detectable is not None
        later = run(random.normal(size=n) + pilot.detectable, seeds=seeds)
        told = difference(average, run(random.normal(size=n)), later, permutations=999, seed=number)
        found += told.p is not None and told.p < 0.05
    return found / repetitions


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    asked = parser.parse_args().repetitions
    print(f"{asked} samples each: holds the truth, refused, width to Student's t")
    print(f"{'means of episodes':26s}", *(f"{f'n = {n}':20s}" for n in NUMBERS))
    for name in SHAPES:
        print(f"{name:26s}", *(f"{of_shape(name, n, asked)!s:20s}" for n in NUMBERS), flush=True)
    fewer = max(asked // 4, 10)
    print(f"\n{fewer} samples each: differences that there aren't, numbers over rows")
    for paired in (True, False):
        for name in ("normal", "exponential", "lognormal", "counts, Poisson 1", "0 or 1, 0.3", "half ties"):
            told = [of_difference(name, n, fewer, paired=paired) for n in NUMBERS]
            word = "paired" if paired else "unpaired"
            print(f"{f'{name}, {word}':26s}", *(f"{tally!s:20s}" for tally in told), flush=True)
    for name in ("share", "rate", "correlation"):
        print(f"{name:26s}", *(f"{of_statistic(name, n, fewer)!s:20s}" for n in NUMBERS), flush=True)
    print("\nitems × episodes of each: levels, differences, p < 0.05 without a difference")
    for items, each in ((4, 50), (6, 20), (12, 10), (30, 5)):
        levels, differences, found = of_items(items, each, fewer)
        print(f"{f'{items} × {each}':26s} {levels!s:20s} {differences!s:20s} {found:.1%}", flush=True)
    print("\nBradley–Terry strengths")
    for contests in (30, 60, 200):
        for prior in (0.0, 1.0):
            tally = of_strengths(contests, 6, fewer // 2, duels=True, prior=prior)
            print(f"{f'{contests} duels, prior {prior:g}':26s} {tally}", flush=True)
    for contests in (30, 100):
        tally = of_strengths(contests, 4, fewer // 4, duels=False)
        print(f"{f'{contests} contests of 4':26s} {tally}", flush=True)
    print("\nhow often a difference as large as `detectable` is found (promised: 80 %)")
    for n in NUMBERS:
        pairs, apart = power(n, fewer, paired=True), power(n, fewer, paired=False)
        print(f"n = {n:2d}: paired {pairs:.0%}, unpaired {apart:.0%}", flush=True)


if __name__ == "__main__":
    main()
