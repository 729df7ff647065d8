"""Who may read what: a sentinel in every private text, thought and free reply, looked for in prompts.

One clause of the contract of a scenario, see `contract`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

from palaestra.agents.answers import Choice, Json, Likelihood
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.played import ContractBroken, new_episode, parsed_reply, play_out

File = dict[str, Any]
_THOUGHT = re.compile("QT[0-9]{4}X")
Readers = Callable[[Episode[Any], Call], Collection[str]]


def check_privacy(
    file: File, may_read: Readers, secrets: Mapping[Location, Collection[str]], episodes: int
) -> None:
    """Play `episodes` episodes of `file` with a sentinel in all that is private, and look who reads it.

    Args:
        file: see `check_contract`, as are `may_read` and `secrets`.
        may_read: names of those who may read the reply to a call.
        secrets: names of those who may read a text of the file.
        episodes: how many.

    Raises:
        ContractBroken: a sentinel reaches somebody who isn't entitled to it, or nobody who is.
    """
    marked = deepcopy(file)
    readers: dict[str, Collection[str]] = {}
    for number, (place, names) in enumerate([*_personas(marked), *secrets.items()]):
        sentinel = f"QF{number:04d}X"
        _put(marked, place, sentinel)
        readers[sentinel] = names
    scenario = check(marked, "contract.yaml")
    unread = _Unread()
    for index in range(episodes):
        episode = new_episode(scenario, index)
        known = dict(readers)

        def answer(call: Call, episode: Episode[Any] = episode, known: dict[str, Any] = known) -> Reply:
            unread.take(call, _read_only_by(call, known), known)
            sentinel = f"QR{call.index:04d}X"
            others = set(may_read(episode, call)) - {call.agent}
            thought = f"QT{call.index:04d}X"
            known[thought] = ()
            reply = replace(_with_sentinel(call, sentinel), thought=thought)
            if sentinel in reply.text:
                known[sentinel] = {call.agent} | others
                unread.give(call, sentinel, others)
            return reply

        play_out(episode, answer, "privacy")
        _no_thought_in(episode)
    unread.check()


class _Unread:
    """What was meant for somebody, and whether anybody ever read it."""

    def __init__(self) -> None:
        self._purposes: dict[str, str] = {}
        self._meant: dict[str, bool] = {}

    def give(self, call: Call, sentinel: str, others: Collection[str]) -> None:
        """Note a reply that others may read."""
        if others:
            self._purposes[sentinel] = f"the replies to {call.purpose!r}"
            self._meant.setdefault(self._purposes[sentinel], False)

    def take(self, call: Call, read: Collection[str], known: Mapping[str, Collection[str]]) -> None:
        """Note what the prompt of `call` holds, and what of the file its agent might have read."""
        for sentinel, names in known.items():
            if sentinel.startswith("QF"):
                if call.agent in names:
                    text = f"a private text of the file for {', '.join(sorted(names))}"
                    self._meant[text] = self._meant.get(text, False) or sentinel in read
            elif sentinel in read and sentinel in self._purposes:
                self._meant[self._purposes[sentinel]] = True

    def check(self) -> None:
        """Raise `ContractBroken` when something reached nobody."""
        for what, reached in self._meant.items():
            if not reached:
                raise ContractBroken(f"privacy: {what} reach nobody for whom they are meant")


def _personas(file: File) -> list[tuple[Location, Collection[str]]]:
    """The places of all personas in the file, each with the name of its agent."""
    found: list[tuple[Location, Collection[str]]] = []

    def look(node: Any, place: Location) -> None:
        if isinstance(node, dict):
            if "name" in node and "persona" in node:
                found.append(((*place, "persona"), {node["name"]}))
            for key, child in node.items():
                look(child, (*place, key))
        elif isinstance(node, list):
            for position, child in enumerate(node):
                look(child, (*place, position))

    look(file, ())
    return found


def _put(file: Any, place: Location, text: str) -> None:
    node = file
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = text


def _read_only_by(call: Call, readers: Mapping[str, Collection[str]]) -> set[str]:
    """The sentinels that the prompt of `call` holds, once none of them is another's."""
    prompt = "\n".join([*(message.body for message in call.prompt), call.weighed])
    read = {sentinel for sentinel in readers if sentinel in prompt}
    for sentinel in sorted(read):
        names = readers[sentinel]
        if call.agent not in names:
            whose = {"QF": "a private text of the file", "QT": f"the thought before reply {sentinel[2:6]}"}
            raise ContractBroken(
                f"privacy: {call.agent} reads {whose.get(sentinel[:2], f'reply {sentinel[2:6]}')}, "
                f"meant for {', '.join(sorted(names)) or 'nobody'}, "
                f"in call {call.index} ({call.purpose}):\n{prompt}"
            )
    return read


def _no_thought_in(episode: Episode[Any]) -> None:
    """Thoughts are in no event either: tables, metrics and reports are made of these."""
    for _, event in episode.events:
        if any(_THOUGHT.search(str(getattr(event, field.name))) for field in fields(event)):
            raise ContractBroken(f"privacy: a thought stands in the event {type(event).__name__}")


def _with_sentinel(call: Call, sentinel: str) -> Reply:
    if isinstance(call.answer, Choice | Likelihood):
        return parsed_reply(call)
    if isinstance(call.answer, Json):
        value = json.loads(scripted_reply(call).text)
        return parsed_reply(call, json.dumps(_sentinel_in(value, call.answer.schema, sentinel)))
    return parsed_reply(call, f"{sentinel} I think so.")


def _sentinel_in(value: Any, schema: Mapping[str, Any], sentinel: str) -> Any:
    """`value` with the sentinel in every string that has room for it."""
    if "properties" not in schema and "items" not in schema and schema.get("type") != "string":
        return value
    if isinstance(value, dict):
        return {key: _sentinel_in(item, schema["properties"][key], sentinel) for key, item in value.items()}
    if isinstance(value, list):
        return [_sentinel_in(item, schema["items"], sentinel) for item in value]
    free = schema.get("type") == "string" and "enum" not in schema
    return sentinel if free and schema.get("maxLength", 0) >= len(sentinel) else value
