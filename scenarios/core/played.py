"""An episode played in memory, without an engine and a log: how the contract of a scenario looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.metrics.outcomes import NOT_OUTCOME
from palaestra.scenarios.core.episode import EVERYWHERE, SCALARS, Episode
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.registry import rules_fault

Answering = Callable[[Call], Reply]
MOST_STEPS = 5000


class ContractBroken(AssertionError):
    """A scenario that doesn't keep a clause; the message names the clause and what happened."""


def parsed_reply(call: Call, text: str | None = None) -> Reply:
    """The scripted reply to `call`, parsed; or one of this text."""
    reply = scripted_reply(call)
    said = reply.text if text is None else text
    return replace(reply, text=said, value=call.answer.parse(said))


def failed_reply(_call: Call) -> Reply:
    """What an episode gets when no attempt at a call could be parsed."""
    return Reply(text="", failed=True, attempts=3, rejected=("", "", ""))


@dataclass(slots=True)
class PlayedOut:
    """A finished episode, with all calls in order and their replies."""

    episode: Episode[Any]
    calls: list[Call]
    replies: list[list[Reply]]


def new_episode(scenario: Scenario, index: int) -> Episode[Any]:
    """The episode `index` of a scenario, before its first call."""
    return scenario.rules(scenario.config, index=index)


def play_out(episode: Episode[Any], answer: Answering, clause: str) -> PlayedOut:
    """Play an episode to its end and check what it recorded; whatever it raises breaks `clause`."""
    try:
        return _play(episode, answer, clause)
    except ContractBroken:
        raise
    except Exception as error:
        fault = rules_fault(type(episode), error, f"episode {episode.index}")
        raise ContractBroken(f"{clause}: {fault}") from error


def _play(episode: Episode[Any], answer: Answering, clause: str) -> PlayedOut:
    played = PlayedOut(episode, [], [])
    for _ in range(MOST_STEPS):
        calls = list(episode.pending)
        if not calls:
            _check_schema(episode, clause)
            return played
        played.calls += calls
        replies = [answer(call) for call in calls]
        played.replies.append(replies)
        episode.advance(replies)
    raise ContractBroken(f"{clause}: the episode has not ended after {MOST_STEPS} steps")


def _check_schema(episode: Episode[Any], clause: str) -> None:
    for _, event in episode.events:
        kind = type(event)
        if kind not in (*episode.event_types, *EVERYWHERE):
            raise ContractBroken(f"{clause}: {kind.__name__} is not among `event_types`")
        hints = get_type_hints(kind)
        if clash := {"episode", "event", "step"} & set(hints):
            raise ContractBroken(f"{clause}: {kind.__name__}.{min(clash)} is a column of every event's table")
        for field in fields(event):
            hint, value = hints[field.name], getattr(event, field.name)
            allowed = get_args(hint) or (hint,)
            fits = type(value) in allowed or (type(value) is int and float in allowed)
            if not fits or type(value) not in SCALARS:
                raise ContractBroken(f"{clause}: {kind.__name__}.{field.name} is {value!r}, not {hint}")
    for name, value in episode.outcome.items():
        if name in NOT_OUTCOME:
            raise ContractBroken(f"{clause}: the outcome's {name!r} is a column of every `episodes` table")
        if type(value) not in SCALARS:
            raise ContractBroken(f"{clause}: the outcome's {name} is {value!r}, no scalar")
