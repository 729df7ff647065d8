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
| worth | `judged` and `rewards` of each of these episodes tell of calls and agents that there are |
| policies | a policy that there is not is refused, whichever agent names it |
| ready files | each file in the scenario's `ready` folder is valid, and its episodes end |
| refusal | casts that can't be played are refused, with a place in the file and a reason |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import astuple
from random import Random
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput, ExtensionFault
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario, check, load
from palaestra.scenarios.core.played import (
    Answering,
    ContractBroken,
    PlayedOut,
    failed_reply,
    new_episode,
    parsed_reply,
    play_out,
)
from palaestra.scenarios.core.privacy import File, Readers, check_privacy
from palaestra.scenarios.core.ready_made import FOLDER
from palaestra.scenarios.core.worth import judged, rewards, trajectory_of

NO_POLICY = "a policy that there is not"


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
    check_privacy(file, may_read, secrets or {}, episodes)
    _check_policies(scenario)
    _check_ready_files(scenario)
    _check_refusals(file, refused)


def _check_replay(scenario: Scenario, index: int) -> None:
    first = play_out(new_episode(scenario, index), parsed_reply, "replay")
    recorded = iter([reply for replies in first.replies for reply in replies])
    expected = iter(first.calls)

    def answer(call: Call) -> Reply:
        again = next(expected, None)
        if again is None or _plain(again) != _plain(call):
            asked = "no call" if again is None else f"\n{_plain(again)}"
            raise ContractBroken(f"replay: call {call.index} differs: {asked}\n{_plain(call)}")
        return next(recorded)

    _check_worth(scenario, first)
    second = play_out(new_episode(scenario, index), answer, "replay")
    _agree("replay", first.episode, second.episode, first.calls, second.calls)


def _check_lockstep(scenario: Scenario, index: int) -> None:
    one, other, stranger = (new_episode(scenario, i) for i in (index, index, index + 1))
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
    purposes = {call.purpose for call in play_out(new_episode(scenario, index), parsed_reply, "faults").calls}
    chance = Random(index)

    def some(call: Call) -> Reply:
        return failed_reply(call) if chance.random() < 0.3 else parsed_reply(call)

    def of(purpose: str) -> Answering:
        return lambda call: failed_reply(call) if call.purpose == purpose else parsed_reply(call)

    ways = {"all calls": failed_reply, "some calls": some, "first options": _option(0)}
    ways |= {"last options": _option(-1)} | {f"all of `{name}`": of(name) for name in sorted(purposes)}
    for what, answer in ways.items():
        _check_worth(scenario, play_out(new_episode(scenario, index), answer, f"faults, {what}"))


def _option(position: int) -> Answering:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            option = call.answer.options[position]
            return Reply(text=option, value=option)
        return parsed_reply(call)

    return answer


def _check_worth(scenario: Scenario, played: PlayedOut) -> None:
    replies = [reply for replies in played.replies for reply in replies]
    trajectory = trajectory_of(played.episode, played.calls, replies)
    try:
        judged(scenario.rules, scenario.config, trajectory)
        rewards(scenario.rules, scenario.config, trajectory)
    except ExtensionFault as fault:
        raise ContractBroken(f"worth: {fault}") from fault


def _check_policies(scenario: Scenario) -> None:
    for place, agent in scenario.config.declared_agents():
        file = scenario.config.model_dump(mode="json")
        node: Any = file
        for part in place:
            node = node[part]
        node["policy"] = NO_POLICY
        try:
            check(file, "contract.yaml")
        except BadInput:
            continue
        raise ContractBroken(f"policies: {agent.name} may name the policy {NO_POLICY!r}, which there is not")


def _check_ready_files(scenario: Scenario) -> None:
    for path in sorted((scenario.rules.prompts_file.parent / FOLDER).glob("*.yaml")):
        try:
            ready = load(path)
        except BadInput as error:
            raise ContractBroken(f"ready files: {error}") from error
        play_out(new_episode(ready, 0), parsed_reply, f"ready files: {path.name}")


def _check_refusals(file: File, refused: Iterable[tuple[Mapping[str, Any], str]]) -> None:
    for changes, words in refused:
        try:
            check(deepcopy(file) | deepcopy(dict(changes)), "contract.yaml")
        except BadInput as error:
            if words not in str(error):
                raise ContractBroken(f"refusal of {changes}: {words!r} is not in:\n{error}") from error
            continue
        raise ContractBroken(f"refusal: {changes} is taken")
