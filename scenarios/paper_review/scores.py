"""What is scored, on which scale, and what the scores come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import pstdev

from palaestra.agents.answers import Choice

OVERALL = "overall"
CRITERIA = {
    "soundness": (4, "the claims are supported."),
    "presentation": (4, "the text is clear."),
    "contribution": (4, "it matters to others."),
    "confidence": (5, "how sure you are of your review."),
    OVERALL: (10, "how good the paper is in all."),
}
"""Each criterion with its highest score (the lowest is 1) and what it means."""


def scale(criterion: str) -> Choice:
    """The whole numbers from 1 to the criterion's highest as options."""
    return Choice(tuple(str(number) for number in range(1, CRITERIA[criterion][0] + 1)))


def in_words(scores: Mapping[str, float]) -> str:
    """Scores as others read them: "soundness 3 of 4, overall 6.5 of 10"."""
    return ", ".join(
        f"{criterion} {round(score, 1):g} of {CRITERIA[criterion][0]}" for criterion, score in scores.items()
    )


def paired(
    before: Mapping[str, float | None], after: Mapping[str, float | None]
) -> tuple[list[float], list[float]]:
    """The values of those who have both, in the order of `before`."""
    both = [(one, after[name]) for name, one in before.items()]
    kept = [(one, other) for one, other in both if one is not None and other is not None]
    return [one for one, _ in kept], [other for _, other in kept]


def spread(values: Sequence[float]) -> float | None:
    """The population standard deviation; None of fewer than two values."""
    return pstdev(values) if len(values) > 1 else None
