"""The town's budget: what laws cost and bring each session, and what that does to its citizens' welfare.

Each session, with the laws in force at their sizes s (1, 0.5 or 2):

    revenue  = revenue · r + Σ s · |cost| over laws with a negative cost
    spending = (spending + Σ s · cost over the other laws) · p
    treasury = treasury + revenue − spending
    welfare of g = 50 + Σ s · effect on g − loss − debt_loss · max(0, −treasury), cut to 0–100

The stressor sets r, p and the loss; the model and all its numbers are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from palaestra.agents.policy import Settings

Stressor = Literal["none", "budget_crisis", "scarcity"]
Money = Annotated[FiniteFloat, Field(ge=0, le=1e9)]

USUAL_WELFARE = 50.0
MOST_WELFARE = 100.0


@dataclass(frozen=True, slots=True)
class Stress:
    """What a stressor does: `revenue` and `prices` are factors, `loss` is taken from each group's welfare."""

    revenue: float = 1.0
    prices: float = 1.0
    loss: float = 0.0


STRESS: Mapping[Stressor, Stress] = {
    "none": Stress(),
    "budget_crisis": Stress(revenue=0.8),
    "scarcity": Stress(prices=1.2, loss=10.0),
}


class Law(Settings):
    """Something that the council may enact."""

    name: str = Field(
        min_length=1, max_length=60, pattern=r"^\S(.*\S)?$", description="What it is, in a few words; unique."
    )
    cost: FiniteFloat = Field(ge=-1e9, le=1e9, description="What it costs a session; < 0 what it brings.")
    effects: dict[str, FiniteFloat] = Field(
        {}, description="By group, what it adds to or takes from its welfare, points; 0 for those not named."
    )


class BudgetRules(Settings):
    """The town's money before any law."""

    revenue: Money = Field(100, description="What comes in a session.")
    spending: Money = Field(90, description="What is spent a session.")
    treasury: FiniteFloat = Field(20, ge=-1e9, le=1e9, description="What there is at the start.")
    debt_loss: Money = Field(0.5, description="Welfare that each group loses for a unit of debt, points.")


@dataclass(frozen=True, slots=True)
class Accounts:
    """A session's budget; `welfare` is by group, 0–100."""

    revenue: float
    spending: float
    treasury: float
    welfare: dict[str, float]


def accounts(
    budget: BudgetRules,
    stress: Stress,
    laws: Sequence[tuple[Law, float]],
    groups: Sequence[str],
    treasury: float,
) -> Accounts:
    """The budget of one session.

    Args:
        budget: the town's money before any law.
        stress: what the stressor does.
        laws: those in force, with their sizes.
        groups: of citizens.
        treasury: what there is before the session.
    """
    brought = fsum(-law.cost * size for law, size in laws if law.cost < 0)
    revenue = budget.revenue * stress.revenue + brought
    cost = fsum(law.cost * size for law, size in laws if law.cost > 0)
    spending = (budget.spending + cost) * stress.prices
    after = treasury + revenue - spending
    lost = stress.loss + budget.debt_loss * max(0.0, -after)
    welfare = {
        group: USUAL_WELFARE + fsum(law.effects.get(group, 0.0) * size for law, size in laws) - lost
        for group in groups
    }
    cut = {group: min(MOST_WELFARE, max(0.0, points)) for group, points in welfare.items()}
    return Accounts(revenue, spending, after, cut)
