"""Calls under headings, as transcripts and reports tell them.

Calls of one step and purpose stand together, and calls in turn in one round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from palaestra.agents.calls import Scalar

About = dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Asked:
    """What places a call: its row in the `calls` table, step, agent, purpose, and what it is about."""

    row: int
    step: int
    agent: str
    purpose: str
    about: About


@dataclass(frozen=True, slots=True)
class HeadedCalls:
    """Calls that are read together.

    Attributes:
        calls: the calls, at least one.
        shared: what all of them are about.
    """

    calls: list[Asked]
    shared: About

    @property
    def heading(self) -> str:
        """The purpose and what all calls share: "argue, round 2"."""
        return in_words({"": self.calls[0].purpose, **self.shared})

    def own(self, call: Asked) -> str:
        """What a call is about beside what all share."""
        return in_words({key: value for key, value in call.about.items() if key not in self.shared})


def asked(row: int, call: Mapping[str, object]) -> Asked:
    """A row of the `calls` table."""
    about: About = json.loads(str(call["about"]))
    return Asked(row, int(str(call["step"])), str(call["agent"]), str(call["purpose"]), about)


def exchanges(calls: Iterable[Asked]) -> list[HeadedCalls]:
    """The calls of one episode, in their order, under headings."""
    gathered: list[list[Asked]] = []
    for _, group in groupby(calls, key=lambda call: (call.step, call.purpose)):
        now = list(group)
        if gathered and _goes_on(gathered[-1], now):
            gathered[-1] += now
        else:
            gathered.append(now)
    return [HeadedCalls(group, _shared(group)) for group in gathered]


def in_words(facts: Mapping[str, object]) -> str:
    """Facts in words: names of numbers are kept ("round 2"), those of texts are not ("Ann")."""
    return ", ".join(_fact(name.replace("_", " "), value) for name, value in facts.items())


def _fact(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if isinstance(value, float):
        return f"{name} {value:.3g}"
    return f"{name} {value}" if name and not isinstance(value, str) else str(value)


def _goes_on(before: list[Asked], now: list[Asked]) -> bool:
    """Whether `now` is one more agent's turn in the round of `before`."""
    first, only = before[0], now[0]
    return (
        len(now) == 1
        and first.purpose == only.purpose
        and before[-1].about.get("round") == only.about.get("round")
        and all(call.agent != only.agent for call in before)
    )


def _shared(group: list[Asked]) -> About:
    first = group[0].about
    return {key: value for key, value in first.items() if all(c.about.get(key) == value for c in group)}
