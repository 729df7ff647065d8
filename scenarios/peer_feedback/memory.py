"""What a peer remembers, and how near two questions are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import sqrt

from palaestra.agents.calls import Message


def cosine_distance(first: str, second: str) -> float:
    """1 − cosine of the word counts of two texts, 0–1.

    Words are runs of letters and digits in any case. 0 for the same words equally often, 1 for
    no word in common or a text without words.
    """
    one, other = (Counter(re.findall(r"\w+", text.casefold())) for text in (first, second))
    shared = sum(count * other[word] for word, count in one.items())
    if not shared:
        return 1.0
    lengths = [sqrt(sum(count**2 for count in counts.values())) for counts in (one, other)]
    return max(0.0, 1 - shared / (lengths[0] * lengths[1]))


@dataclass(frozen=True, slots=True)
class Recalled:
    """A remembered question near the one asked, its answer, and the cosine distance of the two, 0–1."""

    question: str
    answer: Message
    distance: float


class AnswerMemory:
    """Questions with the answers given to them; the first answer to a question stays."""

    def __init__(self) -> None:
        self.answers: dict[str, Message] = {}

    def keep(self, question: str, answer: Message) -> None:
        """Remember `answer`, unless `question` has one already."""
        self.answers.setdefault(question, answer)

    def nearest(self, question: str, within: float) -> Recalled | None:
        """The nearest question, the earliest of equals, if it is nearer than `within`."""
        found = None
        for known, answer in self.answers.items():
            distance = cosine_distance(known, question)
            if distance < (within if found is None else found.distance):
                found = Recalled(known, answer, distance)
        return found
