"""The fields of a debate's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from agents.policy import Settings
from scenarios.config import Location, ScenarioConfig, repeated
from scenarios.hearing import Hearing

Stance = Literal["for", "against", "undecided"]


class Debater(Settings):
    """One of those who debate."""

    name: str = Field(min_length=1, max_length=60, description="Unique in the debate.")
    persona: str = Field("", description="Who this is, in a sentence or two; only this agent is told.")
    stance: Stance = Field("undecided", description="Which side this agent speaks for.")
    policy: str = Field("default", description="The policy that answers for this agent.")


class Judge(Settings):
    """One of those who may sit on the panel."""

    name: str = Field(min_length=1, max_length=60, description="Unique in the debate.")
    persona: str = Field("", description="What this judge looks for; only this judge is told.")
    policy: str = Field("default", description="The policy that answers for this judge.")


CAST = (
    Debater(name="Ann", persona="A nurse who has worked nights for twenty years.", stance="for"),
    Debater(name="Bo", persona="A shopkeeper who counts every cost.", stance="against"),
    Debater(name="Cem", persona="A student of engineering who trusts numbers.", stance="for"),
    Debater(name="Dee", persona="A retired judge who fears unintended effects.", stance="against"),
)
JUDGES = (
    Judge(name="Judge Kim", persona="You value evidence."),
    Judge(name="Judge Lund", persona="You value clear reasoning."),
    Judge(name="Judge Mora", persona="You value fairness to the other side."),
)
RUBRIC = {
    "reasoning": "the reasons support the claim and answer the other side.",
    "clarity": "the point is plain and well put.",
}


class DebateConfig(ScenarioConfig):
    """A free debate on one or more motions."""

    scenario: Literal["debate"] = "debate"
    motions: list[str] = Field(
        min_length=1, description="What is debated; episode i takes motion i modulo their number."
    )
    debaters: list[Debater] = Field(list(CAST), min_length=2, description="Who debates, in speaking order.")
    rounds: int = Field(3, ge=1, description="How often everyone speaks.")
    speaking: Literal["simultaneous", "sequential"] = Field(
        "simultaneous", description="Whether the speeches of a round are made at once or one after another."
    )
    words: int = Field(40, ge=5, description="Length of a speech that the rules ask for, words.")
    hearing: Hearing = Field(Hearing(), description="Who hears whom. Default: everybody everybody.")
    opinions: bool = Field(True, description="Ask each debater's private opinion before and after.")
    judges: list[Judge] = Field(
        list(JUDGES), description="Who may judge; empty for a debate without verdict."
    )
    panel: int | None = Field(
        None,
        ge=1,
        description="How many judges, drawn anew for each episode, sit on the panel. Default: all.",
    )
    rubric: dict[str, str] = Field(
        RUBRIC, min_length=1, description="Criteria of judgement, each with what it means."
    )

    @field_validator("motions")
    @classmethod
    def _not_blank(cls, motions: list[str]) -> list[str]:
        if any(not motion.strip() for motion in motions):
            raise ValueError("a motion is empty")
        return motions

    def agent_policies(self) -> Iterator[tuple[Location, str]]:
        """Where debaters and judges name their policies."""
        for position, debater in enumerate(self.debaters):
            yield ("debaters", position, "policy"), debater.policy
        for position, judge in enumerate(self.judges):
            yield ("judges", position, "policy"), judge.policy

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Impossible casts, panels and graphs."""
        yield from super().problems()
        names = [debater.name for debater in self.debaters] + [judge.name for judge in self.judges]
        for position, name in repeated(names):
            beyond = position - len(self.debaters)
            where: Location = ("debaters", position, "name") if beyond < 0 else ("judges", beyond, "name")
            yield where, f"two agents are named {name!r}"
        if self.panel is not None and self.panel > len(self.judges):
            yield (
                ("panel",),
                f"a panel of {self.panel} can't be drawn from {len(self.judges)} judges; "
                "lower `panel` or add to `judges`",
            )
        for location, message in self.hearing.problems(names[: len(self.debaters)], self.seed):
            yield ("hearing", *location), message
