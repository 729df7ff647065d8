"""The plan of a branch run: which calls of another run it plays with which other answers, how often.

It stands under `branch` in the run's `run.json`: `run` (the folder branched from), `repeats`, and
`points`, each an `episode` and a `call` of that run with how many other `answers` are tried there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """A recorded call where other answers are tried: its episode, its index, how many."""

    episode: int
    call: int
    answers: int


@dataclass(frozen=True, slots=True)
class Branch:
    """One play of one answer.

    Attributes:
        episode, call: of the run that is branched.
        answer: 0 for the recorded one, 1 … n for the others.
        repeat: from 0; in later ones the calls after the answer's step have other seeds. Repeat 0
            of answer 0 is the recorded episode itself.
    """

    episode: int
    call: int
    answer: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a branch run plays: for each point the recorded answer and the others, `repeats` times each."""

    run: Path
    repeats: int
    points: tuple[BranchPoint, ...]

    def branches(self) -> list[Branch]:
        """The plays, by their number in the branch run; an answer's first play comes before its repeats."""
        return [
            Branch(point.episode, point.call, answer, repeat)
            for point in self.points
            for answer in range(point.answers + 1)
            for repeat in range(self.repeats)
        ]
