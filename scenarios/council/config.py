"""The fields of a council's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.council import charter, town
from palaestra.scenarios.council.budget import BudgetRules, Law, Stressor
from palaestra.scenarios.council.voting import Rule
from palaestra.scenarios.parts.judging import ScoreBasis

Problems = Iterator[tuple[Location, str]]
Group = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S(.*\S)?$")]


class Member(Participant):
    """One of the council."""

    group: str = Field(description="The group of citizens that this member speaks for, one of `groups`.")
    agenda: str = Field("", description="What this member really wants; nobody else ever reads it.")


class CouncilConfig(ScenarioConfig):
    """A council that deliberates, makes laws under a budget and elects its chair."""

    scenario: Literal["council"] = "council"
    members: list[Member] = Field(min_length=3, description="The council; the first chairs the first term.")
    quorum: int = Field(
        description="How many members must vote yes, no or abstain for a vote to count, 1 to all."
    )
    charter: str = Field(
        charter.NONE,
        description="What the council is bound to: `none`, `constitutional` (the prompt `constitution`), a "
        "text, or the path of a text file (.txt or .md) relative to this file.",
    )
    deliberation: Literal["free", "mediated"] = Field(
        "free",
        description="Members speak in turn and hear each other (`free`), or each tells the mediator, whose "
        "summary is all that the others hear (`mediated`).",
    )
    mediator: Participant = Field(
        Participant(name="Mediator", persona="You take no side."), description="Who sums up."
    )
    labeller: Participant = Field(
        Participant(name="Labeller"), description="Who labels acts, without knowing whose they are."
    )
    stressor: Stressor = Field(
        "none",
        description="`budget_crisis` cuts the town's revenue by 20 %; `scarcity` raises its prices by 20 % "
        "and takes 10 points from everybody's welfare.",
    )
    proposer: Literal["chair", "turn"] = Field(
        "chair", description="Who moves the bills: the chair, or the members in turn."
    )
    amendments: bool = Field(True, description="Whether another member may change a bill's size first.")
    terms: int = Field(2, ge=1, description="How often the chair is elected, at the end of each term.")
    sessions: int = Field(2, ge=1, description="Sessions in a term, with one bill each.")
    voting_rule: Rule = Field("instant_runoff", description="What elects the chair.")
    groups: list[Group] = Field(list(town.GROUPS), min_length=1, description="The citizens.")
    laws: list[Law] = Field(list(town.LAWS), min_length=2, description="What can be enacted and repealed.")
    budget: BudgetRules = Field(BudgetRules(), description="The town's money before any law.")
    score_basis: ScoreBasis = Field(
        "expectation",
        description="Whether a label is the probabilities of its options (`expectation`) or the one chosen "
        "(`sample`).",
    )
    words: int = Field(25, ge=5, description="Length of a speech that the prompts ask for, words.")

    @field_validator("charter")
    @classmethod
    def _read_charter(cls, given: str, info: ValidationInfo) -> str:
        return charter.charter_text(given, (info.context or {}).get("folder", Path()))

    def problems(self) -> Problems:
        """Quorums that can't be, colliding names, groups that there are not."""
        yield from name_problems(members=self.members, mediator=[self.mediator], labeller=[self.labeller])
        size = len(self.members)
        if self.quorum < 1:
            yield ("quorum",), f"a quorum of {self.quorum} is none; take 1 to {size}, such as {size // 2 + 1}"
        elif self.quorum > size:
            yield (
                ("quorum",),
                f"a quorum of {self.quorum} can't be met by {size} members; take {size} or less",
            )
        yield from _repeated("groups", self.groups)
        yield from _repeated("laws", [law.name for law in self.laws])
        known = f"the groups are: {', '.join(self.groups)}"
        for position, member in enumerate(self.members):
            if member.group not in self.groups:
                yield ("members", position, "group"), f"there is no group {member.group!r}; {known}"
        for position, law in enumerate(self.laws):
            for group in law.effects:
                if group not in self.groups:
                    yield ("laws", position, "effects", group), f"there is no group {group!r}; {known}"


def _repeated(field: str, names: list[str]) -> Problems:
    seen: set[str] = set()
    for position, name in enumerate(names):
        key = " ".join(name.split()).casefold()
        if key in seen:
            yield (field, position), f"{name!r} is in `{field}` twice"
        seen.add(key)
