"""A contest as it goes: its instruction, who answers, what they said and what judges said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean

from palaestra.agents.calls import Message
from palaestra.scenarios.parts.abstaining import Abstain, flips


@dataclass(slots=True)
class Contest:
    """One instruction, its contestants and what became known of them.

    Attributes:
        number: from 0 in the episode.
        answers: the message of each contestant whose answer could be used.
        passed: whether each contestant's answer passes the check, where there is one.
        told: what each judge said, all repeats: by (judge, contestant) scores, by
            (judge, first, second) probabilities that the first is better.
        unjudged: the pairs that judges are spared.
    """

    number: int
    instruction: str
    contestants: tuple[str, ...]
    answers: dict[str, Message] = field(default_factory=dict)
    passed: dict[str, bool] = field(default_factory=dict)
    told: dict[tuple[str, ...], list[float]] = field(default_factory=dict)
    unjudged: set[tuple[str, str]] = field(default_factory=set)

    def pairs(self) -> list[tuple[str, str]]:
        """Every pair of contestants, in order."""
        return list(combinations(self.contestants, 2))

    def single_answers(self) -> list[tuple[str, ...]]:
        """Every contestant with a usable answer, alone; nobody where judges are spared every pair."""
        return [] if self.unjudged.issuperset(self.pairs()) else [(name,) for name in self.answers]

    def ordered_pairs(self) -> list[tuple[str, ...]]:
        """Every pair with usable answers that is to be judged, in both orders."""
        usable = [pair for pair in self.pairs() if all(name in self.answers for name in pair)]
        pairs = [pair for pair in usable if pair not in self.unjudged]
        return [order for first, second in pairs for order in ((first, second), (second, first))]

    def pair_scores(
        self, judge: str, first: str, second: str, abstain: Abstain
    ) -> tuple[float, float] | None:
        """What `judge` gave the two, repeats averaged and both orders counted alike.

        None if it told less, or flipped where that is to abstain.
        """
        straight = self.told.get((judge, first, second))
        crossed = self.told.get((judge, second, first))
        if straight and crossed:
            if abstain == "flips" and flips(straight, crossed):
                return None
            first_better = (fmean(straight) + 1 - fmean(crossed)) / 2
            return first_better, 1 - first_better
        one, other = self.told.get((judge, first)), self.told.get((judge, second))
        return (fmean(one), fmean(other)) if one and other else None
