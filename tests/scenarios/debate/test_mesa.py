"""A debate is a Mesa model: stepped, collected and run in batches as Mesa does."""

from __future__ import annotations

from typing import Any

import mesa
import pytest
from mesa.batchrunner import batch_run

from palaestra.agents.agent import Agent
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.debate.config import DebateConfig
from palaestra.scenarios.debate.rules import Debate, Speaker
from palaestra.scenarios.parts.opinion_scale import SCALE
from support.episodes.debate import debate
from support.scripted_debates import plain_reply, play_out, scenario


def small_debate(**fields: Any) -> Debate:
    """A debate that answers itself, made with keywords as any Mesa model."""
    return Debate(motions=["Cities should plant more trees."], rounds=1, respond=scripted_replies, **fields)


def test_step_plays_an_episode_that_has_a_respond_to_its_end() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    assert episode.steps == 4
    assert episode.outcome["winner"] in ("for", "against", "tie")


def test_a_step_after_the_end_changes_nothing() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    outcome, messages = dict(episode.outcome), len(episode.messages)
    episode.step()
    assert (episode.outcome, len(episode.messages)) == (outcome, messages)


def test_an_episode_without_respond_refuses_to_step() -> None:
    with pytest.raises(RuntimeError, match="needs its replies"):
        debate().step()


def test_replies_that_are_handed_over_make_one_step_as_those_of_respond_do() -> None:
    asking, handed = small_debate(), small_debate()
    while asking.running:
        asking.step()
        if handed.steps == 1:  # either way at any time
            handed.step()
        else:
            handed.advance(scripted_replies(handed.pending))
        assert (handed.steps, handed.events) == (asking.steps, asking.events)
    assert (handed.running, handed.outcome) == (False, asking.outcome)


def test_an_episode_takes_as_many_replies_as_calls_are_pending() -> None:
    episode = debate()
    with pytest.raises(ValueError, match="1 replies to 2 calls"):
        episode.advance([plain_reply(call) for call in episode.pending[:-1]])
    assert episode.steps == 0
    play_out(episode)
    assert not episode.running


def test_an_episode_is_a_mesa_model_and_its_agents_an_agent_set() -> None:
    episode = small_debate()
    episode.step()
    assert isinstance(episode, mesa.Model)
    assert episode.agents.select(agent_type=Speaker).get("name") == ["Ann", "Bo", "Cem", "Dee"]
    speakers = episode.agents_by_type[Speaker]
    assert speakers.get("name") == ["Ann", "Bo", "Cem", "Dee"]
    assert len(episode.agents_by_type[Agent]) == 3
    assert set(speakers.select(lambda speaker: speaker.stance == "for").get("name")) == {"Ann", "Cem"}


def test_agents_are_numbered_from_one_in_every_episode() -> None:
    for _ in range(2):
        episode = small_debate()
        episode.step()
        assert sorted(episode.agents.get("unique_id")) == list(range(1, 8))


def test_the_data_collector_has_a_row_a_step_and_each_debaters_opinion() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    assert episode.datacollector.model_vars["speeches"] == [0, 4, 4, 4]
    frame = episode.datacollector.get_agenttype_vars_dataframe(Speaker)
    assert set(frame["opinion"]) <= set(SCALE.values())
    assert len(frame) == 4 * episode.steps


def test_batch_run_plays_every_combination_of_parameters() -> None:
    rows = batch_run(
        Debate,
        {
            "motions": [["Cities should plant more trees."], ["Shops should close on Sundays."]],
            "rounds": [1, 2],
            "respond": scripted_replies,
        },
        display_progress=False,
    )
    assert {row["RunId"] for row in rows} == set(range(4))
    assert {(row["motions"][0], row["rounds"], row["speeches"]) for row in rows} == {
        (motion, rounds, 4 * rounds)
        for motion in ("Cities should plant more trees.", "Shops should close on Sundays.")
        for rounds in (1, 2)
    }


def test_the_same_seed_makes_the_same_episode_and_another_index_another() -> None:
    config = scenario().config
    assert isinstance(config, DebateConfig)

    def told(index: int, seed: int) -> list[str]:
        episode = Debate(config, index=index, seed=seed, respond=scripted_replies)
        while episode.running:
            episode.step()
        return [message.body for message in episode.messages]

    assert told(0, 1) == told(0, 1)
    assert told(0, 1) != told(0, 2)
    assert told(0, 1) != told(2, 1)
