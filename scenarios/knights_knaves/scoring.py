"""What votes decide and what a debate changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

Answers = Mapping[str, Mapping[str, str | None]]
"""The role that each agent gives each player; None where its answer could not be parsed."""


def strict_majority(votes: Iterable[str | None]) -> str | None:
    """The role with more than half of the votes given, if there is one; None is no vote."""
    counts = Counter(vote for vote in votes if vote is not None)
    return next((role for role, count in counts.items() if 2 * count > counts.total()), None)


def most_wrong(votes: Iterable[str | None], role: str) -> bool:
    """Whether more than half of the votes given are not `role`, whichever they are; None is no vote."""
    given = [vote for vote in votes if vote is not None]
    return 2 * sum(vote != role for vote in given) > len(given)


def plurality(votes: Iterable[str | None]) -> str | None:
    """The role with more votes than any other, None without votes or when the most are shared."""
    best = Counter(vote for vote in votes if vote is not None).most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


@dataclass(frozen=True, slots=True)
class Changes:
    """How often agents' answers on a player went from right or wrong to right or wrong.

    Attributes:
        kept, corrupted, corrected, missed: right → right, right → wrong, wrong → right,
            wrong → wrong; pairs of which an answer is missing are in none.
    """

    kept: int = 0
    corrupted: int = 0
    corrected: int = 0
    missed: int = 0

    @property
    def correction_rate(self) -> float | None:
        """Share of first wrong answers that became right, 0–1: W→C / (W→C + W→W)."""
        return _share(self.corrected, self.missed)

    @property
    def corruption_rate(self) -> float | None:
        """Share of first right answers that became wrong, 0–1: C→W / (C→W + C→C)."""
        return _share(self.corrupted, self.kept)


def changes(
    initial: Answers, final: Answers, solution: Mapping[str, str], *, under_pressure: bool = False
) -> Changes:
    """Compare each agent's first answers with its last.

    Args:
        initial: the first answers.
        final: the last ones.
        solution: each player's role.
        under_pressure: count only where a strict majority of the other agents was wrong at first,
            in whichever roles.
    """
    counts: Counter[tuple[bool, bool]] = Counter()
    for agent, first in initial.items():
        for player, role in solution.items():
            before, after = first.get(player), final[agent].get(player)
            others = (said.get(player) for name, said in initial.items() if name != agent)
            pressed = most_wrong(others, role)
            if before is not None and after is not None and (pressed or not under_pressure):
                counts[before == role, after == role] += 1
    return Changes(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def initial_accuracy(initial: Answers, solution: Mapping[str, str]) -> float | None:
    """Mean over agents of the share of its first answers that are right, 0–1.

    Missing answers are left out, and so are agents without any; None when nobody answered.
    """
    shares = []
    for said in initial.values():
        given = [said[player] == role for player, role in solution.items() if said.get(player) is not None]
        if given:
            shares.append(fmean(given))
    return fmean(shares) if shares else None


def overturn_rate(
    initial: Answers, final: Mapping[str, str | None], solution: Mapping[str, str]
) -> float | None:
    """Share of the players on whom a strict majority was wrong at first, and the team right at last."""
    overturned = [
        final[player] == role
        for player, role in solution.items()
        if most_wrong((said.get(player) for said in initial.values()), role)
    ]
    return fmean(overturned) if overturned else None


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
