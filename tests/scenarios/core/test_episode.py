"""The episode core: the same replies always lead through the same states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.agent import Agent
from palaestra.agents.calls import Reply
from palaestra.agents.prompts import Prompts
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode, Play
from palaestra.scenarios.debate.rules import Debate
from support.scripted_debates import debate, play_out, reply


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
        self.say("Ann", spoken, to=[ann])
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
        other.advance(replies)
        all_alike(one, other)
    assert one.outcome == other.outcome
    assert not other.running


def test_the_runs_seed_is_the_configurations_unless_given() -> None:
    assert debate(seed=None).run_seed == 0
    assert debate(seed=5).run_seed == 5
    assert debate(index=1).episode_seed != debate(index=2).episode_seed


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


def test_an_ended_episode_can_be_forgotten() -> None:
    """Mesa before 3.4.1 counts agents in a dictionary of its class; an ended episode is no longer in it."""
    import gc
    import weakref

    episode = debate()
    play_out(episode)
    watched = weakref.ref(episode)
    del episode
    gc.collect()
    assert watched() is None


def test_rules_must_be_written() -> None:
    rules: Callable[..., object] = Episode
    with pytest.raises(TypeError, match=r"abstract class Episode .*'?play'?"):
        rules(ScenarioConfig(scenario="none"), prompts=Prompts({}))
