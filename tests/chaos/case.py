"""One case of the campaign: the chance that it is drawn by, a folder of its own, and what it has done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.subjects import Subject, Subjects


@dataclass
class Case:
    """A case.

    Attributes:
        subjects: what there is to play.
        name: of its kind and family.
        index: its number in the family, from 0.
        seed: of the campaign.
        folder: that it may make.
        done: what it has done so far, in words.
        seconds: of CPU time that it took to check a file.
        stopped: whether a file asks for a play so long that it was stopped.
    """

    subjects: Subjects
    name: str
    index: int
    seed: int
    folder: Path
    done: list[str] = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.chance = Random(f"{self.seed} {self.name} {self.index}")

    def note(self, words: str) -> None:
        """Tell what is done next."""
        self.done.append(words)

    def subject(self) -> tuple[Subject, int]:
        """The subject whose turn it is, and how often it had its turn before."""
        every = self.subjects.all
        return every[self.index % len(every)], self.index // len(every)

    def permuted(self, number: int, total: int) -> int:
        """The `number`-th of 0 … `total`-1 in an order drawn by the family's seed; over again at its end."""
        order = list(range(total))
        Random(f"{self.seed} {self.name}").shuffle(order)
        return order[number % total]


Family = Callable[[Case], None]
"""Plays a case; raises `Failed`."""
