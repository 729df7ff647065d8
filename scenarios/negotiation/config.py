"""The fields of a negotiation's scenario file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.negotiation.bargaining import MOST_OUTCOMES, TOLERANCE, Interests

Problems = Iterator[tuple[Location, str]]
Weight = Annotated[FiniteFloat, Field(gt=0)]
RANGE_POINTS = 100.0
"""What the best end of a numeric issue is worth before its weight; the worst end is worth 0."""


class Issue(Settings):
    """One thing to be agreed: a list of options, or whole numbers from `low` to `high`."""

    name: str = Field(min_length=1, max_length=60, pattern=r"\S", description="Unique in the scenario.")
    options: list[str] | None = Field(None, description="What can be agreed, two or more different texts.")
    low: int | None = Field(None, description="Instead of options: the lowest number, in `unit`s.")
    high: int | None = Field(None, description="With `low`: the highest number, in `unit`s.")
    step: int = Field(1, ge=1, description="With `low`: distance of neighbouring numbers, in `unit`s.")
    unit: str = Field("", max_length=30, description="What follows a value, such as dollars.")

    @property
    def numeric(self) -> bool:
        """Whether it is a range of numbers."""
        return self.options is None

    @cached_property
    def values(self) -> tuple[str, ...]:
        """All that can be agreed, in order."""
        if self.options is not None:
            return tuple(self.options)
        assert self.low is not None
        assert self.high is not None
        return tuple(str(number) for number in range(self.low, self.high + 1, self.step))

    def problems(self) -> Problems:
        """What makes this no issue."""
        if self.options is not None:
            if self.low is not None or self.high is not None:
                yield (), f"{self.name} has options and a range; take one"
            if len(self.options) < 2:
                yield ("options",), f"{self.name} has {len(self.options)} options; an issue needs two or more"
            for position in repeated(self.options):
                yield ("options", position), f"{self.name} has the option {self.options[position]!r} twice"
            for position, option in enumerate(self.options):
                if not option or option != option.strip():
                    yield ("options", position), f"{option!r} is empty or has outer spaces"
        elif self.low is None or self.high is None:
            yield (), f"{self.name} needs `options`, or `low` and `high`"
        elif self.high <= self.low:
            yield ("high",), f"{self.name} ends at {self.high}, which is not above {self.low}"
        elif (self.high - self.low) % self.step:
            yield ("step",), f"steps of {self.step} from {self.low} don't meet {self.high}"
        elif (self.high - self.low) // self.step >= MOST_OUTCOMES:
            yield ("step",), f"{self.name} has over {MOST_OUTCOMES} values; take a longer step"


class Party(Participant):
    """One of the two who bargain; all but its name is private."""

    wants: dict[str, Literal["low", "high"]] = Field(
        {}, description="For each numeric issue, which end this party wants."
    )
    limit: int | None = Field(
        None,
        description="When a price is all: the reservation price, at which a deal is worth no more than none.",
    )
    values: dict[str, dict[str, FiniteFloat]] = Field(
        {}, description="For each issue with options, what each option is worth, before the weight."
    )
    weights: dict[str, Weight] = Field(
        {}, description="When a price isn't all: how much each issue counts, > 0."
    )
    reservation: FiniteFloat | None = Field(
        None, description="When a price isn't all: the utility of no deal, in weighted points."
    )


class NegotiationConfig(ScenarioConfig):
    """Two parties who bargain over one price or several issues."""

    scenario: Literal["negotiation"] = "negotiation"
    matter: str = Field(min_length=1, description="What they bargain over, such as: the sale of a used car.")
    issues: list[Issue] = Field(min_length=1, max_length=12, description="What a deal must settle.")
    parties: list[Party] = Field(
        min_length=2, max_length=2, description="The two who bargain, who opens first."
    )
    rounds: int = Field(5, ge=1, description="The deadline: how often each party has its turn.")
    opening: Literal["listed", "alternate"] = Field(
        "listed",
        description="Who opens: the party `listed` first, or that one in even episodes only (`alternate`).",
    )
    walk_from: int = Field(
        2, ge=1, description="First round in which a party may walk away, unless its turn is the last."
    )
    enforce_reservation: bool = Field(
        False,
        description="Offer a party no move that gives it less than no deal. "
        "Otherwise it may make one, which is recorded as irrational.",
    )
    words: int = Field(30, ge=5, description="Length of a speech that the prompts ask for, words.")

    @property
    def price_only(self) -> bool:
        """Whether one numeric issue is all."""
        return len(self.issues) == 1 and self.issues[0].numeric

    def interests(self, party: Party) -> Interests:
        """The worth of every option to `party`, and of no deal.

        A price alone is worth its distance to the limit, and no deal 0. Otherwise an option
        is worth weight · value; a number's value rises linearly from 0 at the end that the
        party doesn't want to 100 at the other.
        """
        worth: list[tuple[float, ...]] = []
        for issue in self.issues:
            if not issue.numeric:
                scale = party.weights[issue.name]
                worth.append(tuple(scale * party.values[issue.name][option] for option in issue.values))
                continue
            numbers = [int(value) for value in issue.values]
            sign = 1 if party.wants[issue.name] == "high" else -1
            zero, scale = numbers[0] if sign > 0 else numbers[-1], 1.0
            if self.price_only and party.limit is not None:
                zero = party.limit
            else:
                scale = party.weights[issue.name] * RANGE_POINTS / (numbers[-1] - numbers[0])
            worth.append(tuple(scale * (sign * (number - zero)) for number in numbers))
        return Interests(tuple(worth), party.reservation or 0.0)

    def problems(self) -> Problems:
        """Impossible issues, and parties whose private values don't fit them."""
        yield from name_problems(parties=self.parties)
        for position in repeated([issue.name for issue in self.issues]):
            yield ("issues", position, "name"), f"two issues are named {self.issues[position].name!r}"
        for position, issue in enumerate(self.issues):
            for location, message in issue.problems():
                yield ("issues", position, *location), message
        for position, party in enumerate(self.parties):
            for location, message in self._party_problems(party):
                yield ("parties", position, *location), message

    def _party_problems(self, party: Party) -> Problems:
        ranges = [issue.name for issue in self.issues if issue.numeric]
        lists = [issue for issue in self.issues if not issue.numeric]
        yield from mismatches("wants", party.wants, ranges)
        yield from mismatches("values", party.values, [issue.name for issue in lists])
        for issue in lists:
            found = mismatches(issue.name, party.values[issue.name], issue.values)
            yield from ((("values", *location), message) for location, message in found)
        if self.price_only:
            yield from self._price_problems(party)
            return
        yield from mismatches("weights", party.weights, [issue.name for issue in self.issues])
        if party.limit is not None:
            yield ("limit",), "a limit is for a price alone; state a `reservation` in points"
        elif party.reservation is None:
            yield (), f"{party.name} needs a `reservation`, the points that no deal is worth"
        else:
            worth = self.interests(party).worth
            least, most = (sum(end(values) for values in worth) for end in (min, max))
            if not least - TOLERANCE <= party.reservation <= most + TOLERANCE:
                told = f"{party.name}'s reservation {party.reservation:g} is outside {least:g} to {most:g}"
                yield ("reservation",), f"{told}, the points of its worst and best deal"

    def _price_problems(self, party: Party) -> Problems:
        low, high = self.issues[0].low, self.issues[0].high
        for name in ("weights", "reservation"):
            if getattr(party, name):
                yield (name,), f"a price alone needs no {name}; state the `limit`"
        if party.limit is None:
            yield (), f"{party.name} needs a `limit`, its reservation price"
        elif low is not None and high is not None and not low <= party.limit <= high:
            yield ("limit",), f"{party.name}'s limit {party.limit} is outside the range {low} to {high}"


def repeated(names: list[str]) -> Iterator[int]:
    """Positions of names that stand earlier in the list, whatever their case and outer spaces."""
    seen: set[str] = set()
    for position, name in enumerate(names):
        key = " ".join(name.split()).casefold()
        if key in seen:
            yield position
        seen.add(key)


def mismatches(field: str, given: Iterable[str], wanted: Iterable[str]) -> Problems:
    """Names that `field` lacks or has too many, against those `wanted`."""
    given, wanted = list(given), list(wanted)
    missing = [name for name in wanted if name not in given]
    if missing:
        yield (field,), f"`{field}` lacks {', '.join(missing)}"
    for name in given:
        if name not in wanted:
            known = ", ".join(wanted) or "none here"
            yield (field, name), f"`{field}` names {name!r}; the names are: {known}"
