"""The fields of a paper review's scenario file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.parts.anonymity import without_name
from palaestra.scenarios.parts.judging import BASIS_MEANING, ScoreBasis


class Paper(Settings):
    """What is reviewed."""

    title: str = Field(min_length=1, pattern=r"\S", description="The paper's title.")
    abstract: str = Field(min_length=1, pattern=r"\S", description="The paper's abstract.")


class Reviewer(Participant):
    """One of those who review."""

    expertise: str = Field("", description="Its field, in a few words; only this reviewer is told.")


REVIEWERS = (
    Reviewer(name="Kim", persona="You want clear evidence.", expertise="statistics"),
    Reviewer(name="Lund", persona="You like new ideas.", expertise="machine learning"),
    Reviewer(name="Mora", persona="You care for readers.", expertise="education"),
)


class PaperReviewConfig(ScenarioConfig):
    """Reviews of one or more papers, each with rebuttal and decision."""

    scenario: Literal["paper_review"] = "paper_review"
    papers: list[Paper] = Field(
        min_length=1, description="What is reviewed; episode i takes paper i modulo their number."
    )
    author: Participant = Field(Participant(name="Ann"), description="Who wrote the papers.")
    reviewers: list[Reviewer] = Field(list(REVIEWERS), min_length=1, description="Who reviews.")
    chair: Participant = Field(Participant(name="Chair Okoro"), description="Who decides.")
    blind: Literal["double", "single"] = Field(
        "double", description="Whether the author's name is kept from reviewers and chair (`double`)."
    )
    visible_reviews: bool = Field(
        True, description="Whether reviewers read each other's reviews before they revise their scores."
    )
    rebuttal: Literal["per_review", "joint"] = Field(
        "per_review", description="Whether the author answers each review, or all in one text."
    )
    words: int = Field(40, ge=5, description="Length of a text that the rules ask for, words.")
    score_basis: ScoreBasis = Field("expectation", description=BASIS_MEANING)

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Names that collide, and papers that would give their author away."""
        yield from name_problems(author=[self.author], reviewers=self.reviewers, chair=[self.chair])
        for position, reviewer in enumerate(self.reviewers):
            if re.fullmatch(r"(?i)\s*(reviewer \d+|author)\s*", reviewer.name):
                yield (
                    ("reviewers", position, "name"),
                    f"{reviewer.name!r} is what others are called; choose a name",
                )
        if self.blind == "double":
            for location, text in self._read_by_reviewers():
                if without_name(text, self.author.name) != text:
                    name = self.author.name
                    yield location, f"this names the author, {name}; take it out, or set `blind: single`"

    def _read_by_reviewers(self) -> Iterator[tuple[Location, str]]:
        """The texts of the file that reviewers or the chair read, and where they are."""
        for number, paper in enumerate(self.papers):
            yield ("papers", number, "title"), paper.title
            yield ("papers", number, "abstract"), paper.abstract
        for number, reviewer in enumerate(self.reviewers):
            yield ("reviewers", number, "name"), reviewer.name
            yield ("reviewers", number, "persona"), reviewer.persona
            yield ("reviewers", number, "expertise"), reviewer.expertise
        yield ("chair", "name"), self.chair.name
        yield ("chair", "persona"), self.chair.persona
