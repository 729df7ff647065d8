"""The mathematics of bargaining over issues: utilities, the bargaining zone, Pareto, Nash.

Terms are one option for each issue, as positions in the issues' lists. A party's utility is
additive: u(x) = Σ over issues of worth(issue, x_issue), where a worth is already weighted.
Its surplus is u(x) − reservation, what a deal gives it beyond having none.

Sources: J. Nash, "The Bargaining Problem", Econometrica 18 (1950), for the product and its
solution; H. Raiffa, "The Art and Science of Negotiation" (1982), for the zone of possible
agreement. How the solution's distance is scaled is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import fsum, hypot, prod

Terms = tuple[int, ...]

MOST_OUTCOMES = 10_000
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Interests:
    """What only one party knows.

    Attributes:
        worth: weighted value of each option of each issue.
        reservation: utility of no deal.
    """

    worth: tuple[tuple[float, ...], ...]
    reservation: float

    def utility(self, terms: Sequence[int]) -> float:
        """u(x) of complete or partial terms; issues without a term count 0."""
        return fsum(values[option] for values, option in zip(self.worth, terms, strict=False))

    def surplus(self, terms: Terms) -> float:
        """u(x) − reservation; negative below the reservation."""
        return self.utility(terms) - self.reservation

    def accepts(self, terms: Terms) -> bool:
        """Whether `terms` are no worse than no deal."""
        return self.surplus(terms) >= -TOLERANCE

    def open_options(self, chosen: Sequence[int]) -> list[int]:
        """Options of the next issue after `chosen` from which terms that it accepts can be reached.

        At least the best one, so that there always is an option.
        """
        issue = len(chosen)
        later = fsum(max(values) for values in self.worth[issue + 1 :])
        needed = self.reservation - self.utility(chosen) - later - TOLERANCE
        enough = min(needed, max(self.worth[issue]))
        return [option for option, value in enumerate(self.worth[issue]) if value >= enough]


def nash_product(surpluses: Sequence[float]) -> float:
    """Π surplus; 0 as soon as one is not positive, so that two losses don't make a gain."""
    return prod(max(0.0, surplus) for surplus in surpluses)


@dataclass(frozen=True)
class Space:
    """All terms that two parties could agree on, at most `MOST_OUTCOMES`."""

    first: Interests
    second: Interests

    @cached_property
    def surpluses(self) -> list[tuple[float, float]]:
        """The two parties' surpluses under each possible terms."""
        options = product(*(range(len(values)) for values in self.first.worth))
        return [(self.first.surplus(terms), self.second.surplus(terms)) for terms in options]

    @cached_property
    def rational(self) -> list[tuple[float, float]]:
        """The surpluses of the terms that both accept."""
        return [pair for pair in self.surpluses if min(pair) >= -TOLERANCE]

    @property
    def zone(self) -> float | None:
        """The most joint surplus of terms that both accept; None when there are none.

        For a price alone this is the width of the zone of possible agreement, the buyer's
        limit minus the seller's, as long as a price of the grid lies in it.
        """
        return max((fsum(pair) for pair in self.rational), default=None)

    def efficient(self, terms: Terms) -> bool:
        """Whether no other terms are better for one party and no worse for the other (Pareto)."""
        a, b = self.first.surplus(terms), self.second.surplus(terms)
        return not any(
            x >= a - TOLERANCE and y >= b - TOLERANCE and (x > a + TOLERANCE or y > b + TOLERANCE)
            for x, y in self.surpluses
        )

    @cached_property
    def nash_solutions(self) -> list[tuple[float, float]]:
        """The surpluses at the highest Nash product of terms that both accept; several when they tie."""
        products = [nash_product(pair) for pair in self.rational]
        best = max(products, default=0.0)
        return [
            pair
            for pair, value in zip(self.rational, products, strict=True)
            if value >= best * (1 - TOLERANCE)
        ]

    def nash_distance(self, terms: Terms) -> float | None:
        """Distance, 0 … √2, of `terms` to the nearest Nash solution; None when both accept no terms.

        Euclidean, between the parties' utilities, each scaled by its own range over all terms.
        """
        ranges = [max(side) - min(side) for side in zip(*self.surpluses, strict=True)]
        a, b = (1 / width if width else 0.0 for width in ranges)
        x, y = self.first.surplus(terms), self.second.surplus(terms)
        return min((hypot(a * (x - u), b * (y - v)) for u, v in self.nash_solutions), default=None)


@lru_cache(maxsize=64)
def space(first: Interests, second: Interests) -> Space | None:
    """The space of all terms; None when they are more than `MOST_OUTCOMES`."""
    size = prod(len(values) for values in first.worth)
    return Space(first, second) if size <= MOST_OUTCOMES else None


def appraisal(first: Interests, second: Interests, terms: Terms | None) -> dict[str, float | bool | None]:
    """What an outcome is worth to two parties and how far it is from the best ones.

    Args:
        first: the interests of one party.
        second: those of the other.
        terms: of the deal; None without one.

    Returns:
        `utility_first`, `utility_second`, `surplus` (joint), `nash_product`, `zone`,
        `share_first` and `share_second` (surplus / zone), `efficiency` (their sum), `pareto`,
        `nash_distance` and `irrational`. Those that need a deal, a zone of positive width or
        the space of all terms are None without.
    """
    whole = space(first, second)
    zone = None if whole is None else whole.zone
    own, other = (0.0 if terms is None else party.surplus(terms) for party in (first, second))
    shares: tuple[float | None, ...] = (None, None, None)
    if terms is not None and zone is not None and zone > TOLERANCE:
        shares = (own / zone, other / zone, (own + other) / zone)
    return {
        "utility_first": first.reservation + own,
        "utility_second": second.reservation + other,
        "surplus": own + other,
        "nash_product": nash_product((own, other)),
        "zone": zone,
        "share_first": shares[0],
        "share_second": shares[1],
        "efficiency": shares[2],
        "pareto": whole.efficient(terms) if whole and terms is not None else None,
        "nash_distance": whole.nash_distance(terms) if whole and terms is not None else None,
        "irrational": min(own, other) < -TOLERANCE,
    }
