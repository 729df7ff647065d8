"""The world of peers: neighbours on a grid, and the memories that a question recalls."""

from __future__ import annotations

from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Message
from palaestra.scenarios.peer_feedback.memory import AnswerMemory, cosine_distance
from palaestra.scenarios.peer_feedback.world import back_scatter, labels, local_share, neighbours, places

# The grid


def test_neighbours_lie_within_half_the_grids_side_as_the_crow_flies() -> None:
    assert neighbours(2)[0, 0] == [(0, 1), (1, 0)]
    assert neighbours(3)[1, 1] == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert neighbours(3)[0, 0] == [(0, 1), (1, 0)]
    # Radius 2: two steps straight or one diagonal, not two and one, which is √5 away.
    assert neighbours(5)[0, 0] == [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]
    assert len(neighbours(5)[2, 2]) == 12


@given(st.integers(2, 7))
def test_neighbours_are_mutual_and_everybody_has_some(size: int) -> None:
    near = neighbours(size)
    assert list(near) == places(size)
    for cell, others in near.items():
        assert len(others) >= 2
        assert all(cell in near[other] for other in others)


def test_half_and_half_is_the_upper_triangle_until_half_are_good() -> None:
    found = labels("half_half", 3, Random(0))
    assert [cell for cell in places(3) if found[cell] == "good"] == [(0, 0), (0, 1), (0, 2), (1, 1)]
    assert [label for _, label in sorted(labels("half_half", 2, Random(0)).items())] == [
        "good",
        "good",
        "bad",
        "bad",
    ]


def test_all_good_and_all_bad() -> None:
    assert set(labels("all_good", 3, Random(0)).values()) == {"good"}
    assert set(labels("all_bad", 3, Random(0)).values()) == {"bad"}


def test_a_mixed_world_has_half_of_its_cells_good_at_random() -> None:
    worlds = [labels("mixed_half_half", 3, Random(seed)) for seed in range(20)]
    assert {list(world.values()).count("good") for world in worlds} == {4}
    assert len({tuple(world.values()) for world in worlds}) > 10


def test_the_local_share_is_rounded_down_and_at_least_one() -> None:
    assert [local_share(count, 0.5) for count in (1, 2, 3, 4, 5)] == [1, 1, 1, 2, 2]
    assert local_share(4, 1.0) == 1
    assert local_share(12, 0.8) == 2  # 2.4
    assert local_share(4, 0.0) == 4


@given(st.integers(2, 5), st.integers(0, 24), st.integers(1, 24), st.integers(0, 10_000))
def test_a_local_draft_goes_to_as_many_neighbours_as_there_are(
    size: int, place: int, quota: int, seed: int
) -> None:
    here = places(size)[place % size**2]
    near = neighbours(size)[here]
    others = [cell for cell in places(size) if cell != here and cell not in near]
    chosen = back_scatter(near, others, quota, None, Random(seed))
    assert len(chosen) == len(set(chosen)) == min(quota, len(near))
    assert set(chosen) <= set(near)


@given(st.integers(2, 5), st.integers(0, 24), st.data(), st.integers(0, 10_000))
def test_a_global_draft_goes_to_some_neighbours_and_fills_the_quota_from_the_world(
    size: int, place: int, data: st.DataObject, seed: int
) -> None:
    here = places(size)[place % size**2]
    near = neighbours(size)[here]
    share = local_share(len(near), 0.5)
    quota = data.draw(st.integers(share, size**2 - 1))
    others = [cell for cell in places(size) if cell != here and cell not in near]
    chosen = back_scatter(near, others, quota, 0.5, Random(seed))
    assert len(chosen) == len(set(chosen)) == quota
    assert here not in chosen
    assert set(chosen[:share]) <= set(near)


# Memory


def test_the_distance_of_questions_by_hand() -> None:
    assert cosine_distance("May I lie?", "may i LIE") == pytest.approx(0)
    # (1, 1, 1) and (1, 1, 0, 1): 2 / 3 shared.
    assert cosine_distance("May I lie?", "May I steal?") == pytest.approx(1 / 3)
    # (2, 1) and (1, 0): 2 / √5.
    assert cosine_distance("no no yes", "no") == pytest.approx(1 - 2 / sqrt(5))
    assert cosine_distance("May I lie?", "Who cooks?") == 1
    assert cosine_distance("", "") == 1


@given(st.text(), st.text())
def test_a_distance_is_symmetric_and_between_nought_and_one(first: str, second: str) -> None:
    distance = cosine_distance(first, second)
    assert 0 <= distance <= 1
    assert distance == pytest.approx(cosine_distance(second, first))


def test_the_nearest_question_is_recalled_if_it_is_near_enough() -> None:
    memory = AnswerMemory()
    first, second = Message(0, "user", "No."), Message(1, "user", "Never.")
    memory.keep("May I steal?", first)
    memory.keep("May I lie to you?", second)
    assert memory.nearest("May I lie?", within=0.3) is not None
    recalled = memory.nearest("May I lie?", within=0.3)
    assert recalled is not None
    assert (recalled.question, recalled.answer) == ("May I lie to you?", second)
    assert recalled.distance == pytest.approx(1 - 3 / sqrt(15))  # three of 3 and of 5 words
    assert memory.nearest("May I lie?", within=0.2) is None
    assert AnswerMemory().nearest("May I lie?", within=1) is None


def test_an_answer_is_not_overwritten() -> None:
    memory = AnswerMemory()
    first = Message(0, "user", "No.")
    memory.keep("May I lie?", first)
    memory.keep("May I lie?", Message(1, "user", "Yes."))
    assert memory.answers == {"May I lie?": first}
