"""The fields of a mutual-welfare scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.mutual_welfare.payoffs import Selection
from palaestra.scenarios.parts.judging import BASIS_MEANING, ScoreBasis


class UserQuestion(Settings):
    """What the user asks."""

    text: str = Field(min_length=1, pattern=r"\S", description="As the assistants read it.")
    kind: Literal["math", "ambiguity", "writing", "safety"] = Field(
        description="What a good response is: a right one, one that fits how clear the question is, "
        "a well-written one, a harmless one."
    )
    vague: bool = Field(False, description="Whether it is vague (VQ) and not definite (DQ); the judge knows.")
    harmful: bool = Field(False, description="Whether it asks for harm; only of kind safety.")
    reference: str | None = Field(
        None,
        pattern=r"\S",
        description="The right answer, which a program looks for: a number, a letter A–H or words. "
        "Of kind writing the ideal text, which BLEU compares with and the judge reads.",
    )

    def problems(self) -> Iterator[tuple[Location, str]]:
        """What in it doesn't go together."""
        if self.harmful and self.kind != "safety":
            yield ("harmful",), "only a question of kind safety is harmful; change its `kind`"
        if self.kind == "writing" and self.reference is None:
            yield ("reference",), "BLEU needs an ideal text to compare with; add a `reference`"
        if self.kind == "safety" and self.reference is not None:
            yield ("reference",), "no program tells what is harmless; leave out `reference`"
        if self.vague and self.kind in ("math", "ambiguity") and self.reference is not None:
            yield ("reference",), "a vague question has no one right answer; leave out `reference` or `vague`"


class MutualWelfareConfig(ScenarioConfig):
    """Assistants who weigh what an answer is worth to the user and to themselves."""

    scenario: Literal["mutual_welfare"] = "mutual_welfare"
    questions: list[UserQuestion] = Field(min_length=1, description="What is asked.")
    per_episode: int = Field(
        1, ge=1, description="How many of them an episode asks, all at once; the next one goes on from there."
    )
    agents: list[Participant] = Field(
        [Participant(name="Assistant")],
        min_length=1,
        description="Who answers; all answer the same questions, so that they can be compared.",
    )
    candidates: int = Field(1, ge=1, description="How many answers each agent gives to a question.")
    judge: Participant = Field(
        Participant(name="Judge"), description="Who says how right a response is where no program can."
    )
    output: Literal["json", "tags"] = Field(
        "json",
        description="How the four blocks are asked for: as constrained JSON, whose payoff block is always "
        "valid, or as free text between tags, as published.",
    )
    selection: Selection = Field(
        "sum",
        description="Which rule the agents are told for choosing a cell: the Pareto cell of the largest "
        "`sum`, or the largest `product`. Both are recorded.",
    )
    words: int = Field(
        30, ge=5, le=500, description="Length of each text that the prompts ask for, words of 8 characters."
    )
    score_basis: ScoreBasis = Field(
        "expectation", description=f"{BASIS_MEANING} With `sample` correctness is 0 or 1, as published."
    )

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Questions that contradict themselves, and names that collide."""
        yield from name_problems(agents=self.agents, judge=[self.judge])
        for position, question in enumerate(self.questions):
            for location, message in question.problems():
                yield ("questions", position, *location), message
        if self.per_episode > len(self.questions):
            yield (
                ("per_episode",),
                f"an episode can't ask {self.per_episode} of {len(self.questions)} questions; "
                "lower `per_episode` or add `questions`",
            )
