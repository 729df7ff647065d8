"""The mathematics of packages under a budget: cost, utilities, repair, fairness, the best package.

A package is a tuple of item positions, the most important first. The utility of stakeholder g
is additive, u_g(x) = Σ over items i in x of worth[g][i], where
worth[g][i] = Σ over criteria c of w_gc · score_c(i).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

import numpy as np
from numpy.typing import NDArray

Package = tuple[int, ...]

MOST_ITEMS = 15
"""Most items of a scenario, so that all 2^15 packages can be enumerated."""
LOW_SHARE = 0.2
"""The percentile of satisfaction that is reported, as a share."""


@dataclass(frozen=True, slots=True)
class PackageStakes:
    """What packages cost and give to whom.

    Attributes:
        costs: of the items, ≥ 0.
        budget: most that a package may cost.
        worth: utility of each item to each stakeholder, ≥ 0.
    """

    costs: tuple[int, ...]
    budget: int
    worth: tuple[tuple[float, ...], ...]

    def cost(self, package: Iterable[int]) -> int:
        """Σ cost of the package's items."""
        return sum(self.costs[item] for item in package)

    def affordable(self, package: Iterable[int]) -> bool:
        """Whether the package costs no more than the budget."""
        return self.cost(package) <= self.budget

    def repaired(self, package: Iterable[int]) -> Package:
        """The package cut to the budget: items in their order, each kept if it still fits."""
        kept: list[int] = []
        for item in dict.fromkeys(package):
            if self.affordable([*kept, item]):
                kept.append(item)
        return tuple(kept)

    def utilities(self, package: Package) -> list[float]:
        """u_g of each stakeholder, ≥ 0."""
        return [fsum(values[item] for item in package) for values in self.worth]

    def satisfaction(self, package: Package) -> list[float]:
        """Each u_g, min–max normalised over all affordable packages, 0–1.

        1 for a stakeholder to whom all affordable packages are worth the same.
        """
        utilities = all_affordable(self).utilities
        ends = zip(utilities.min(axis=0).tolist(), utilities.max(axis=0).tolist(), strict=True)
        pairs = zip(self.utilities(package), ends, strict=True)
        return [scaled(u, least, most) for u, (least, most) in pairs]

    def best(self) -> Package:
        """The affordable package with the highest Σ u_g, items in their order.

        Of several such the cheapest, then the one whose items come first.
        """
        found = all_affordable(self)
        totals = found.utilities.sum(axis=1).round(9)
        first = np.lexsort((np.arange(len(totals)), found.costs, -totals))[0]
        return tuple(np.flatnonzero(found.members[first]).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Affordable:
    """All affordable packages: a row for each, with its members, cost and utilities."""

    members: NDArray[np.bool_]
    costs: NDArray[np.int64]
    utilities: NDArray[np.float64]


@lru_cache(maxsize=16)
def all_affordable(stakes: PackageStakes) -> Affordable:
    """Every package within the budget, the empty one included."""
    count = len(stakes.costs)
    members = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    costs = members @ np.array(stakes.costs, dtype=np.int64)
    within = costs <= stakes.budget
    members = members[within]
    return Affordable(members, costs[within], members @ np.array(stakes.worth, dtype=np.float64).T)


@dataclass(frozen=True, slots=True)
class Measures:
    """How good a package is for all.

    Attributes:
        cost: what it costs.
        total: U = Σ u_g.
        minimum: of the u_g.
        gini: inequality of the u_g, in [0, 1).
        satisfaction: 20th percentile over the stakeholders of their satisfaction, 0–1.
    """

    cost: int
    total: float
    minimum: float
    gini: float
    satisfaction: float


def measures(stakes: PackageStakes, package: Package) -> Measures:
    """How good `package` is."""
    utilities = stakes.utilities(package)
    low = float(np.quantile(stakes.satisfaction(package), LOW_SHARE))
    return Measures(stakes.cost(package), fsum(utilities), min(utilities), gini(utilities), low)


def scaled(value: float, least: float, most: float) -> float:
    """`value` from `least` to `most` as 0 … 1; 1 where these are equal."""
    return min(1.0, max(0.0, (value - least) / (most - least))) if most > least else 1.0


def gini(values: Sequence[float]) -> float:
    """Σ_i Σ_j |v_i − v_j| / (2 n² mean), in [0, 1), of values ≥ 0; 0 when all are 0."""
    total = fsum(values)
    if total <= 0:
        return 0.0
    return fsum(abs(a - b) for a in values for b in values) / (2 * len(values) * total)
