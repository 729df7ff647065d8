"""The episode core: the same replies always lead through the same states."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.agent import Agent
from palaestra.agents.calls import Reply, derive_seed
from palaestra.agents.prompts import Prompts
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode, Play
from palaestra.scenarios.debate.rules import Debate
from support.scripted_debates import debate, plain_reply, play_out, reply


class Silent(Episode[ScenarioConfig]):
    """An episode in which nobody is asked anything."""

    kind = "silent"
    config_type = ScenarioConfig
    event_types = ()
    prompts_file = Path("unused")

    def play(self) -> Play:
        replies: list[Reply] = yield []
        return {"replies": len(replies)}


class Echo(Silent):
    """An agent speaks and hears itself, with an empty exchange in between."""

    def play(self) -> Play:
        ann = Agent(self, "Ann", rules="Speak.")
        (spoken,) = yield [ann.ask("speak")]
        self.said = self.say("Ann", spoken, to=[ann])
        yield []
        (again,) = yield [ann.ask("speak")]
        return {"last": again.text}


def silent() -> Silent:
    return Silent(ScenarioConfig(scenario="silent"), prompts=Prompts({"speak": "Now."}))


def echo() -> Echo:
    return Echo(ScenarioConfig(scenario="silent"), prompts=Prompts({"speak": "Now."}))


def all_alike(one: Debate, other: Debate) -> None:
    """Assert that two episodes wait for the same calls and hold the same messages and events."""
    assert [(c.index, c.agent, c.purpose, c.about, c.seed, c.policy) for c in one.pending] == [
        (c.index, c.agent, c.purpose, c.about, c.seed, c.policy) for c in other.pending
    ]
    assert [[m.number for m in c.prompt] for c in one.pending] == [
        [m.number for m in c.prompt] for c in other.pending
    ]
    assert [(m.role, m.body, m.source) for m in one.messages] == [
        (m.role, m.body, m.source) for m in other.messages
    ]
    assert one.events == other.events


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    index=st.integers(0, 50),
    speaking=st.sampled_from(["simultaneous", "sequential"]),
    layout=st.sampled_from(["shared_prefix", "persona_first"]),
)
def test_two_copies_that_get_the_same_replies_go_in_lockstep(
    seed: int, index: int, speaking: str, layout: str
) -> None:
    fields = {
        "speaking": speaking,
        "layout": layout,
        "judges": [{"name": "Kim"}, {"name": "Lund"}],
        "panel": 1,
    }
    one, other = debate(index, seed, **fields), debate(index, seed, **fields)
    all_alike(one, other)
    while one.pending:
        replies = scripted_replies(one.pending)
        one.advance(replies)
        other.advance([Reply(r.text, r.value, r.probabilities) for r in replies])
        all_alike(one, other)
    assert one.outcome == other.outcome
    assert not other.running


def test_calls_are_numbered_in_the_order_in_which_they_are_made() -> None:
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


def test_the_runs_seed_is_the_configurations_unless_given() -> None:
    assert debate(seed=None).run_seed == 0
    assert debate(seed=5).run_seed == 5
    assert debate(index=1).episode_seed != debate(index=2).episode_seed


def test_messages_are_numbered_in_the_order_in_which_they_are_made() -> None:
    episode = debate()
    play_out(episode)
    assert [message.number for message in episode.messages] == list(range(len(episode.messages)))


def test_a_message_is_made_once_for_each_role_label_and_text() -> None:
    episode = debate()
    first = episode.message("user", "Hello.")
    assert episode.message("user", "Hello.") is first
    assert episode.message("system", "Hello.") is not first
    assert episode.message("user", "Hello.", label="Ann") is not first
    assert episode.message("user", "Hello!") is not first


def test_the_same_words_said_twice_are_two_messages() -> None:
    episode = debate()
    one = episode.say("Ann", Reply("Yes.", call=1), [])
    two = episode.say("Ann", Reply("Yes.", call=2), [])
    assert one is not two
    assert episode.say("Ann", Reply("Yes.", call=1), []) is one


def test_no_two_messages_of_an_episode_are_alike() -> None:
    episode = debate(rounds=3, judges=[{"name": "Kim"}, {"name": "Lund"}])
    play_out(episode)
    alike = [(m.role, m.label, m.text if m.source is None else m.source) for m in episode.messages]
    assert len(set(alike)) == len(alike)


def test_a_message_that_quotes_a_reply_refers_to_its_call() -> None:
    episode = debate()
    made = play_out(episode)
    quoting = [message for message in episode.messages if message.label]
    assert {message.source for message in quoting} == {call.index for call in made["argue"]}
    for message in quoting:
        assert message.text == f"speech-{message.source}"


def test_a_message_that_quotes_nothing_refers_to_no_call() -> None:
    episode = debate()
    play_out(episode)
    assert {message.source for message in episode.messages if not message.label} == {None}


def test_the_calls_of_one_exchange_stay_pending_until_they_are_answered() -> None:
    episode = debate()
    assert episode.pending is episode.pending
    first = episode.pending
    episode.advance([plain_reply(call) for call in first])
    assert episode.pending is not first


def test_an_exchange_without_calls_is_passed_over() -> None:
    episode = echo()
    episode.advance([reply("Hello.")])
    assert [message.body for message in episode.pending[0].prompt] == ["Speak.", "Ann: Hello.", "Now."]
    episode.advance([reply("Bye.")])
    assert (episode.outcome, episode.steps, episode.running) == ({"last": "Bye."}, 2, False)


def test_an_episode_that_asks_nothing_is_over_at_once() -> None:
    episode = silent()
    assert episode.pending == []
    assert not episode.running
    assert episode.outcome == {"replies": 0}


def test_a_reply_knows_which_call_it_answered() -> None:
    episode = echo()
    spoken = reply("Hello.")
    episode.advance([spoken])
    assert episode.said.source == 0
    assert spoken.call != 0  # what was handed over stays as it was


def test_equal_answers_share_a_number() -> None:
    episode = debate()
    made = play_out(episode)
    number = episode.exchange.answer_number
    numbers = {purpose: {number(call.answer) for call in calls} for purpose, calls in made.items()}
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) == 3


def test_an_ended_episode_can_be_forgotten() -> None:
    """Mesa counts agents in a class-level dictionary; an ended episode is no longer in it."""
    import gc
    import weakref

    episode = debate()
    play_out(episode)
    watched = weakref.ref(episode)
    del episode
    gc.collect()
    assert watched() is None


def test_rules_must_be_written() -> None:
    with pytest.raises(TypeError, match=r"abstract class Episode .*'?play'?"):
        Episode(ScenarioConfig(scenario="none"), prompts=Prompts({}))
