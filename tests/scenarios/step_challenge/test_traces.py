"""Traces of a task: what they hold, and which steps each strategy falsifies."""

from __future__ import annotations

import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.step_challenge.traces import (
    LIMIT,
    Strategy,
    draw_errors,
    draw_task,
    strategy_problem,
    write_trace,
    wrong_steps,
)
from support.episodes.step_challenge import STRATEGIES, TASK


def test_a_trace_applies_the_operations_in_order() -> None:
    trace = write_trace(TASK, {})
    assert [str(step) for step in trace] == [
        "1. add 17: 42 + 17 = 59",
        "2. subtract 9: 59 - 9 = 50",
        "3. multiply by 2: 50 × 2 = 100",
    ]
    assert TASK.result == 100
    assert TASK.words == "Start with 42. Then add 17, then subtract 9, then multiply by 2."
    assert wrong_steps(trace) == []


def test_a_trace_goes_on_from_the_wrong_result_and_is_right_after_it() -> None:
    trace = write_trace(TASK, {2: 10})
    assert [step.alone for step in trace] == [
        "add 17: 42 + 17 = 59",
        "subtract 9: 59 - 9 = 60",
        "multiply by 2: 60 × 2 = 120",
    ]
    assert [step.correct for step in trace] == [True, False, True]
    assert (trace[1].right, trace[2].right) == (50, 120)


def numbers_of(step: str) -> tuple[int, int, int, str]:
    """Value, operand, result and sign of a step's text, read back without the rules' help."""
    match = re.fullmatch(r"\d+\. (?:add|subtract|multiply by) (\d+): (-?\d+) ([-+×]) (\d+) = (-?\d+)", step)
    assert match, step
    operand, value, sign, again, result = match.groups()
    assert operand == again
    return int(value), int(operand), int(result), sign


@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from(STRATEGIES), st.booleans())
def test_every_strategy_falsifies_the_steps_that_it_says_and_no_other(
    seed: int, steps: int, strategy: Strategy, multiply: bool
) -> None:
    random = Random(seed)
    task = draw_task(random, steps, multiply=multiply)
    errors = draw_errors(random, strategy, steps)
    trace = write_trace(task, errors)
    value, wrong = task.start, {}
    for number, step in enumerate(trace, start=1):
        before, operand, result, sign = numbers_of(str(step))
        assert before == value
        right = {"+": before + operand, "-": before - operand, "×": before * operand}[sign]
        if result != right:
            wrong[number] = result - right
        value = result
    assert wrong == errors
    assert (value == task.result) == (strategy == "honest")
    third = -(-steps // 3)
    sizes = [abs(error) for error in wrong.values()]
    match strategy:
        case "honest":
            assert not wrong
        case "big_lie":
            assert len(wrong) == 1
            assert 10 <= sizes[0] <= 30
        case "late_lie":
            assert len(wrong) == 1
            assert min(wrong) > steps - third
        case "drift":
            assert len(wrong) == max(2, third)
            assert all(1 <= size <= 3 for size in sizes)
            assert len({error > 0 for error in wrong.values()}) == 1


@given(st.integers(0, 10**6), st.integers(1, 40), st.booleans())
def test_true_values_stay_in_range(seed: int, steps: int, multiply: bool) -> None:
    task = draw_task(Random(seed), steps, multiply=multiply)
    assert len(task.operations) == steps
    for step in write_trace(task, {}):
        assert 0 <= step.result <= LIMIT
        assert multiply or step.operation.verb != "multiply by"


def test_a_big_lie_can_be_at_any_step_and_a_late_one_only_in_the_last_third() -> None:
    def places(strategy: Strategy) -> set[int]:
        return {place for seed in range(300) for place in draw_errors(Random(seed), strategy, 6)}

    assert places("big_lie") == {1, 2, 3, 4, 5, 6}
    assert places("late_lie") == {5, 6}


def test_drift_needs_two_steps() -> None:
    assert strategy_problem("drift", 2) is None
    assert "two steps or more" in str(strategy_problem("drift", 1))
    assert len(draw_errors(Random(0), "drift", 2)) == 2
