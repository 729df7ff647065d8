"""Writes what episodes do into the log, and knows what an earlier sitting already wrote.

A resumed run plays its unfinished episodes again from the recorded replies. `Past` holds
those replies; the recorder leaves out what the log already has and checks that the
episode goes the way it went before.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from palaestra.agents.budget import Usage
from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.failures import RunUnreadable
from palaestra.agents.values import replaced
from palaestra.runs.record.chain import Chain, Heads
from palaestra.runs.record.entries import (
    AnswerAsked,
    CallAnswered,
    Entry,
    EpisodeBegun,
    EpisodeEnded,
    EventHappened,
    MessageSaid,
    entries,
)
from palaestra.runs.record.log import Log
from palaestra.runs.record.prompts import AskedPrompts, Numbers, ranges
from palaestra.runs.record.records import (
    Record,
    call_record,
    end_record,
    episode_record,
    event_record,
    message_record,
)
from palaestra.scenarios.core.episode import Episode

PROBABILITY_DIGITS = 6
NOT_ASKED = (0.0, 0.0)
"""The seconds of a call whose reply was taken over."""


@dataclass(slots=True)
class PastEpisode:
    """What the log holds of an episode that has begun and not ended.

    Attributes:
        messages: in the order of their numbers.
        replies: the answered calls, by call index.
        answers, events: how many are recorded.
    """

    messages: list[Message] = field(default_factory=list)
    replies: dict[int, CallAnswered] = field(default_factory=dict)
    answers: int = 0
    events: int = 0


class Past:
    """What is recorded: by earlier sittings of a run, or of the episodes that another run branches.

    Args:
        records: the log's records, in their order.
        keep: the episodes whose replies are kept after their end.
        noted: how many calls there were when a sitting last noted how it stood.

    Attributes:
        ended: indices of the episodes that are over.
        calls: number of recorded calls.
        usage: what they took, by policy.
        unnoted: how long the sitting played that was killed after that, seconds to its last answer.
    """

    def __init__(self, records: Iterable[Record] = (), keep: Container[int] = (), noted: int = 0) -> None:
        self._keep = keep
        self._noted = noted
        self.ended: set[int] = set()
        self.calls = 0
        self.tokens: Counter[str] = Counter()
        self.usage: dict[str, Usage] = {}
        self.unnoted = 0.0
        self._begun: dict[int, PastEpisode] = {}
        for entry in entries(records):
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        index = entry.episode
        match entry:
            case EpisodeBegun():
                self._begun[index] = PastEpisode()
            case MessageSaid(message=message):
                self._begun[index].messages.append(message)
            case AnswerAsked():
                self._begun[index].answers += 1
            case CallAnswered():
                self.calls += 1
                if self.calls > self._noted:
                    self.unnoted = max(self.unnoted, entry.seconds[1])
                for kind, count in zip(("prompt", "cached", "output"), entry.tokens, strict=True):
                    self.tokens[f"{kind}_tokens"] += count
                self.usage[entry.policy] = self.usage.get(entry.policy, Usage()) + entry.usage
                self._begun[index].replies[entry.call] = entry
            case EventHappened():
                self._begun[index].events += 1
            case EpisodeEnded():
                self.ended.add(index)
                if index not in self._keep:
                    del self._begun[index]

    def episode(self, index: int) -> PastEpisode | None:
        """What is recorded of episode `index`; None if it has not begun, or is over and not kept."""
        return self._begun.get(index)

    def reply(self, index: int, call: Call) -> Reply | None:
        """The reply that is recorded for `call` of episode `index`, None if there is none.

        Raises:
            RunUnreadable: the log's call of this number is another one.
        """
        past = self._begun.get(index)
        answered = past.replies.get(call.index) if past else None
        if past is None or answered is None:
            return None
        same = (
            answered.agent == call.agent
            and answered.purpose == call.purpose
            and answered.seed == call.seed
            and answered.prompt == ranges(_numbers(call))
            and answered.answer == orjson.loads(orjson.dumps(call.answer.describe()))
            and all(_says(past.messages[message.number], message) for message in call.prompt)
        )
        if not same:
            raise RunUnreadable(
                f"the log of episode {index} doesn't fit this scenario any more: call {call.index} "
                f"was {answered.agent}'s {answered.purpose!r}, now it is {call.agent}'s {call.purpose!r} "
                "or asks in other words or for another kind of answer",
                "Go on with the version of palaestra and the prompts that began this run.",
            )
        return answered.reply(call)


@dataclass(slots=True)
class _Written:
    """How much of an episode the log has."""

    messages: int = 0
    answers: int = 0
    events: int = 0
    prompts: AskedPrompts = field(default_factory=AskedPrompts)


class Recorder:
    """Writes episodes into a log.

    Args:
        log: the open log.
        past: what it already holds.
        heads: how far each episode is in it.
        replay: gives the reply that a call of an episode takes over from another run, None for none.
    """

    def __init__(
        self,
        log: Log,
        past: Past,
        heads: Heads,
        replay: Callable[[int, Call], Reply | None] = lambda _number, _call: None,
    ) -> None:
        self._log = log
        self._past = past
        self._replay = replay
        self._chain = Chain(heads)
        self._lines: list[bytes] = []
        self._written: dict[int, _Written] = {}

    def begin(self, episode: Episode[Any]) -> None:
        """Let `episode` begin, and note it."""
        past = self._past.episode(episode.number)
        if past is None:
            self._written[episode.number] = _Written()
            self._add(episode_record(episode))
        else:
            self._written[episode.number] = _Written(len(past.messages), past.answers, past.events)
        episode.begin()
        self.note(episode)

    def note(self, episode: Episode[Any]) -> None:
        """Note what `episode` did since last time: messages, events, its end."""
        index = episode.number
        written = self._written[index]
        messages, answers = episode.messages, episode.exchange.answers
        for message in messages[written.messages :]:
            self._add(message_record(index, message))
        for number in range(written.answers, len(answers)):
            answer = answers[number].describe()
            self._add({"record": "answer", "episode": index, "answer": number, **answer})
        for number in range(written.events, len(episode.events)):
            step, event = episode.events[number]
            self._add(event_record(index, number, step, event))
        written.messages = max(written.messages, len(messages))
        written.answers = max(written.answers, len(answers))
        written.events = max(written.events, len(episode.events))
        if not episode.running:
            self._add(end_record(episode))
            del self._written[index]

    def recorded(self, episode: Episode[Any], call: Call) -> Reply | None:
        """The reply that the log holds for `call`, or takes over; None if it has to be asked.

        Raises:
            RunUnreadable: see `Past.reply`.
        """
        reply = self._past.reply(episode.number, call)
        if reply is not None:
            prompts = self._written[episode.number].prompts
            prompts.take(call.agent, episode.steps + 1, call.index, _numbers(call))
            return reply
        reply = self._replay(episode.number, call)
        return None if reply is None else self.reply(episode, call, reply, NOT_ASKED)

    def reply(self, episode: Episode[Any], call: Call, reply: Reply, seconds: tuple[float, float]) -> Reply:
        """Note the reply to `call`; what is returned may be acted on after the next `flush`.

        The episode computes with the numbers that the log keeps, as it will when it is resumed.
        """
        if reply.probabilities is not None:
            kept = tuple(round(p, PROBABILITY_DIGITS) for p in reply.probabilities)
            mass = None if reply.mass is None else round(reply.mass, PROBABILITY_DIGITS)
            reply = replaced(reply, probabilities=kept, mass=mass)
        prompts = self._written[episode.number].prompts
        prompt = prompts.told(call.agent, episode.steps + 1, call.index, _numbers(call))
        self._add(call_record(episode, call, reply, prompt, seconds))
        return reply

    def _add(self, record: Record) -> None:
        self._lines.append(self._chain.sealed(record))

    async def flush(self) -> None:
        """Return once everything noted is on disk."""
        if self._lines:
            lines = b"".join(self._lines)
            self._lines.clear()
            await asyncio.to_thread(self._log.append, lines)


def _numbers(call: Call) -> Numbers:
    return tuple([message.number for message in call.prompt])  # a list is twice as fast as a generator


def _says(recorded: Message, message: Message) -> bool:
    """Whether a message is the recorded one: the same reply, or the same text of no reply."""
    return recorded.source == message.source and (message.source is not None or recorded.text == message.text)
