"""The game between Alice and Bob, with Vera as its judge; the package's docstring is the summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, log
from typing import Literal

from numpy.random import Generator

from palaestra.scenarios.bernoulli_debate.trees import Tree
from palaestra.scenarios.core.episode import Event

AliceStrategy = Literal["honest", "drift", "big_lie", "late_lie"]
BobStrategy = Literal["honest", "never", "first", "random", "last"]


@dataclass(frozen=True, slots=True)
class TreeStep(Event):
    """One statement of Alice's.

    Attributes:
        number: of the step, from 1.
        chance: the oracle's, 0–1, of a 1.
        stated: the chance that Alice stated, 0–1.
        estimate: Bob's, 0–1; None when he made none.
        challenged: whether he challenged.
        bit: what was tossed, 0 or 1; None after a challenge.
    """

    table = "step"

    number: int
    chance: float
    stated: float
    estimate: float | None
    challenged: bool
    bit: int | None


@dataclass(frozen=True, slots=True)
class TreeCheck(Event):
    """Vera's check of one statement.

    Attributes:
        number: of the step, from 1.
        chance: the oracle's, 0–1, of a 1.
        stated: the chance that Alice stated, 0–1.
        estimate: Vera's, 0–1.
        accepted: whether she accepted, so that Alice wins.
    """

    table = "check"

    number: int
    chance: float
    stated: float
    estimate: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class Constants:
    """How exact the honest are, for a computation of `steps` bits and Lipschitz constant `lipschitz`.

    A statement that is off by c or less is fine, one that is off by s or more Vera will reject,
    one that is off by b or more Bob will challenge; `failure` (q) bounds the probability that one
    estimate of Alice's or Bob's errs, `vera_failure` (v) that Vera's does.
    """

    steps: int
    lipschitz: float
    vera_failure: float = 0.01

    @property
    def c(self) -> float:
        """0.01 / k."""
        return 0.01 / self.lipschitz

    @property
    def s(self) -> float:
        """0.02 / k."""
        return 0.02 / self.lipschitz

    @property
    def b(self) -> float:
        """0.05 / k."""
        return 0.05 / self.lipschitz

    @property
    def failure(self) -> float:
        """0.01 / (t + 1)."""
        return 0.01 / self.steps


def samples(error: float, failure: float) -> int:
    """n(e, q) = ⌈ln(2/q) / 2e²⌉: how many samples err by more than e with probability q at most."""
    return ceil(log(2 / failure) / (2 * error**2))


def estimate(random: Generator, chance: float, count: int) -> float:
    """The share of ones, 0–1, among `count` queries of an oracle that says 1 with probability `chance`."""
    return float(random.binomial(count, chance)) / count


@dataclass(slots=True)
class Alice:
    """Who states the chances.

    Attributes:
        lies: how far each step's true chance is moved to her side, 0–1, if she is dishonest.
        queries: samples of the oracle that she took.
    """

    strategy: AliceStrategy
    tree: Tree
    constants: Constants
    random: Generator
    lies: dict[int, float] = field(default_factory=dict)
    queries: int = 0

    def state(self, step: int, chance: float) -> float:
        """The chance that she states at `step`, from 0, where the oracle's is `chance`."""
        if self.strategy == "honest":
            count = samples(self.constants.c, self.constants.failure)
            self.queries += count
            return estimate(self.random, chance, count)
        moved = chance + self.tree.direction(step) * self.lies.get(step, 0.0)
        return min(max(moved, 0.0), 1.0)


def planned_lies(
    strategy: AliceStrategy, steps: int, drift: float, lie: float, random: Generator
) -> dict[int, float]:
    """How far a dishonest Alice will move the chances, by step from 0; {} if she is honest.

    Args:
        strategy: hers.
        steps: number of bits.
        drift: the move of every step under `drift`, 0–1.
        lie: the move of the one lie under `big_lie` and `late_lie`, 0–1.
        random: draws the step of a `big_lie`.
    """
    match strategy:
        case "drift":
            return dict.fromkeys(range(steps), drift)
        case "big_lie":
            return {int(random.integers(steps)): lie}
        case "late_lie":
            return {steps - 1: lie}
    return {}


@dataclass(slots=True)
class Bob:
    """Who challenges.

    Attributes:
        challenges: the step, from 0, at which a dishonest Bob will challenge; None for never.
        estimate: his last one, 0–1; None if he made none.
        queries: samples of the oracle that he took.
    """

    strategy: BobStrategy
    constants: Constants
    random: Generator
    challenges: int | None = None
    estimate: float | None = None
    queries: int = 0

    def accepts(self, step: int, chance: float, stated: float) -> bool:
        """Whether he accepts what Alice states at `step`, from 0, where the oracle's chance is `chance`."""
        if self.strategy != "honest":
            return step != self.challenges
        s, b = self.constants.s, self.constants.b
        count = samples((b - s) / 2, self.constants.failure)
        self.queries += count
        self.estimate = estimate(self.random, chance, count)
        return abs(stated - self.estimate) < (s + b) / 2


def planned_challenge(strategy: BobStrategy, steps: int, random: Generator) -> int | None:
    """The step, from 0, at which a dishonest Bob will challenge; None for never, or if he is honest."""
    match strategy:
        case "first":
            return 0
        case "random":
            return int(random.integers(steps))
        case "last":
            return steps - 1
    return None


@dataclass(slots=True)
class TreeGame:
    """A finished game.

    Attributes:
        winner: "alice" or "bob".
        events: its steps, and Vera's check after a challenge.
        queries: samples of the oracle, by party.
    """

    winner: str
    events: list[TreeStep | TreeCheck]
    queries: dict[str, int]

    @property
    def check(self) -> TreeCheck | None:
        """Vera's check; None without challenge."""
        last = self.events[-1]
        return last if isinstance(last, TreeCheck) else None


def play_game(tree: Tree, constants: Constants, alice: Alice, bob: Bob, random: Generator) -> TreeGame:
    """Play one game on `tree` to its end."""
    bits: list[int] = []
    events: list[TreeStep | TreeCheck] = []
    for step in range(tree.steps):
        chance = tree.chance(bits)
        stated = alice.state(step, chance)
        accepted = bob.accepts(step, chance, stated)
        bit = int(random.random() < stated) if accepted else None
        events.append(TreeStep(step + 1, chance, stated, bob.estimate, not accepted, bit))
        if bit is None:
            check, queries = verify(step, chance, stated, constants, random)
            winner = "alice" if check.accepted else "bob"
            counts = {"alice": alice.queries, "bob": bob.queries, "vera": queries}
            return TreeGame(winner, [*events, check], counts)
        bits.append(bit)
    winner = "alice" if bits[-1] else "bob"
    return TreeGame(winner, events, {"alice": alice.queries, "bob": bob.queries, "vera": 0})


def verify(
    step: int, chance: float, stated: float, constants: Constants, random: Generator
) -> tuple[TreeCheck, int]:
    """Vera's check of what was stated at `step`, from 0, and the samples that it took."""
    c, s = constants.c, constants.s
    count = samples((s - c) / 2, constants.vera_failure)
    found = estimate(random, chance, count)
    return TreeCheck(step + 1, chance, stated, found, abs(stated - found) < (c + s) / 2), count
