"""SPARTA reputation: a rating that moves by weighted judge scores, not by wins.

Source: the public code of SPARTA ALIGNMENT (yurujiang2003/sparta, `src1/rating_system.py`).
There is no expected score in it: the step depends on the margin of the judges' scores, on
the fighter's own deviation and on how far apart the two ratings are, in either direction.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import erf, sqrt, tanh
from statistics import pstdev

LEAST_RATING = 10.0


@dataclass(frozen=True, slots=True)
class SpartaConstants:
    """The constants of the update; the defaults are the published code's.

    Attributes:
        initial_k, least_k, decay, decay_updates: K after u updates is
            max(least_k, initial_k · decay^(u / decay_updates)).
        least_gap: ε, the smallest value of the rating-gap factor. Equal ratings give ε.
        least_deviation, window: σ is the population standard deviation of a fighter's
            last `window` rating changes, at least `least_deviation`.
        scale: S, what every step is divided by.
    """

    initial_k: float = 10.0
    least_k: float = 5.0
    decay: float = 0.9
    decay_updates: float = 10.0
    least_gap: float = 0.01
    least_deviation: float = 0.1
    window: int = 10
    scale: float = 20.0


@dataclass(slots=True)
class Reputation:
    """A fighter's rating R ≥ 10, its deviation σ > 0 and its last rating changes."""

    rating: float = 100.0
    deviation: float = 0.5
    changes: deque[float] = field(default_factory=deque)


class SpartaRatings:
    """The reputations of a field of fighters.

    Args:
        reputations: by name; changed in place.
        constants: of the update.
    """

    def __init__(self, reputations: dict[str, Reputation], constants: SpartaConstants | None = None) -> None:
        self.reputations = reputations
        self.constants = constants or SpartaConstants()
        self.updates = 0

    def restart_decay(self) -> None:
        """Begin a new iteration: K starts at its initial value again."""
        self.updates = 0

    def update(self, first: str, second: str, margin: float) -> tuple[float, float]:
        """Rate one duel: R ← max(10, R ± K·d·tanh(σ)·g / S), the first fighter before the second.

        g = max(|Φ((R_a−R_b)/c) − Φ((R_b−R_a)/c)|, ε) with c = √(σ_a²+σ_b²). The second
        fighter's g uses the first's new rating; both deviations change after both ratings.

        Args:
            first: who fought, and is rated first.
            second: against whom.
            margin: d, the first's weighted score less the second's.

        Returns:
            The changes of the two ratings, after the clip.
        """
        constants = self.constants
        self.updates += 1
        decayed = constants.initial_k * constants.decay ** (self.updates / constants.decay_updates)
        k = max(constants.least_k, decayed)
        a, b = self.reputations[first], self.reputations[second]
        changes = []
        for own, other, advantage in ((a, b, margin), (b, a, -margin)):
            step = k * advantage * tanh(own.deviation) * self._gap(own, other) / constants.scale
            new = max(LEAST_RATING, own.rating + step)
            changes.append(new - own.rating)
            own.rating = new
        for fighter, change in zip((a, b), changes, strict=True):
            fighter.changes.append(change)
            while len(fighter.changes) > constants.window:
                fighter.changes.popleft()
            if len(fighter.changes) >= 2:
                fighter.deviation = max(constants.least_deviation, pstdev(fighter.changes))
        return changes[0], changes[1]

    def _gap(self, own: Reputation, other: Reputation) -> float:
        """g: |Φ(z) − Φ(−z)| = |erf(z/√2)| for z = (R_own − R_other)/c, at least ε."""
        spread = sqrt(own.deviation**2 + other.deviation**2)
        return max(abs(erf((own.rating - other.rating) / (sqrt(2) * spread))), self.constants.least_gap)
