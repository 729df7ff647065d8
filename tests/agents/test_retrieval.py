"""What is recalled: the scores by hand, and how much of it fits."""

from __future__ import annotations

from math import log, sqrt

import pytest

from palaestra.agents.calls import Message
from palaestra.agents.retrieval import DECAY, Weights, best, similarities

TEXTS = ["the red boat", "the blue boat", "a green tree", "the old tree"]
CANDIDATES = [Message(number, "user", text) for number, text in enumerate(TEXTS)]
ALL = 1000


def recalled(weights: Weights, room: int = ALL, importance: list[float] | None = None) -> list[str]:
    rated = dict(enumerate(importance or [0.0] * len(CANDIDATES)))
    question = [Message(9, "user", "Which boat is red?")]
    return [message.text for message in best(CANDIDATES, question, rated, weights, room)]


def test_similarity_is_the_cosine_of_tf_idf_vectors() -> None:
    found = similarities(CANDIDATES, [Message(9, "user", "red boat")])
    rarity = {word: log(5 / (1 + number)) + 1 for word, number in {"the": 3, "red": 1, "boat": 2}.items()}
    length = sqrt(sum(value**2 for value in rarity.values()))
    asked = sqrt(rarity["red"] ** 2 + rarity["boat"] ** 2)
    assert found[0] == pytest.approx((rarity["red"] ** 2 + rarity["boat"] ** 2) / (length * asked))
    assert 0 < found[1] < found[0]
    assert found[2:] == [0, 0]


def test_words_that_nobody_said_are_like_nothing() -> None:
    assert similarities(CANDIDATES, [Message(9, "user", "zebra")]) == [0, 0, 0, 0]


def test_each_weight_alone_ranks_by_its_part() -> None:
    room = len(TEXTS[0])
    assert recalled(Weights(0, 0, 1), room) == ["the red boat"]
    assert recalled(Weights(1, 0, 0), room) == ["the old tree"]
    assert recalled(Weights(0, 1, 0), room, [0.1, 0.2, 0.9, 0.3]) == ["a green tree"]


def test_parts_are_scaled_before_they_are_weighed() -> None:
    # Scaled recency: 0 for the oldest, 1 for the newest; similarity: 1 for the red boat.
    scaled = (DECAY**3 - DECAY**4) / (DECAY - DECAY**4)
    assert scaled == pytest.approx(1 / 3, abs=0.01)
    assert recalled(Weights(1, 0, 1.1), len(TEXTS[0])) == ["the red boat"]
    assert recalled(Weights(1, 0, 0.9), len(TEXTS[0])) == ["the old tree"]


def test_what_is_recalled_stands_in_the_order_in_which_it_was_heard() -> None:
    assert recalled(Weights(1, 0, 1)) == TEXTS


def test_no_more_is_recalled_than_there_is_room_for() -> None:
    assert recalled(Weights(0, 0, 1), len(TEXTS[0]) + len(TEXTS[1])) == ["the red boat", "the blue boat"]
    assert recalled(Weights(0, 0, 1), 3) == []
