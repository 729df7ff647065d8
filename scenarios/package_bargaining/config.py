"""The fields of a package bargaining's scenario file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.package_bargaining import street
from palaestra.scenarios.package_bargaining.packages import MOST_ITEMS, PackageStakes

Problems = Iterator[tuple[Location, str]]
Amount = Annotated[FiniteFloat, Field(ge=0)]


class Item(Settings):
    """Something that a package may hold."""

    id: str = Field(
        max_length=30, pattern=r"^[A-Za-z]\w*$", description="How proposals name it; unique in the scenario."
    )
    name: str = Field(min_length=1, max_length=80, pattern=r"\S", description="What it is, in a few words.")
    cost: int = Field(ge=0, le=10**12, description="What it costs, in `unit`s.")
    scores: dict[str, Amount] = Field(description="Its score on each criterion, ≥ 0; 0–5 by custom.")


class Stakeholder(Participant):
    """A group that bargains for what it cares about."""

    weights: dict[str, Amount] = Field(
        description="How much each criterion counts, ≥ 0; only the proportions matter."
    )


class PackageBargainingConfig(ScenarioConfig):
    """Stakeholders who bargain, through a mediator, over what a budget is spent on."""

    scenario: Literal["package_bargaining"] = "package_bargaining"
    matter: str = Field(
        "the new design of Mill Street", min_length=1, description="What the budget is spent on."
    )
    criteria: dict[str, str] = Field(
        street.CRITERIA, min_length=1, description="The public rubric: each criterion with what it means."
    )
    items: list[Item] = Field(
        [Item.model_validate(item) for item in street.ITEMS],
        min_length=2,
        max_length=MOST_ITEMS,
        description="What a package may hold.",
    )
    budget: int = Field(street.BUDGET, ge=0, description="Most that a package may cost, in `unit`s.")
    unit: str = Field(street.UNIT, max_length=30, description="What costs are counted in.")
    designs: dict[str, list[str]] = Field(
        {}, description="Base designs to compare with: named packages, each as a list of item ids."
    )
    stakeholders: list[Stakeholder] = Field(
        [Stakeholder.model_validate(group) for group in street.STAKEHOLDERS],
        min_length=2,
        description="Who bargains.",
    )
    mediator: Participant = Field(
        Participant(name="Mediator", persona="You want a package that everyone can live with."),
        description="Who puts the packages together; neutral, without weights.",
    )
    rounds: int = Field(3, ge=1, description="Most packages that the mediator puts forward.")
    weights: Literal["private", "public"] = Field(
        "private", description="Whether each stakeholder's weights are its own secret or known to all."
    )
    proposals: Literal["mediator", "everyone"] = Field(
        "mediator", description="Who reads the stakeholders' proposals."
    )
    words: int = Field(
        20, ge=5, le=500, description="Length of a message that the prompts ask for, words of 8 characters."
    )

    def stakes(self) -> PackageStakes:
        """Costs, budget and the worth of each item; each stakeholder's weights are scaled to sum to 1."""
        worth = []
        for group in self.stakeholders:
            whole = sum(group.weights.values())
            shares = {criterion: weight / whole for criterion, weight in group.weights.items()}
            worth.append(tuple(sum(shares[c] * item.scores[c] for c in self.criteria) for item in self.items))
        return PackageStakes(tuple(item.cost for item in self.items), self.budget, tuple(worth))

    def problems(self) -> Problems:
        """Items, designs and weights that don't fit each other."""
        yield from name_problems(stakeholders=self.stakeholders)
        names = {spelled_alike(group.name) for group in self.stakeholders}
        if spelled_alike(self.mediator.name) in names:
            yield ("mediator", "name"), f"a stakeholder is named {self.mediator.name!r} too"
        for field in ("id", "name"):
            yield from self._repeated_items(field)
        for position, item in enumerate(self.items):
            for location, message in criteria_problems(item.id, item.scores, self.criteria):
                yield ("items", position, "scores", *location), message
        for position, group in enumerate(self.stakeholders):
            place = ("stakeholders", position, "weights")
            for location, message in criteria_problems(group.name, group.weights, self.criteria):
                yield (*place, *location), message
            if not any(group.weights.values()):
                yield place, f"{group.name} gives weight to no criterion"
        cheapest = min(item.cost for item in self.items)
        if self.budget < cheapest:
            yield ("budget",), f"a budget of {self.budget} buys nothing; the cheapest item costs {cheapest}"
        yield from self._design_problems()

    def _repeated_items(self, field: str) -> Problems:
        seen: set[str] = set()
        for position, item in enumerate(self.items):
            value = str(getattr(item, field))
            if spelled_alike(value) in seen:
                yield ("items", position, field), f"two items have the {field} {value!r}"
            seen.add(spelled_alike(value))

    def _design_problems(self) -> Problems:
        costs = {item.id: item.cost for item in self.items}
        for name, ids in self.designs.items():
            for position, item in enumerate(ids):
                if item not in costs:
                    yield (
                        ("designs", name, position),
                        f"there is no item {item!r}; the items are: {', '.join(costs)}",
                    )
                elif item in ids[:position]:
                    yield ("designs", name, position), f"{item} is in {name} twice"
            cost = sum(costs[item] for item in ids)
            if cost > self.budget:
                yield ("designs", name), f"{name} costs {cost}, over the budget of {self.budget}"


def spelled_alike(name: str) -> str:
    """`name` without what doesn't tell two names apart: case and spaces."""
    return " ".join(name.split()).casefold()


def criteria_problems(name: str, given: Iterable[str], criteria: Iterable[str]) -> Problems:
    """Criteria that `given` lacks or has too many."""
    given, criteria = list(given), list(criteria)
    missing = [criterion for criterion in criteria if criterion not in given]
    if missing:
        yield (), f"{name} lacks {', '.join(missing)}"
    for criterion in given:
        if criterion not in criteria:
            told = f"there is no criterion {criterion!r}; the criteria are: {', '.join(criteria)}"
            yield (criterion,), told
