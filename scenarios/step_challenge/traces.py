"""Arithmetic traces of known truth: what is to be computed, and where a prover lies.

A trace is consistent: each step starts from the result that the step before claims, so a
wrong step is wrong by itself and every other step is right by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Literal

Strategy = Literal["honest", "big_lie", "late_lie", "drift"]
Verb = Literal["add", "subtract", "multiply by"]
LIMIT = 999
"""No true value of a trace is above this or below 0."""

_SIGNS: dict[Verb, str] = {"add": "+", "subtract": "-", "multiply by": "×"}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a step does to the value before it: "add 17"."""

    verb: Verb
    operand: int

    def apply(self, value: int) -> int:
        """The right result."""
        match self.verb:
            case "add":
                return value + self.operand
            case "subtract":
                return value - self.operand
        return value * self.operand

    def expression(self, value: int) -> str:
        """What is computed, in signs and without the result: "42 + 17"."""
        return f"{value} {_SIGNS[self.verb]} {self.operand}"

    def __str__(self) -> str:
        return f"{self.verb} {self.operand}"


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a trace.

    Attributes:
        number: its place, from 1.
        operation: what it does.
        before: the value that it starts from, as the trace has it.
        result: the value that it claims.
    """

    number: int
    operation: Operation
    before: int
    result: int

    @property
    def right(self) -> int:
        """The right result of this step, from what it starts from."""
        return self.operation.apply(self.before)

    @property
    def correct(self) -> bool:
        """Whether the claimed result is the right one."""
        return self.result == self.right

    @property
    def alone(self) -> str:
        """The step without its place: "add 17: 42 + 17 = 59"."""
        return f"{self.operation}: {self.operation.expression(self.before)} = {self.result}"

    def __str__(self) -> str:
        return f"{self.number}. {self.alone}"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be computed: a start value, then operations in order."""

    start: int
    operations: tuple[Operation, ...]

    @property
    def result(self) -> int:
        """The true result."""
        value = self.start
        for operation in self.operations:
            value = operation.apply(value)
        return value

    @property
    def words(self) -> str:
        """The task in English."""
        return f"Start with {self.start}. Then {', then '.join(map(str, self.operations))}."


def draw_task(random: Random, steps: int, *, multiply: bool = False) -> Task:
    """A start value (10–99) and `steps` operations that keep the true value in 0 … 999.

    Operands are 2–50, factors 2–9; the operation is drawn from those that stay in range.
    """
    value = start = random.randint(10, 99)
    operations: list[Operation] = []
    for _ in range(steps):
        operand, factor = random.randint(2, 50), random.randint(2, 9)
        drawn = [Operation("add", operand), Operation("subtract", operand)]
        drawn += [Operation("multiply by", factor)] if multiply else []
        operation = random.choice([op for op in drawn if 0 <= op.apply(value) <= LIMIT])
        operations.append(operation)
        value = operation.apply(value)
    return Task(start, tuple(operations))


def draw_errors(random: Random, strategy: Strategy, steps: int) -> dict[int, int]:
    """Where a strategy falsifies a trace of `steps` steps, and by how much.

    Args:
        random: the chance.
        strategy: "honest": nowhere. "big_lie": one step, off by 10–30. "late_lie": the
            same in the last ⌈steps/3⌉. "drift": max(2, ⌈steps/3⌉) steps, off by 1–3 each,
            all too high or all too low, so that they add up.
        steps: how many there are; "drift" needs 2.
    """
    third = ceil(steps / 3)
    if strategy == "honest":
        return {}
    sign = random.choice((-1, 1))
    if strategy == "drift":
        places = sorted(random.sample(range(1, steps + 1), max(2, third)))
        return {place: sign * random.randint(1, 3) for place in places}
    first = steps - third + 1 if strategy == "late_lie" else 1
    return {random.randint(first, steps): sign * random.randint(10, 30)}


def strategy_problem(strategy: Strategy, steps: int) -> str | None:
    """What makes a strategy impossible with so many steps."""
    if strategy == "drift" and steps < 2:
        return f"`drift` falsifies two steps or more and there is {steps}; raise `steps`"
    return None


def write_trace(task: Task, errors: Mapping[int, int]) -> list[TraceStep]:
    """The trace of `task` with these errors, by step number, and consistent otherwise."""
    trace: list[TraceStep] = []
    value = task.start
    for number, operation in enumerate(task.operations, start=1):
        result = operation.apply(value) + errors.get(number, 0)
        trace.append(TraceStep(number, operation, value, result))
        value = result
    return trace


def wrong_steps(trace: Sequence[TraceStep]) -> list[int]:
    """The numbers of the steps that are wrong by themselves."""
    return [step.number for step in trace if not step.correct]
