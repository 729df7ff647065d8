"""What was said in an episode, read off its log: what others than its speaker were shown, and as whose.

A message is said where it is a reply, or a part of one, that somebody else was shown. Rules may pass on a
reply altered: one field of an answer in JSON, a text without its writer's name, a sentence made of several
fields. Such messages name no call, so their reply is found by their text. What no model replied, such as the
lines of people on record, is said by nobody here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any

from palaestra.agents.memory import RATING, SUMMARY
from palaestra.runs.exports.options import CUT
from palaestra.runs.record.prompts import numbers
from palaestra.scenarios.parts.anonymity import without_name

Rows = list[dict[str, Any]]
Kind = tuple[str, str]
"""For what a reply was asked, and which of its fields; "" for all of it."""
MADE_OF = "*"
"""In place of a field: a message that its rules made of several."""
SHORTEST = 3
"""Characters of a field that tell that a message was made of it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an agent said.

    Attributes:
        agent: who said it.
        speaker: the name under which others read it.
        text: what they read.
        cut: whether the reply was cut at its limit.
    """

    agent: str
    speaker: str
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A reply or a part of it; `message` tells apart what was made of one reply."""

    call: int
    field: str = ""
    message: int | None = None


class EpisodeRead:
    """What the log tells of one episode: its calls and messages, and who was shown which.

    Args:
        calls, messages: its rows of these tables, in order.

    Attributes:
        policy_of: the policy of each agent.
    """

    def __init__(self, calls: Rows, messages: Rows) -> None:
        self._calls: Mapping[int, dict[str, Any]] = {call["call"]: call for call in calls}
        self._messages = messages
        self._prompts = {call["call"]: numbers(call["prompt"]) for call in calls}
        self.policy_of = {call["agent"]: call["policy"] for call in calls}
        self._minds = self._who_share_a_memory()
        self._readers: dict[int, set[str]] = defaultdict(set)
        self._first_read: dict[int, int] = {}
        for number, prompt in sorted(self._prompts.items()):
            for message in prompt:
                self._readers[message].add(self._minds[self._agent(number)])
                self._first_read.setdefault(message, number)
        passed_on = any(message["call"] is None and message["label"] for message in messages)
        self._replied = self._texts_replied() if passed_on else {}
        self._claimed: set[_Part] = set()
        parts = {message["message"]: self._part(message) for message in messages}
        self._parts = {number: part for number, part in parts.items() if part is not None}

    def kinds_read_by_others(self) -> Iterator[Kind]:
        """What of the replies others were shown."""
        for number, part in self._parts.items():
            if self._by_others(number):
                yield self._kind(part)

    def said(self, kinds: set[Kind]) -> list[Spoken]:
        """What was said; last words, which nobody was shown any more, are known by their kind."""
        quotes: dict[_Part, Rows] = defaultdict(list)
        named = set()
        for message in self._messages:
            number = message["message"]
            part = self._parts.get(number)
            if part is None:
                continue
            if self._by_others(number):
                quotes[part].append(message)
                if message["label"] == self._agent(part.call):
                    named.add(message["label"])
            elif not self._readers[number] and self._kind(part) in kinds:
                quotes[part].append(message)
        return _told_apart([self._spoken(part, found, named) for part, found in quotes.items()])

    def strange(self) -> int:
        """How many lines were heard as an agent's that are no part of a reply of it."""
        return sum(
            message["label"] in self.policy_of and message["call"] is None and number not in self._parts
            for message in self._messages
            if self._readers[number := message["message"]]
        )

    def rules(self, agents: Iterable[str]) -> str:
        """The rules that all of these were told; "" where they were told different ones.

        They are the last of the messages for the system with which a prompt begins: before them stands at
        most a persona, and all that is private stands in messages of another role.
        """
        firsts = {self._agent(call): prompt for call, prompt in sorted(self._prompts.items(), reverse=True)}
        told = {self._rules(firsts[agent]) for agent in agents}
        return told.pop() if len(told) == 1 else ""

    def _rules(self, prompt: Sequence[int]) -> str:
        shown = (self._messages[number] for number in prompt)
        head = [str(message["text"]) for message in takewhile(lambda m: m["role"] == "system", shown)]
        return head[-1].strip() if head else ""

    def _agent(self, call: int) -> str:
        return str(self._calls[call]["agent"])

    def _kind(self, part: _Part) -> Kind:
        return self._calls[part.call]["purpose"], part.field

    def _who_share_a_memory(self) -> dict[str, str]:
        """Whose memory each agent has: its own, or that of the agent whose summary it is shown."""
        found = {agent: agent for agent in self.policy_of}
        summarised = {
            message["message"]: self._agent(message["call"])
            for message in self._messages
            if message["call"] is not None and self._calls[message["call"]]["purpose"] == SUMMARY
        }
        if summarised:
            for call, prompt in self._prompts.items():
                for owner in (summarised[number] for number in prompt if number in summarised):
                    found[self._agent(call)] = owner
        return found

    def _by_others(self, message: int) -> bool:
        """Whether somebody else was shown what an agent said."""
        own = self._minds[self._agent(self._parts[message].call)]
        return bool(self._readers[message] - {own})

    def _spoken(self, part: _Part, quotes: Rows, named: set[str]) -> Spoken:
        """A reply as others read it: under its agent's name if they know that, else as it was shown them."""
        agent = self._agent(part.call)
        own = [quote for quote in quotes if agent in named and quote["label"] == agent]
        read = [quote for quote in quotes if self._readers[quote["message"]]]
        quote = (own or read or quotes)[0]
        return Spoken(agent, quote["label"], quote["text"], self._calls[part.call]["finish"] == CUT)

    def _part(self, message: dict[str, Any]) -> _Part | None:
        """Of which reply a message is a part; None where it is of none, or of one that a memory asked for."""
        if message["call"] is not None:
            of_memory = self._calls[message["call"]]["purpose"] in (SUMMARY, RATING)
            return None if of_memory else _Part(message["call"])
        if not message["label"]:
            return None
        label, before = message["label"], self._first_read.get(message["message"], len(self._calls))
        found = [part for part in self._replied.get(_squeezed(message["text"]), ()) if part.call < before]
        if label in self.policy_of:
            found = [part for part in found if self._agent(part.call) == label]
        if not found:
            return self._made_of(message, before)
        # Of replies of the same text, one of somebody whom the label names, and each for one message.
        part = min(found, key=lambda each: (self._agent(each.call) not in label, each in self._claimed))
        self._claimed.add(part)
        return part

    def _made_of(self, message: dict[str, Any], before: int) -> _Part | None:
        """The last answer in JSON of the agent that a message names some of whose fields stand in it."""
        text = _squeezed(message["text"])
        for call in sorted(self._calls, reverse=True):
            if call < before and self._agent(call) == message["label"]:
                fields = dict(_fields(self._calls[call]["text"]))
                words = [*fields.values(), *(field.rpartition(".")[2] for field in fields)]
                if len(fields) > 1 and any(len(w) >= SHORTEST and _squeezed(w) in text for w in words):
                    return _Part(call, MADE_OF, message["message"])
        return None

    def _texts_replied(self) -> dict[str, list[_Part]]:
        """All replies and their fields by text, also without their writer's name."""
        found: dict[str, list[_Part]] = defaultdict(list)
        for number, call in sorted(self._calls.items()):
            if call["purpose"] in (SUMMARY, RATING):
                continue
            for field, text in _fields(call["text"]):
                for passed_on in {_squeezed(text), _squeezed(without_name(text, call["agent"]))}:
                    found[passed_on].append(_Part(number, field))
        return found


def _told_apart(said: Sequence[Spoken]) -> list[Spoken]:
    """The same with a name for each of those who had none or the same."""
    owners: dict[str, set[str]] = defaultdict(set)
    for spoken in said:
        owners[spoken.speaker].add(spoken.agent)
    free = (name for name in (f"Speaker {number}" for number in count(1)) if name not in owners)
    given: dict[str, str] = {}
    found = []
    for spoken in said:
        if not spoken.speaker or len(owners[spoken.speaker]) > 1:
            if spoken.agent not in given:
                given[spoken.agent] = next(free)
            spoken = replace(spoken, speaker=given[spoken.agent])
        found.append(spoken)
    return found


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """A reply, and where it is a JSON object, the texts in it, each with where it stands."""
    yield "", text
    if text.startswith("{"):
        try:
            told = json.loads(text)
        except ValueError:
            return
        yield from _texts_in(told, "")


def _texts_in(told: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(told, str) and told.strip():
        yield where, told
    elif isinstance(told, dict):
        for key, value in told.items():
            yield from _texts_in(value, f"{where}.{key}")
    elif isinstance(told, list):
        for value in told:
            yield from _texts_in(value, f"{where}.")
