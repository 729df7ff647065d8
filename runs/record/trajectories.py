"""Finished episodes read back from a log, one after another, for exports and branching.

Only episodes that are under way at the same time are held at once, so a log of a million
episodes needs no more memory than one of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from palaestra.agents.calls import Message
from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record.records import Record, event_type, numbers
from palaestra.scenarios.core.episode import EVERYWHERE, Event
from palaestra.scenarios.core.trajectory import Trajectory, Turn


def trajectories(records: Iterable[Record], events: Iterable[type[Event]]) -> Iterator[Trajectory]:
    """The finished episodes among `records`, each as soon as its end is read.

    Args:
        records: of a log, in order.
        events: the event types of the scenario.

    Raises:
        RunUnreadable: an event of the log has other fields than its type.
    """
    types = {event_type(kind): kind for kind in (*events, *EVERYWHERE)}
    begun: dict[int, _Begun] = {}
    for record in records:
        index = record["episode"]
        match record["record"]:
            case "episode":
                begun[index] = _Begun(record["seed"])
            case "message":
                begun[index].hear(record)
            case "answer":
                skip = ("record", "episode", "answer")
                begun[index].answers.append({k: v for k, v in record.items() if k not in skip})
            case "call":
                begun[index].calls.append(record)
                begun[index].texts[record["call"]] = record["text"]
            case "event":
                begun[index].events.append(_event(record, types))
            case "end":
                yield begun.pop(index).end(record)


@dataclass(slots=True)
class _Begun:
    """What the log has told of an episode so far."""

    seed: int
    messages: list[Message] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Record] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def hear(self, record: Record) -> None:
        source = record.get("call")
        text = record["text"] if source is None else self.texts[source]
        self.messages.append(
            Message(record["message"], record["role"], text, record.get("label", ""), source)
        )

    def end(self, record: Record) -> Trajectory:
        return Trajectory(
            episode=record["episode"],
            seed=self.seed,
            messages=tuple(message.source for message in self.messages),
            turns={call["call"]: self._turn(call) for call in sorted(self.calls, key=lambda c: c["call"])},
            events=tuple(self.events),
            outcome=record["outcome"],
        )

    def _turn(self, call: Record) -> Turn:
        return Turn(
            call=call["call"],
            step=call["step"],
            agent=call["agent"],
            purpose=call["purpose"],
            about=call["about"],
            policy=call["policy"],
            seed=call["seed"],
            prompt=tuple(self.messages[number] for number in numbers(call["prompt"])),
            answer=self.answers[call["answer"]],
            text=call["text"],
            probabilities=call.get("probabilities"),
            finish=call.get("finish", "stop"),
            failed=call.get("failed", False),
            token_ids=call.get("token_ids"),
            logprobs=call.get("logprobs"),
        )


def _event(record: Record, types: dict[str, type[Event]]) -> Event:
    kind = types.get(record["type"])
    told = {k: v for k, v in record.items() if k not in ("record", "episode", "event", "step", "type")}
    if kind is None or told.keys() != {f.name for f in fields(kind)}:
        raise RunUnreadable(
            f"the log's event {record['type']!r} isn't one that this version knows",
            "Read the run with the version of palaestra that wrote it (run.json names it).",
        )
    return kind(**told)
