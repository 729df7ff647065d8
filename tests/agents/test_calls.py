"""Calls: how a prompt becomes chat turns, and where seeds come from."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Message, Role, derive_seed, turns

ROLES = st.sampled_from(["system", "user", "assistant"])
PARTS = st.lists(st.integers(0, 2**63), min_size=1, max_size=4)


def prompt(*messages: tuple[Role, str]) -> tuple[Message, ...]:
    return tuple(Message(number, role, text) for number, (role, text) in enumerate(messages))


def test_neighbours_of_one_role_are_joined_by_a_blank_line() -> None:
    assert turns(prompt(("system", "a"), ("user", "b"), ("user", "c"))) == [
        ("system", "a"),
        ("user", "b\n\nc"),
    ]


def test_a_role_that_comes_back_is_a_turn_of_its_own() -> None:
    found = turns(prompt(("user", "a"), ("assistant", "b"), ("user", "c")))
    assert [role for role, _ in found] == ["user", "assistant", "user"]


def test_an_empty_prompt_has_no_turns() -> None:
    assert turns(()) == []


def test_a_speaker_is_shown_before_what_it_said() -> None:
    assert turns((Message(0, "user", "Yes.", "Ann"),)) == [("user", "Ann: Yes.")]
    assert Message(0, "user", "Yes.").body == "Yes."


@given(st.lists(st.tuples(ROLES, st.text(min_size=1))))
def test_turns_alternate_and_keep_every_text_in_order(messages: list[tuple[Role, str]]) -> None:
    found = turns(prompt(*messages))
    assert all(one[0] != other[0] for one, other in pairwise(found))
    assert "\n\n".join(text for _, text in found) == "\n\n".join(text for _, text in messages)


@given(PARTS)
def test_a_seed_is_below_two_to_the_63_and_depends_on_nothing_else(parts: list[int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63
    assert derive_seed(*parts) == derive_seed(*parts)


@given(PARTS, PARTS)
def test_other_parts_make_another_seed(one: list[int], other: list[int]) -> None:
    assert (derive_seed(*one) == derive_seed(*other)) == (one == other)


def test_parts_do_not_run_together() -> None:
    assert len({derive_seed(1, 23), derive_seed(12, 3), derive_seed(123), derive_seed("1", "2", "3")}) == 4


def test_seeds_of_neighbouring_calls_have_nothing_in_common() -> None:
    seeds = [derive_seed(0, episode, call) for episode in range(100) for call in range(100)]
    assert len(set(seeds)) == len(seeds)
    for bit in range(63):
        ones = sum(seed >> bit & 1 for seed in seeds)
        assert 4700 < ones < 5300


def test_a_seed_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert derive_seed(0, "episode", 0) == 7031951898534477463
