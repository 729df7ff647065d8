"""What was said in episodes, and what all were told: nothing private, nothing lost, nobody's real name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.whole_episodes import FinishedEpisode, FoundEpisodes, finished_episodes
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing import play
from support.metric_tables import ready_made

Finished = Callable[..., FoundEpisodes]


def marked(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """A reply that tells what it is: its purpose and who gave it; all have one opinion."""
    reply = replace(scripted_reply(call, attempt=attempt, garbled=garbled), thought="THOUGHT")
    if isinstance(call.answer, Choice) and call.purpose == "opinion":
        return replace(reply, text=call.answer.options[0])
    if isinstance(call.answer, Text):
        return replace(reply, text=f"{call.purpose.upper()} by {call.agent}.")
    told = json.loads(reply.text) if isinstance(call.answer, Json) else {}
    if "speech" not in told:
        return reply
    return replace(reply, text=json.dumps({key: f"{key.upper()} {call.index}." for key in told}))


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """Plays one episode of a ready-made file by marked replies, and reads it."""
    monkeypatch.setattr(scripted_engine, "scripted_reply", marked)

    def played(file: str, *settings: str) -> FoundEpisodes:
        scenario = ready_made(file, "episodes=1", *settings).on_scripted_engines()
        play.start(scenario, tmp_path / "run", quiet=True)
        return finished_episodes([tmp_path / "run"])

    return played


def only(found: FoundEpisodes) -> FinishedEpisode:
    [episode] = found.episodes
    return episode


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_private_texts_that_are_the_same_for_all_are_no_part_of_the_task(
    finished: Finished, layout: str
) -> None:
    debate = only(finished("debate", f"layout={layout}", *(f"debaters.{n}.persona=SECRET" for n in range(4))))
    assert "about the motion" in debate.task
    assert not any(private in debate.task for private in ("private opinion", "SECRET", "It is round"))


def test_equal_agendas_are_no_part_of_the_task(finished: Finished) -> None:
    council = only(finished("council", *(f"members.{n}.agenda=SECRET" for n in range(5))))
    assert "SECRET" not in council.task
    assert "council of a small town" in council.task


def test_what_one_alone_was_asked_is_no_part_of_the_task(finished: Finished) -> None:
    talk = only(finished("persuasion"))
    assert "Only for yourself" not in talk.task
    assert "you guess" not in talk.task
    assert "The two talk about it" in talk.task


def test_the_topic_is_public_where_rules_differ_by_role(finished: Finished) -> None:
    assert only(finished("paper-review")).task.startswith("title: Trees cool a street")


def test_who_share_neither_rules_nor_topic_share_no_task(finished: Finished) -> None:
    with pytest.raises(BadInput, match="share no task"):
        finished("rehearsal")


def test_a_memory_is_no_part_of_it_though_two_agents_share_one(finished: Finished) -> None:
    name = "Lena" + " von und zu" * 4  # so that a few turns are more than a memory holds
    long = (f"persuader.name={name}", "memory.kind=summary", "memory.tokens=64")
    talk = only(finished("persuasion", *long))
    assert not any("MEMORY" in text for _, text in talk.turns)
    assert {agent for agent, _ in talk.turns} == {name, "Paul"}


def test_notes_that_one_alone_reads_are_no_part_of_it(finished: Finished) -> None:
    game = only(finished("traitors", "memory_summaries=true"))
    assert not any("SUMMARIZE" in text for _, text in game.turns)


def test_lines_of_people_on_record_are_nobodys_words(finished: Finished) -> None:
    found = finished("debate-next-message")
    assert {text.partition(" by ")[0] for _, text in only(found).turns} == {"TWEET", "CHAT"}
    assert found.strange > 0


def test_a_review_without_its_writers_name_is_said_all_the_same(finished: Finished) -> None:
    review = only(finished("paper-review"))
    assert ("Reviewer 2", "REVIEW by [name].") in review.turns
    assert {agent for agent, _ in review.turns} >= {"Reviewer 1", "Reviewer 2", "Reviewer 3"}


def test_speeches_that_are_a_part_of_an_answer_are_said_by_night_too(finished: Finished) -> None:
    game = only(finished("werewolf", "private_thoughts=true"))
    assert all(text.startswith("SPEECH") for _, text in game.turns)
    assert any("in secret" in agent for agent, _ in game.turns)


def test_what_rules_make_of_several_fields_is_said(finished: Finished) -> None:
    street = only(finished("street"))
    assert {"Mediator", "Seniors", "Artists"} <= {agent for agent, _ in street.turns}


@pytest.mark.parametrize("file", ["panel-of-peers", "pairwise"])
def test_whose_name_nobody_was_told_has_a_neutral_one(finished: Finished, file: str) -> None:
    episode = only(finished(file))
    assert {agent.rstrip("0123456789") for agent, _ in episode.turns} == {"Speaker "}
    assert len({agent for agent, _ in episode.turns}) > 1
