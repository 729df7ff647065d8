"""Debates on one task whose trace is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.step_challenge.config import StepChallengeConfig
from palaestra.scenarios.step_challenge.rules import StepChallenge
from palaestra.scenarios.step_challenge.traces import Operation, Strategy, Task
from support.scripted_debates import failure, reply

FILE: dict[str, Any] = {
    "scenario": "step_challenge",
    "engines": {"default": {"kind": "scripted"}},
    "steps": 5,
    "writer": {"name": "Pia", "persona": "Quick."},
    "challenger": {"name": "Cara", "persona": "Strict."},
    "verifier": {"name": "Vera", "persona": "Calm."},
}
TASK = Task(42, (Operation("add", 17), Operation("subtract", 9), Operation("multiply by", 2)))
STRATEGIES: tuple[Strategy, ...] = ("honest", "big_lie", "late_lie", "drift")


def challenge_episode(index: int = 0, **fields: Any) -> StepChallenge:
    """One episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, StepChallengeConfig)
    return StepChallenge(config, index=index)


def answers(**by_purpose: str | None) -> Callable[[Call], Reply]:
    """The same text for all calls of a purpose, None for a failure; other calls get a text."""

    def answer(call: Call) -> Reply:
        text = by_purpose.get(call.purpose, "I think so.")
        return failure("mumble") if text is None else reply(text)

    return answer


def outcome(episode: StepChallenge, *fields: str) -> tuple[Any, ...]:
    return tuple(episode.outcome[field] for field in fields)
