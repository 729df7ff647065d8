"""The fields of a debate's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.parts.abstaining import ABSTAIN_MEANING, Abstain, abstain_problems
from palaestra.scenarios.parts.hearing import Hearing
from palaestra.scenarios.parts.judging import (
    BASIS_MEANING,
    WEIGHTS_MEANING,
    Judge,
    JudgeWeights,
    ScoreBasis,
    panel_problems,
)
from palaestra.scenarios.parts.one_judge import one_judge_problems

Stance = Literal["for", "against", "undecided"]


class Debater(Participant):
    """One of those who debate."""

    stance: Stance = Field("undecided", description="Which side this agent speaks for.")


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
    judging: Literal["pointwise", "pairwise"] = Field(
        "pointwise",
        description="Each judge scores every debater, or compares every two of them in both orders.",
    )
    score_basis: ScoreBasis = Field("expectation", description=BASIS_MEANING)
    abstain: Abstain = Field("never", description=ABSTAIN_MEANING)
    weights: JudgeWeights = Field("uniform", description=WEIGHTS_MEANING)

    @field_validator("motions")
    @classmethod
    def _not_blank(cls, motions: list[str]) -> list[str]:
        if any(not motion.strip() for motion in motions):
            raise ValueError("a motion is empty")
        return motions

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Impossible casts, panels and graphs."""
        yield from name_problems(debaters=self.debaters, judges=self.judges)
        yield from panel_problems(self.panel, self.judges)
        yield from abstain_problems(self.abstain, self.judging)
        names = [debater.name for debater in self.debaters]
        for location, message in self.hearing.problems(names, self.seed):
            yield ("hearing", *location), message

    def moot(self) -> Iterator[tuple[Location, str]]:
        """Judges that are one, where their words are to weigh differently."""
        judging = [(("judges", number), judge) for number, judge in enumerate(self.judges)]
        yield from one_judge_problems(self, self.weights, judging)
