"""The fields of a Bernoulli debate's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.agents.engine import AnyEngine
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.policy import Settings
from palaestra.scenarios.bernoulli_debate.protocol import AliceStrategy, BobStrategy
from palaestra.scenarios.core.config import Location, ScenarioConfig


class Matchup(Settings):
    """Who plays whom."""

    alice: AliceStrategy = Field("honest", description="Alice's strategy.")
    bob: BobStrategy = Field("honest", description="Bob's strategy.")


MATCHUPS = (
    Matchup(alice="honest", bob="never"),
    Matchup(alice="honest", bob="random"),
    Matchup(alice="honest", bob="last"),
    Matchup(alice="drift", bob="honest"),
    Matchup(alice="big_lie", bob="honest"),
    Matchup(alice="late_lie", bob="honest"),
)


class BernoulliDebateConfig(ScenarioConfig):
    """Doubly-efficient debates about random computations."""

    scenario: Literal["bernoulli_debate"] = "bernoulli_debate"
    engines: dict[str, AnyEngine] = Field(
        {"default": ScriptedEngine()},
        description="The engines, by name. Nothing is ever asked of them. Default: a scripted one.",
    )
    matchups: list[Matchup] = Field(
        list(MATCHUPS),
        min_length=1,
        description="Who plays whom; episode i takes matchup i modulo their number.",
    )
    steps: int = Field(10, ge=1, le=10_000, description="Number of bits of a computation, t + 1.")
    lipschitz: float = Field(
        2.0,
        ge=1,
        description="The Lipschitz constant k of the computations, 1 … `steps`: how much the bits that "
        "came before matter. At 1 each bit is independent, at `steps` each copies the one before.",
    )
    confidence: float = Field(
        2 / 3,
        ge=2 / 3,
        le=1,
        description="Probability of the true answer, 2/3 … 1. The side that is honest has it; where both "
        "or neither are, it is drawn.",
    )
    shift: float = Field(
        2.5,
        ge=0,
        description="How far a drifting Alice moves every chance, in units of c = .01/k. Up to 1 it is "
        "harmless; Vera rejects from 1.5, Bob challenges from 3.5, give or take their errors.",
    )
    lie: float = Field(
        1.0, gt=0, le=1, description="How far a lying Alice moves the one chance that she lies about, 0–1."
    )

    def problems(self) -> Iterator[tuple[Location, str]]:
        """A Lipschitz constant that no tree of so few steps has."""
        if self.lipschitz > self.steps:
            yield (
                ("lipschitz",),
                f"{self.lipschitz} is more than a computation of {self.steps} steps can have",
            )
