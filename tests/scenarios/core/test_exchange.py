"""Questions become calls as rules yield them, and replies come back to those who asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import OVERFLOW, Call, Reply, derive_seed
from palaestra.agents.prompts import Prompts
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode, Play
from palaestra.scenarios.debate.events import DebateSpeech
from support.scripted_debates import debate, events, plain_reply, play_out, reply

Rules = Callable[[Episode[Any], Agent], Play]
OVERFLOWN = Reply("", finish=OVERFLOW, failed=True)


class Improvised(Episode[ScenarioConfig]):
    """Ann, by rules that a test makes up."""

    kind = "improvised"
    config_type = ScenarioConfig
    event_types = ()
    prompts_file = Path("unused")
    rules: Rules

    def play(self) -> Play:
        return self.rules(self, Agent(self, "Ann", rules="Speak."))


def improvised(rules: Rules) -> Improvised:
    prompts = Prompts({"one": "One?", "two": "Two?", "three": "Three?"})
    episode = Improvised(ScenarioConfig(scenario="improvised"), prompts=prompts)
    episode.rules = rules
    return episode


def played(rules: Rules) -> list[tuple[int, str]]:
    """The calls of an episode by these rules: index and purpose, in the order in which they are asked."""
    episode, asked = improvised(rules), []
    while calls := episode.pending:
        asked += [(call.index, call.purpose) for call in calls]
        episode.advance([plain_reply(call) for call in calls])
    return asked


def test_calls_are_numbered_in_the_order_in_which_rules_yield_them() -> None:
    def rules(_episode: Episode[Any], ann: Agent) -> Play:
        one, two, three = (ann.ask(name) for name in ("one", "two", "three"))
        yield [three, one]
        yield [two]
        return {}

    assert played(rules) == [(0, "three"), (1, "one"), (2, "two")]


def test_a_question_that_is_never_put_takes_no_number_and_no_seed() -> None:
    def rules(_episode: Episode[Any], ann: Agent) -> Play:
        ann.ask("one")
        yield [ann.ask("two")]
        ann.ask("three")
        yield [ann.ask("one")]
        return {}

    assert played(rules) == [(0, "two"), (1, "one")]


def test_a_question_that_is_put_twice_is_two_calls_with_seeds_of_their_own() -> None:
    def rules(_episode: Episode[Any], ann: Agent) -> Play:
        question = ann.ask("one")
        one, other = yield [question, question]
        return {"same": one.text == other.text, "calls": f"{one.call} {other.call}"}

    episode = improvised(rules)
    first, second = episode.pending
    assert (first.prompt, first.agent) == (second.prompt, second.agent)
    assert first.seed != second.seed
    episode.advance([plain_reply(call) for call in (first, second)])
    assert episode.outcome == {"same": False, "calls": "0 1"}


def test_the_calls_of_any_episode_are_numbered_without_gaps() -> None:
    numbers = [call.index for calls in play_out(debate()).values() for call in calls]
    assert sorted(numbers) == list(range(len(numbers)))


def test_every_call_of_a_run_has_a_seed_of_its_own_that_depends_on_run_episode_and_index() -> None:
    seeds = set()
    for run_seed in (0, 1):
        for index in (0, 1):
            for calls in play_out(debate(index, run_seed)).values():
                for call in calls:
                    assert call.seed == derive_seed(run_seed, index, call.index)
                    seeds.add(call.seed)
    assert len(seeds) == 4 * 10


def test_what_is_said_in_one_episode_changes_no_seed_of_it() -> None:
    def seeds(text: str) -> list[int]:
        made = play_out(debate(judges=[], opinions=False), lambda call: reply(text))
        return [call.seed for call in made["argue"]]

    assert seeds("Yes.") == seeds("No.")


def test_the_calls_of_one_exchange_stay_pending_until_they_are_answered() -> None:
    episode = debate()
    assert episode.pending is episode.pending
    first = episode.pending
    episode.advance([plain_reply(call) for call in first])
    assert episode.pending is not first


def test_equal_answers_share_a_number() -> None:
    episode = debate()
    made = play_out(episode)
    number = episode.exchange.answer_number
    numbers = {purpose: {number(call.answer) for call in calls} for purpose, calls in made.items()}
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) == 3


def test_kinds_of_answers_are_numbered_in_the_order_of_their_first_calls() -> None:
    def rules(_episode: Episode[Any], ann: Agent) -> Play:
        last = ann.ask("one", Choice(("left", "right")))
        yield [ann.ask("two", Choice(("up", "down"))), ann.ask("three")]
        yield [last, ann.ask("two", Choice(("up", "down")))]
        return {}

    episode = improvised(rules)
    play_out(episode)
    assert [answer.describe().get("options") for answer in episode.exchange.answers] == [
        ["up", "down"],
        None,
        ["left", "right"],
    ]


def test_rules_are_told_which_call_a_reply_answers_and_what_was_handed_over_stays_as_it_was() -> None:
    def rules(_episode: Episode[Any], ann: Agent) -> Play:
        yield [ann.ask("one")]
        [second] = yield [ann.ask("two")]
        return {"answered": second.call}

    episode, spoken = improvised(rules), reply("Hello.")
    episode.advance([spoken])
    episode.advance([spoken])
    assert episode.outcome == {"answered": 1}
    assert spoken == reply("Hello.")


@pytest.mark.parametrize("field", [field.name for field in fields(Reply)])
def test_nobody_changes_a_reply(field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(reply("Hello."), field, None)


def test_rules_see_replies_once_the_prompts_that_were_too_long_are_answered() -> None:
    def rules(episode: Episode[Any], ann: Agent) -> Play:
        ann.heard.append(episode.message("user", "Long ago."))
        replies = yield [ann.ask("one"), ann.ask("two")]
        return {"told": " ".join(f"{reply.call}={reply.text}" for reply in replies)}

    def texts(call: Call) -> list[str]:
        return [message.text for message in call.prompt]

    episode = improvised(rules)
    first, _ = episode.pending
    episode.advance([OVERFLOWN, reply("fine")])
    [again] = episode.pending
    assert (again.index, again.purpose, again.seed) == (2, "one", derive_seed(0, 0, 2))
    assert texts(again) == [text for text in texts(first) if text != "Long ago."]
    episode.advance([reply("shorter")])
    assert episode.outcome == {"told": "2=shorter 1=fine"}
    assert episode.steps == 2


def test_what_memories_ask_is_numbered_behind_what_rules_ask_and_is_not_told_to_them() -> None:
    episode = debate(rounds=12, opinions=False, memory={"kind": "summary", "tokens": 64})
    beside = []
    while calls := episode.pending:
        assert [call.index for call in calls] == list(range(calls[0].index, calls[0].index + len(calls)))
        purposes = [call.purpose for call in calls]
        if "memory_summary" in purposes:
            beside.append(purposes)
        episode.advance([plain_reply(c) if c.purpose == "score" else reply("word " * 16) for c in calls])
    assert beside
    assert all(purposes == sorted(purposes, key="memory_summary".__eq__) for purposes in beside)
    assert len(events(episode, DebateSpeech)) == 2 * 12
