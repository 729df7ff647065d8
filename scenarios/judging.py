"""Rubric judging: what a panel is asked, and how its scores combine.

Judges see blind labels, never names, and score each contestant on each criterion of a
rubric from 1 to 10. A score is the expectation over the judge's option probabilities
where the engine gives them, else the number the judge chose. Answers that can't be
parsed are left out and counted, never replaced by a middle score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum

from agents.answers import Choice
from agents.calls import Reply
from scenarios.episode import Event

POINTS = Choice(tuple(str(points) for points in range(1, 11)))


@dataclass(frozen=True, slots=True)
class Score(Event):
    """A judge's score of one contestant on one criterion.

    Attributes:
        judge, contestant, criterion: who scored whom on what.
        label: what the judge saw instead of the contestant's name.
        score: 1–10, expected where `basis` is "probabilities", chosen where "sample";
            None when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
    """

    judge: str
    contestant: str
    label: str
    criterion: str
    score: float | None
    basis: str


def expected_value(options: Iterable[float], probabilities: Iterable[float]) -> float:
    """Σ p·v over the options' values v and probabilities p."""
    return fsum(p * v for p, v in zip(probabilities, options, strict=True))


def points(reply: Reply) -> tuple[float | None, str]:
    """The score in a reply to a `POINTS` call, and its basis (see `Score`)."""
    if reply.failed:
        return None, "failed"
    if reply.probabilities is not None:
        return expected_value(map(float, POINTS.options), reply.probabilities), "probabilities"
    return float(str(reply.value)), "sample"


def panel_scores(scores: Iterable[Score], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """The panel's score of each contestant, 1–10: Σ w·s / Σ w over judges and criteria.

    Args:
        scores: the scores; those without a value are left out.
        weights: a weight ≥ 0 for each judge; equal ones by default.

    Returns:
        A mean for each contestant who has at least one score of positive weight.
    """
    sums: dict[str, list[tuple[float, float]]] = {}
    for score in scores:
        weight = 1.0 if weights is None else weights[score.judge]
        if score.score is not None and weight > 0:
            sums.setdefault(score.contestant, []).append((weight * score.score, weight))
    return {name: fsum(s for s, _ in parts) / fsum(w for _, w in parts) for name, parts in sums.items()}
