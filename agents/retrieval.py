"""Which of the things that an agent heard long ago are worth recalling now.

The score of a message is the weighted sum of recency, importance and similarity, each scaled to
0–1 over the candidates: Park et al., Generative Agents (2023), section 4.1. Recency falls by 1 % a
message. Similarity is the cosine of TF-IDF vectors, which takes no model and gives the same on
every machine.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from palaestra.agents.calls import Message

DECAY = 0.99
"""What a message's recency is multiplied by for each that came after it."""
WORD = re.compile(r"\w+")
Vector = dict[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts, and how much; each ≥ 0."""

    recency: float
    importance: float
    similarity: float


def best(
    candidates: Sequence[Message],
    question: Sequence[Message],
    importance: Mapping[int, float],
    weights: Weights,
    room: int,
) -> tuple[Message, ...]:
    """The candidates with the highest scores that fit, in the order in which they were heard.

    Args:
        candidates: what there is to recall, oldest first.
        question: what they should be like.
        importance: of each candidate, by position; any scale.
        weights: of the three parts of a score.
        room: how many characters there is room for.
    """
    count = len(candidates)
    parts = (
        (weights.recency, [DECAY ** (count - position) for position in range(count)]),
        (weights.importance, [importance[position] for position in range(count)]),
        (weights.similarity, similarities(candidates, question) if weights.similarity else [0.0] * count),
    )
    scores = [0.0] * count
    for weight, values in parts:
        scores = [score + weight * value for score, value in zip(scores, _scaled(values), strict=True)]
    chosen: list[int] = []
    for position in sorted(range(count), key=lambda position: (-scores[position], -position)):
        if (length := len(candidates[position].body)) <= room:
            chosen.append(position)
            room -= length
    return tuple(candidates[position] for position in sorted(chosen))


def similarities(candidates: Sequence[Message], question: Sequence[Message]) -> list[float]:
    """The cosine of each candidate with the question, 0–1, of TF-IDF vectors over the candidates."""
    counts = [Counter(_words(message.body)) for message in candidates]
    found_in = Counter(word for count in counts for word in count)
    rarity = {word: log((1 + len(counts)) / (1 + found)) + 1 for word, found in found_in.items()}
    asked = Counter(word for message in question for word in _words(message.body))
    target = _vector(asked, rarity)
    return [
        sum(value * target.get(word, 0.0) for word, value in _vector(count, rarity).items())
        for count in counts
    ]


def _vector(count: Mapping[str, int], rarity: Mapping[str, float]) -> Vector:
    """Of length 1; empty where no word is known."""
    raw = {word: number * rarity[word] for word, number in count.items() if word in rarity}
    length = sqrt(sum(value * value for value in raw.values()))
    return {word: value / length for word, value in raw.items()}


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _scaled(values: Sequence[float]) -> list[float]:
    """Brought to 0–1; all 0 where they are equal."""
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]
