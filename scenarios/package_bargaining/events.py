"""What happens in a bargaining over a package, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Proposal(Event):
    """A stakeholder's proposal; all None where it gave none.

    Attributes:
        stakeholder, round: whose, for which round's package (from 1).
        items, must_have, red_lines, concessions: ids, separated by commas.
        cost, affordable: of the proposed items, and whether the budget covers them.
        utility: of the proposed items to the stakeholder.
    """

    stakeholder: str
    round: int
    items: str | None
    must_have: str | None
    red_lines: str | None
    concessions: str | None
    cost: int | None
    affordable: bool | None
    utility: float | None


@dataclass(frozen=True, slots=True)
class PackageProposed(Event):
    """The mediator's package; all but `round` and `valid` are None where it gave none.

    Attributes:
        round: from 1.
        items: ids of the package after repair, the most important first, separated by commas.
        left_out: ids that the repair took out.
        valid: whether the package needed no repair.
        unresolved: stakeholders who the mediator thinks won't be content.
        cost, total, minimum, gini, satisfaction: see `packages.Measures`.
    """

    round: int
    items: str | None
    left_out: str | None
    valid: bool
    unresolved: str | None
    cost: int | None
    total: float | None
    minimum: float | None
    gini: float | None
    satisfaction: float | None


@dataclass(frozen=True, slots=True)
class Acceptance(Event):
    """A stakeholder's response to a package.

    Attributes:
        stakeholder, round: whose, in which round (from 1).
        accepted: None when the answer could not be parsed, which counts as not accepted.
        probability: 0–1, that it accepts; None where nobody knows.
        must_haves_missing, red_lines_crossed: numbers of items of its last proposal.
    """

    stakeholder: str
    round: int
    accepted: bool | None
    probability: float | None
    must_haves_missing: int
    red_lines_crossed: int


@dataclass(frozen=True, slots=True)
class PackageUtility(Event):
    """What the package of a round (from 1) gives a stakeholder: u_g, and normalised to 0–1."""

    table = "utility"

    stakeholder: str
    round: int
    utility: float
    satisfaction: float


@dataclass(frozen=True, slots=True)
class Reference(Event):
    """A package to compare with.

    Attributes:
        kind: "best" (the affordable package with the highest total) or "design".
        name: of the base design, "" for the best.
        items: ids, separated by commas.
        cost, total, minimum, gini, satisfaction: see `packages.Measures`.
    """

    kind: str
    name: str
    items: str
    cost: int
    total: float
    minimum: float
    gini: float
    satisfaction: float
