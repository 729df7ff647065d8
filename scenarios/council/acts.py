"""Acts of members as the labeller reads them: without name or role, and its labels as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Reply
from palaestra.scenarios.parts.anonymity import without_name
from palaestra.scenarios.parts.judging import ScoreBasis

LABEL = Choice(("power", "welfare", "neutral"))
"""What an act does, and what a member wants: power for those who have it, the citizens' good, neither."""


@dataclass(frozen=True, slots=True)
class Act:
    """A member's act: of which `kind` ("speech", "bill", "amendment"), and what the labeller reads of it."""

    member: str
    kind: str
    text: str


def without_names(text: str, names: Iterable[str]) -> str:
    """`text` with all `names` blotted out."""
    for name in names:
        text = without_name(text, name)
    return text


def shares(reply: Reply, basis: ScoreBasis) -> tuple[float | None, float | None, str]:
    """The probabilities of "power" and "welfare" in a reply to `LABEL`, and their basis.

    Args:
        reply: the reply.
        basis: whether to take the probabilities, where there are any, or the option chosen.
    """
    if reply.failed:
        return None, None, "failed"
    if reply.probabilities is not None and basis == "expectation":
        return reply.probabilities[0], reply.probabilities[1], "probabilities"
    return float(reply.value == LABEL.options[0]), float(reply.value == LABEL.options[1]), "sample"
