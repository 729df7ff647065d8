"""How the log tells prompts: in few characters, and so that reading gives back what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.runs.record.prompts import AskedPrompts, ToldPrompts, numbers, ranges

NUMBERS = st.lists(st.integers(0, 10**6) | st.integers(0, 9)).map(tuple)


def test_runs_of_neighbours_are_joined() -> None:
    assert ranges((0, 3, 4, 5, 6, 9)) == "0 3-6 9"
    assert ranges((1, 2)) == "1-2"
    assert ranges((5,)) == "5"
    assert ranges(()) == ""


def test_the_order_of_a_prompt_is_kept() -> None:
    assert ranges((3, 2, 1, 0, 1)) == "3 2 1 0-1"


@given(NUMBERS)
def test_numbers_reads_what_ranges_wrote(found: tuple[int, ...]) -> None:
    assert numbers(ranges(found)) == found


def test_a_prompt_is_told_by_what_it_adds_to_the_agent_s_last_one() -> None:
    prompts = AskedPrompts()
    heard = tuple(range(0, 40, 2))
    assert prompts.told("Ann", 1, 0, (*heard, 41)) == " ".join(map(str, (*heard, 41)))
    assert prompts.told("Bo", 1, 1, (0, 2)) == "0 2"
    assert prompts.told("Ann", 2, 5, (*heard, 44, 46, 47)) == "0:20 44 46-47"
    assert prompts.told("Ann", 3, 9, (*heard, 44, 46, 47)) == "5:23"


def test_calls_of_one_step_add_to_an_earlier_step_s_whatever_the_order_of_their_answers() -> None:
    there, back = AskedPrompts(), AskedPrompts()
    heard = tuple(range(0, 40, 2))
    for prompts in (there, back):
        prompts.take("Ann", 1, 0, heard)
    calls = [(call, (*heard, 50 + call)) for call in (3, 4, 5)]
    one = {call: there.told("Ann", 2, call, asked) for call, asked in calls}
    other = {call: back.told("Ann", 2, call, asked) for call, asked in reversed(calls)}
    assert one == other == {3: "0:20 53", 4: "0:20 54", 5: "0:20 55"}
    after = [prompts.told("Ann", 3, 6, (*heard, 55, 60)) for prompts in (there, back)]
    assert after == ["5:21 60"] * 2


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), NUMBERS), max_size=12))
def test_what_is_told_in_any_order_within_a_step_is_read_back(
    asked: list[tuple[str, int, tuple[int, ...]]],
) -> None:
    """`asked`: agent, how many steps after the one before, prompt."""
    step, calls = 1, []
    for call, (agent, later, prompt) in enumerate(asked):
        step += later
        calls.append((agent, step, call, prompt))
    shuffled = sorted(calls, key=lambda item: (item[1], hash((item[2], len(asked)))))
    written, read = AskedPrompts(), ToldPrompts()
    for agent, at, call, prompt in shuffled:
        assert read.read(agent, at, call, written.told(agent, at, call, prompt)) == ranges(prompt)


@pytest.mark.parametrize("text", ["7:1 3", "0:9", "0:3", "0:-1", "0:x", "x:0", "0 z", "0:1 z"])
def test_a_prompt_that_adds_to_none_is_refused(text: str) -> None:
    prompts = ToldPrompts()
    prompts.read("Ann", 1, 0, "0-1")
    with pytest.raises(ValueError):
        prompts.read("Ann", 2, 1, text)
