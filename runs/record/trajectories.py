"""Finished episodes read back from a log, one after another, for exports and branching."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from palaestra.agents.calls import Message
from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record.entries import (
    CallAnswered,
    EpisodeBegun,
    EpisodeEnded,
    EventHappened,
    MessageSaid,
    entries,
)
from palaestra.runs.record.prompts import numbers
from palaestra.runs.record.records import Record, event_type
from palaestra.scenarios.core.episode import EVERYWHERE, Event
from palaestra.scenarios.core.trajectory import Trajectory, Turn

Types = Mapping[str, tuple[type[Event], set[str]]]
"""Of each event type its class and the names of its fields, by its name in the log."""


def trajectories(records: Iterable[Record], events: Iterable[type[Event]]) -> Iterator[Trajectory]:
    """The finished episodes among `records`, each as soon as its end is read.

    Args:
        records: of a log, in order.
        events: the event types of the scenario.

    Raises:
        RunUnreadable: an event of the log has other fields than its type.
    """
    types = {event_type(kind): (kind, {f.name for f in fields(kind)}) for kind in (*events, *EVERYWHERE)}
    begun: dict[int, _Told] = {}
    for entry in entries(records):
        match entry:
            case EpisodeBegun():
                begun[entry.episode] = _Told(entry.seed)
            case MessageSaid():
                begun[entry.episode].messages.append(entry.message)
            case CallAnswered():
                begun[entry.episode].calls.append(entry)
            case EventHappened():
                begun[entry.episode].events.append(_event(entry, types))
            case EpisodeEnded():
                yield begun.pop(entry.episode).end(entry)


@dataclass(slots=True)
class _Told:
    """What the log has told of an episode so far."""

    seed: int
    messages: list[Message] = field(default_factory=list)
    calls: list[CallAnswered] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def end(self, entry: EpisodeEnded) -> Trajectory:
        return Trajectory(
            episode=entry.episode,
            seed=self.seed,
            messages=tuple(message.source for message in self.messages),
            turns={call.call: self._turn(call) for call in sorted(self.calls, key=lambda call: call.call)},
            events=tuple(self.events),
            outcome=entry.outcome,
        )

    def _turn(self, call: CallAnswered) -> Turn:
        return Turn(
            call=call.call,
            step=call.step,
            agent=call.agent,
            purpose=call.purpose,
            about=call.about,
            policy=call.policy,
            seed=call.seed,
            prompt=tuple(self.messages[number] for number in numbers(call.prompt)),
            answer=call.answer,
            text=call.text,
            probabilities=call.probabilities,
            finish=call.finish,
            failed=call.failed,
            token_ids=call.token_ids,
            logprobs=call.logprobs,
            thought=call.thought,
        )


def _event(entry: EventHappened, types: Types) -> Event:
    kind, names = types.get(entry.type, (None, None))
    if kind is None or entry.told.keys() != names:
        raise RunUnreadable(
            f"the log's event {entry.type!r} isn't one that this version knows",
            "Read the run with the version of palaestra that wrote it (run.json names it).",
        )
    return kind(**entry.told)
