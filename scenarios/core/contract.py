"""What every scenario must keep, ours or a stranger's: `check_contract` plays it and tells.

    def test_the_contract() -> None:
        check_contract(FILE, may_read=everyone_but_judges)

| clause | what is checked |
|---|---|
| replay | the same replies lead a new episode through the same calls, events and outcome |
| lockstep | two copies that step in turn agree, with a third of another index between them |
| privacy | a sentinel in each private text of the file and each free text of a reply reaches some
  who are entitled to it, and no other (choices and numbers carry none) |
| faults | failed answers of every purpose, of some and of all calls still end the episode |
| schema | every event is of a declared type and its fields hold what their hints say |
| refusal | casts that can't be played are refused, with a place in the file and a reason |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import astuple, dataclass, fields, replace
from random import Random
from types import NoneType
from typing import Any, get_args, get_type_hints

from palaestra.agents.answers import Choice, Json
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_reply
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.episode import EVERYWHERE, Episode
from palaestra.scenarios.core.load import Scenario, check

File = dict[str, Any]
Answering = Callable[[Call], Reply]
Readers = Callable[[Episode[Any], Call], Collection[str]]
MOST_STEPS = 5000
SCALARS = (str, int, float, bool, NoneType)


class ContractBroken(AssertionError):
    """A scenario that doesn't keep a clause; the message names the clause and what happened."""


def check_contract(
    file: File,
    *,
    may_read: Readers,
    secrets: Mapping[Location, Collection[str]] | None = None,
    refused: Iterable[tuple[Mapping[str, Any], str]] = (),
    episodes: int = 3,
) -> None:
    """Play the scenario file `file` in every way that the clauses ask for.

    Take a file whose episodes last long enough for every kind of call to be followed by
    others: what nobody is asked after can't show a leak.

    Args:
        file: what a valid scenario file holds, as a dictionary.
        may_read: the names of those who may read the reply to a call, asked before the
            reply is given. The agent itself may always. Of each purpose that others may
            read, some reply must reach one of them.
        secrets: places of texts in the file (`("players", 0, "goal")`), each with the names
            of those who may read it. Personas need not be listed: each is its agent's own.
        refused: changes of top-level fields that must be refused, each with words that the
            message must hold.
        episodes: how many episodes each clause plays.

    Raises:
        ContractBroken: a clause isn't kept.
        BadInput: `file` itself is not valid.
    """
    scenario = check(deepcopy(file), "contract.yaml")
    for index in range(episodes):
        _check_replay(scenario, index)
        _check_lockstep(scenario, index)
        _check_faults(scenario, index)
    _check_privacy(file, may_read, secrets or {}, episodes)
    _check_refusals(file, refused)


def parsed_reply(call: Call, text: str | None = None) -> Reply:
    """The scripted reply to `call`, parsed; or one of this text."""
    reply = scripted_reply(call)
    said = reply.text if text is None else text
    return replace(reply, text=said, value=call.answer.parse(said))


def failed_reply(_call: Call) -> Reply:
    """What an episode gets when no attempt at a call could be parsed."""
    return Reply(text="", failed=True, attempts=3, rejected=("", "", ""))


@dataclass(slots=True)
class _Played:
    """A finished episode, with all calls in order and their replies."""

    episode: Episode[Any]
    calls: list[Call]
    replies: list[list[Reply]]


def _episode(scenario: Scenario, index: int) -> Episode[Any]:
    return scenario.rules(scenario.config, index=index)


def _play(episode: Episode[Any], answer: Answering, clause: str) -> _Played:
    played = _Played(episode, [], [])
    for _ in range(MOST_STEPS):
        calls = list(episode.pending)
        if not calls:
            _check_schema(episode, clause)
            return played
        played.calls += calls
        replies = [answer(call) for call in calls]
        played.replies.append(replies)
        episode.advance(deepcopy(replies))
    raise ContractBroken(f"{clause}: the episode has not ended after {MOST_STEPS} steps")


def _check_replay(scenario: Scenario, index: int) -> None:
    first = _play(_episode(scenario, index), parsed_reply, "replay")
    recorded = iter([reply for replies in first.replies for reply in replies])
    expected = iter(first.calls)

    def answer(call: Call) -> Reply:
        again = next(expected, None)
        if again is None or _plain(again) != _plain(call):
            asked = "no call" if again is None else f"\n{_plain(again)}"
            raise ContractBroken(f"replay: call {call.index} differs: {asked}\n{_plain(call)}")
        return next(recorded)

    second = _play(_episode(scenario, index), answer, "replay")
    _agree("replay", first.episode, second.episode, first.calls, second.calls)


def _check_lockstep(scenario: Scenario, index: int) -> None:
    one, other, stranger = (_episode(scenario, i) for i in (index, index, index + 1))
    while one.pending:
        _agree("lockstep", one, other, one.pending, other.pending)
        for episode in (one, stranger, other):
            episode.advance([parsed_reply(call) for call in episode.pending])
    _agree("lockstep", one, other, one.pending, other.pending)


def _agree(
    clause: str, one: Episode[Any], other: Episode[Any], calls: list[Call], others: list[Call]
) -> None:
    for a, b in zip(calls, others, strict=False):
        if _plain(a) != _plain(b):
            raise ContractBroken(f"{clause}: call {a.index} differs:\n{_plain(a)}\n{_plain(b)}")
    if len(calls) != len(others):
        raise ContractBroken(f"{clause}: {len(calls)} calls against {len(others)}")
    if one.events != other.events:
        raise ContractBroken(f"{clause}: the events differ")
    if [astuple(m) for m in one.messages] != [astuple(m) for m in other.messages]:
        raise ContractBroken(f"{clause}: the messages differ")
    if one.outcome != other.outcome or one.running != other.running:
        raise ContractBroken(f"{clause}: the outcomes differ: {one.outcome} and {other.outcome}")
    if one.random.getstate() != other.random.getstate():
        raise ContractBroken(f"{clause}: the random states differ")


def _plain(call: Call) -> tuple[Any, ...]:
    """All that makes a call, with its prompt's texts."""
    said = [(message.role, message.body, message.source) for message in call.prompt]
    return call.index, call.agent, call.purpose, call.about, said, call.answer, call.policy, call.seed


def _check_faults(scenario: Scenario, index: int) -> None:
    purposes = {call.purpose for call in _play(_episode(scenario, index), parsed_reply, "faults").calls}
    chance = Random(index)

    def some(call: Call) -> Reply:
        return failed_reply(call) if chance.random() < 0.3 else parsed_reply(call)

    def of(purpose: str) -> Answering:
        return lambda call: failed_reply(call) if call.purpose == purpose else parsed_reply(call)

    ways = {"all calls": failed_reply, "some calls": some, "first options": _option(0)}
    ways |= {"last options": _option(-1)} | {f"all of `{name}`": of(name) for name in sorted(purposes)}
    for what, answer in ways.items():
        try:
            _play(_episode(scenario, index), answer, f"faults, {what}")
        except ContractBroken:
            raise
        except Exception as error:
            raise ContractBroken(f"faults: {what} make the rules raise {error!r}") from error


def _option(position: int) -> Answering:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            option = call.answer.options[position]
            return Reply(text=option, value=option)
        return parsed_reply(call)

    return answer


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
        if name in ("episode", "seed", "ended", "steps"):
            raise ContractBroken(f"{clause}: the outcome's {name!r} is a column of every `episodes` table")
        if type(value) not in SCALARS:
            raise ContractBroken(f"{clause}: the outcome's {name} is {value!r}, no scalar")


def _check_privacy(
    file: File, may_read: Readers, secrets: Mapping[Location, Collection[str]], episodes: int
) -> None:
    marked = deepcopy(file)
    readers: dict[str, Collection[str]] = {}
    for number, (place, names) in enumerate([*_personas(marked), *secrets.items()]):
        sentinel = f"QF{number:04d}X"
        _put(marked, place, sentinel)
        readers[sentinel] = names
    scenario = check(marked, "contract.yaml")
    unread = _Unread()
    for index in range(episodes):
        episode = _episode(scenario, index)
        known = dict(readers)

        def answer(call: Call, episode: Episode[Any] = episode, known: dict[str, Any] = known) -> Reply:
            unread.take(call, _read_only_by(call, known), known)
            sentinel = f"QR{call.index:04d}X"
            others = set(may_read(episode, call)) - {call.agent}
            reply = _with_sentinel(call, sentinel)
            if sentinel in reply.text:
                known[sentinel] = {call.agent} | others
                unread.give(call, sentinel, others)
            return reply

        _play(episode, answer, "privacy")
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
    prompt = "\n".join(message.body for message in call.prompt)
    read = {sentinel for sentinel in readers if sentinel in prompt}
    for sentinel in sorted(read):
        names = readers[sentinel]
        if call.agent not in names:
            whose = "a private text of the file" if sentinel.startswith("QF") else f"reply {sentinel[2:6]}"
            raise ContractBroken(
                f"privacy: {call.agent} reads {whose}, meant for {', '.join(sorted(names))}, "
                f"in call {call.index} ({call.purpose}):\n{prompt}"
            )
    return read


def _with_sentinel(call: Call, sentinel: str) -> Reply:
    if isinstance(call.answer, Choice):
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


def _check_refusals(file: File, refused: Iterable[tuple[Mapping[str, Any], str]]) -> None:
    for changes, words in refused:
        try:
            check(deepcopy(file) | deepcopy(dict(changes)), "contract.yaml")
        except BadInput as error:
            if words not in str(error):
                raise ContractBroken(f"refusal of {changes}: {words!r} is not in:\n{error}") from error
            continue
        raise ContractBroken(f"refusal: {changes} is taken")
