"""Near-duplicates against a comparison of every two, and on worked prompts."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.metrics.pairs.near_duplicates import (
    ROW,
    alike_answers,
    canned_answers,
    duplicate_prompts,
    first_alike,
    repeated_pairs,
)
from support.synthetic_pairs import WORDS, copied, frame, make_pairs, message, pair


def brute_force(texts: list[str], least: float) -> list[int]:
    """The same groups by the definition."""
    sets = []
    for text in texts:
        words = text.split() + [""] * max(0, ROW - len(text.split()))
        sets.append({tuple(words[i : i + ROW]) for i in range(len(words) - ROW + 1)})
    df = Counter(row for rows in sets for row in rows)

    def weight(rows: set[tuple[str, ...]]) -> float:
        return sum(log((len(texts) + 1) / df[row]) for row in rows)

    first = list(range(len(texts)))
    for j in range(len(texts)):
        for i in range(j):
            if weight(sets[i] & sets[j]) >= least * weight(sets[i] | sets[j]) - 1e-9:
                a, b = sorted((first[i], first[j]))
                first = [a if group == b else group for group in first]
    return first


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=8), min_size=1, max_size=9, unique_by=tuple
    )
)
def test_groups_are_those_of_comparing_every_two(words: list[list[str]]) -> None:
    texts = [" ".join(one) for one in words]
    for least in (0.5, 0.8):
        assert first_alike(texts, least=least) == brute_force(texts, least)


def test_shared_boilerplate_does_not_make_prompts_alike() -> None:
    random = np.random.default_rng(0)
    rules = " ".join(random.choice(WORDS, 300))
    questions = [" ".join(random.choice(WORDS, 25)) for _ in range(100)]
    changed = questions[7].rsplit(" ", 1)[0] + " otherwise"
    texts = [f"{rules} {question}" for question in [*questions, changed]]
    assert [i for i, first in enumerate(first_alike(texts)) if first != i] == [100]
    assert first_alike(texts)[100] == 7


def test_large_groups_are_found_whole() -> None:
    random = np.random.default_rng(0)
    words = random.choice(WORDS, 60).tolist()
    texts = [" ".join([*words, f"n{i}"]) for i in range(30)] + [
        " ".join(random.choice(WORDS, 60)) for _ in range(300)
    ]
    groups = first_alike(texts)
    assert set(groups[:30]) == {0}
    assert groups[30:] == list(range(30, 330))


def test_prompts_under_another_id_are_found_and_pairs_that_share_one_are_not() -> None:
    pairs = make_pairs(0, 100)
    assert duplicate_prompts(pairs).is_empty()
    shared = frame(pair(0, []), pair(0, [], chosen=message("perhaps")))
    assert duplicate_prompts(shared).is_empty()
    again = copied(pairs, 0.1)
    found = duplicate_prompts(again)
    assert found["first"].to_list() == pairs["prompt_id"].head(10).to_list()
    assert found["exact"].all()
    assert repeated_pairs(again).to_list() == [False] * 100 + [True] * 10


def test_later_turns_of_one_episode_repeat_its_earlier_ones_by_right() -> None:
    said = " ".join(WORDS[:60])
    turns = [pair(i, [], prompt=message(said + " more" * i), episode=1) for i in range(3)]
    assert duplicate_prompts(frame(*turns)).is_empty()
    elsewhere = turns[1] | {"episode": 2}
    assert duplicate_prompts(frame(turns[0], elsewhere))["exact"].to_list() == [False]


def test_answers_that_hardly_differ_and_answers_to_everything_are_found() -> None:
    long = " ".join(WORDS[:40])
    refusal = "I am sorry but I can not help you with that"
    pairs = frame(
        pair(0, [], chosen=message(long), rejected=message(long + "  END")),
        pair(1, [], chosen=message(refusal), rejected=message("go away")),
        pair(2, [], chosen=message("go away"), rejected=message(refusal.upper())),
    )
    assert alike_answers(pairs).to_list() == [True, False, False]
    assert canned_answers(pairs).to_list() == [False, True, True]
