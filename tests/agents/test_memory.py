"""What of all that was heard stands in prompts, and that no talk is too long for a context."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import OVERFLOW, Call, Question, Reply
from palaestra.agents.engine import ENGINES
from palaestra.agents.failures import BadInput, ContextOverflow
from palaestra.agents.memory import CHARACTERS_A_TOKEN, KEPT, size
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.debate.events import DebateSpeech
from palaestra.sims.playing import play
from support.contract_debate import DEBATE, hears
from support.logs import kill_after
from support.scripted_debates import (
    debate,
    events,
    plain_reply,
    play_out,
    recorded,
    reply,
    scenario,
    settings_of,
)

KINDS = ["window", "summary", "retrieval"]
ROUNDS = 40
SPEECH = "word " * 16  # 80 characters, 20 tokens


def speeches(asked: Call) -> Reply:
    """Long speeches that are easy to tell apart; "notes" for a summary, else as always."""
    if asked.purpose == "argue":
        return reply(f"{SPEECH}{asked.agent} {asked.about['round']}.")
    if asked.purpose == "memory_summary":
        return reply(f"notes until {asked.about['until']}")
    return plain_reply(asked)


def spoken(question: Question) -> list[str]:
    """The speeches that a prompt holds, such as "Ann 3"."""
    return [message.text[len(SPEECH) : -1] for message in question.prompt if message.text.startswith(SPEECH)]


def long_debate(**memory: Any) -> dict[str, list[Call]]:
    return play_out(debate(rounds=ROUNDS, opinions=False, memory=memory), speeches)


def test_by_default_everything_stands_in_every_prompt() -> None:
    calls = long_debate()
    assert len(spoken(calls["argue"][-1])) == 2 * (ROUNDS - 1)
    assert set(calls) == {"argue", "score"}


def test_a_window_holds_the_latest_and_never_more_than_its_tokens() -> None:
    for call in long_debate(tokens=200)["argue"]:
        shown = [message for message in call.prompt if message.text.startswith(SPEECH)]
        assert size(shown) <= 200
        heard = 2 * (int(str(call.about["round"])) - 1)
        if heard:
            assert spoken(call)[-1] == f"Bo {heard // 2}"
            assert len(shown) >= min(heard, KEPT * 200 // (100 / CHARACTERS_A_TOKEN) - 1)


def test_a_window_moves_in_blocks_so_that_prompts_share_a_prefix() -> None:
    first_shown = [spoken(call)[0] for call in long_debate(tokens=200)["argue"][2:]]
    assert len(set(first_shown)) < len(first_shown) / 3


def test_a_judge_has_a_window_too() -> None:
    assert len(spoken(long_debate(tokens=200)["score"][0])) < 10


def test_a_summary_stands_for_what_left_the_window() -> None:
    calls = long_debate(kind="summary", tokens=200)
    asked = calls["memory_summary"]
    assert asked
    last = calls["argue"][-1]
    notes = [message.body for message in last.prompt if message.text.startswith("notes until")]
    assert len(notes) == 1
    until = int(notes[0].rsplit(" ", 1)[1])
    assert notes[0].startswith("Your notes on what came before: notes until")
    everything = [f"{name} {number}" for number in range(1, ROUNDS) for name in ("Ann", "Bo")]
    assert spoken(last) == everything[until - 1 :]  # the first that was heard introduces the debate


def test_each_summary_goes_on_from_the_one_before_and_leaves_nothing_out() -> None:
    asked = [c for c in long_debate(kind="summary", tokens=200)["memory_summary"] if c.agent == "Ann"]
    covered = [speech for call in asked for speech in spoken(call)]
    assert (
        covered
        == [f"{name} {number}" for number in range(1, ROUNDS) for name in ("Ann", "Bo")][: len(covered)]
    )
    assert "notes until" in "".join(message.text for message in asked[1].prompt)


def test_a_summary_that_can_not_be_had_leaves_the_messages_where_they_are() -> None:
    def without(asked: Call) -> Reply:
        if asked.purpose == "memory_summary":
            return Reply("", failed=True)
        return speeches(asked)

    episode = debate(rounds=4, opinions=False, memory={"kind": "summary", "tokens": 64})
    last = play_out(episode, without)["argue"][-1]
    assert "Ann 3" in spoken(last)
    assert not episode.running


def test_what_is_like_the_question_is_recalled() -> None:
    def about_bees(asked: Call) -> Reply:
        said = speeches(asked)
        if asked.purpose == "argue" and (asked.agent, asked.about["round"]) in {("Ann", 2), ("Bo", 30)}:
            return reply(f"Bees and honey. {asked.agent} {asked.about['round']}")
        return said

    memory = {"kind": "retrieval", "tokens": 200, "recency": 0}
    calls = play_out(debate(rounds=31, opinions=False, memory=memory), about_bees)["argue"]
    by_ann = [call for call in calls if call.agent == "Ann"]
    recalled = "\n".join(message.text for message in by_ann[30].prompt)
    assert "You recall from earlier:" in recalled
    assert "Bees and honey. Ann 2" in recalled
    assert "Bees and honey. Ann 2" not in "\n".join(message.text for message in by_ann[20].prompt[:2])


def test_importance_is_asked_once_of_each_message_and_decides_what_is_recalled() -> None:
    def rated(asked: Call) -> Reply:
        if asked.purpose == "memory_importance":
            return reply("10" if "Bo 2." in asked.prompt[1].text else "1")
        return speeches(asked)

    memory = {"kind": "retrieval", "tokens": 200, "recency": 0, "similarity": 0, "importance": 1}
    calls = play_out(debate(rounds=20, opinions=False, memory=memory), rated)
    asked = [(call.agent, call.about["message"]) for call in calls["memory_importance"]]
    assert len(asked) == len(set(asked))
    assert "Bo 2" in spoken(calls["argue"][-1])


def test_agents_of_one_scenario_may_remember_differently() -> None:
    casts: dict[str, Any] = {
        "debaters": [
            {"name": "Ann", "stance": "for", "memory": {"tokens": 100}},
            {"name": "Bo", "stance": "against"},
        ]
    }
    *_, ann, bo = play_out(debate(rounds=ROUNDS, opinions=False, **casts), speeches)["argue"]
    assert len(spoken(ann)) <= 4
    assert len(spoken(bo)) == 2 * (ROUNDS - 1)


# Too long for the engine


def overflowing(context: int, asked: Call) -> Reply:
    if size(asked.prompt) >= context:
        assert asked.shortenable
        return Reply("", finish=OVERFLOW, failed=True)
    return speeches(asked)


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_is_too_long_is_asked_again_with_half_of_what_was_heard(kind: str) -> None:
    episode = debate(rounds=ROUNDS, opinions=False, memory={"kind": kind, "tokens": 2000})
    calls = play_out(episode, lambda asked: overflowing(400, asked))
    assert {speech.message is None for speech in events(episode, DebateSpeech)} == {False}
    again = [call for call in calls["argue"] if size(call.prompt) < 400]
    assert len({(call.agent, call.about["round"]) for call in again}) == 2 * ROUNDS
    # What was too long once is remembered: nearly all prompts fit at once.
    assert len(calls["argue"]) < 2 * ROUNDS * 1.2


def test_a_text_that_was_heard_again_and_again_is_left_out_copy_by_copy() -> None:
    same = [{"name": "Ann"}, {"name": "Bo"}]
    episode = debate(rounds=3, opinions=False, debaters=same)
    said = episode.pending[0]
    ann = next(agent for agent in episode.debaters if agent.name == said.agent)
    ann.heard += [episode.message("user", "The same. " * 10)] * 8
    call, lengths = ann.ask("argue", fill={"position": "", "task": ""}, round=1), []
    while call.shortenable:
        shorter = ann.ask_shorter(call)
        assert shorter is not None
        call = shorter
        lengths.append(sum("The same." in message.text for message in call.prompt))
    assert lengths == [4, 2, 1, 0]


def test_what_was_recalled_is_left_out_before_what_was_heard_last() -> None:
    memory = {"kind": "retrieval", "tokens": 800}
    calls = play_out(debate(rounds=30, opinions=False, memory=memory), speeches)["argue"]
    assert "You recall" in "".join(message.text for message in calls[-1].prompt)
    episode = debate(rounds=30, opinions=False, memory=memory)
    last = None
    while episode.pending:
        last = episode.pending[0] if episode.pending[0].purpose == "argue" else last
        if last is not None and last.about["round"] == 30:
            break
        episode.advance([speeches(asked) for asked in episode.pending])
    assert last is not None
    ann = next(agent for agent in episode.debaters if agent.name == last.agent)
    texts = [message.text for message in last.prompt]
    latest = spoken(replace(last, prompt=last.prompt[: texts.index("You recall from earlier:")]))
    again = ann.ask_shorter(last)
    assert again is not None
    shorter = spoken(again)
    assert shorter[: len(latest)] == latest
    assert len(latest) <= len(shorter) < len(spoken(last))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_whose_talk_is_longer_than_the_context_ends(kind: str, tmp_path: Path) -> None:
    long = scenario({"context": 500}, rounds=60, memory={"kind": kind})
    folder = play.start(long, tmp_path / "run", quiet=True)
    run = Run(folder)
    assert run.state.status == "finished"
    spoken = run.tables["speech"]
    assert len(spoken) == 2 * 60
    assert spoken["message"].null_count() == 0
    assert not run.calls["failed"].any()
    if kind == "window":
        assert OVERFLOW in run.calls["finish"].to_list()
        assert "too long a prompt; asked again with less" in "\n".join(transcript(run, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_with_a_memory_is_resumed_to_the_same_content(kind: str, tmp_path: Path) -> None:
    long = scenario({"context": 500}, rounds=30, memory={"kind": kind, "importance": 1})
    whole = play.start(long, tmp_path / "whole", quiet=True)
    stopped = play.start(long, tmp_path / "stopped", quiet=True)
    lines = (stopped / "log.jsonl").read_bytes().splitlines(keepends=True)
    kill_after(stopped, 2 * len(lines) // 3)
    play.resume(stopped, quiet=True)
    assert recorded(stopped) == recorded(whole)


def test_a_prompt_that_is_too_long_without_anything_heard_is_an_error_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ContextOverflow):
        play.start(scenario({"context": 20}), tmp_path / "run", quiet=True)


@pytest.mark.parametrize("kind", KINDS)
def test_memories_keep_the_contract_of_a_scenario(kind: str) -> None:
    memory = {"kind": kind, "tokens": 64, "importance": 1, "summary_words": 10}
    check_contract(DEBATE | {"rounds": 8, "memory": memory}, may_read=hears, episodes=1)


# The file


@pytest.mark.parametrize("kind", [*ENGINES])
def test_a_memory_that_does_not_fit_the_context_is_refused_with_its_place(kind: str) -> None:
    fields = ENGINES[kind].settings.model_fields.items()
    required = {name: "m" for name, field in fields if field.is_required()}
    engines = {"default": {"kind": kind, "context": 1024, **required}}
    with pytest.raises(BadInput, match=r"memory of 2000 tokens doesn't fit a context of 1024"):
        scenario(engines=engines, memory={"tokens": 2000})
    own = [{"name": "Ann", "memory": {"tokens": 1024}}, {"name": "Bo"}]
    with pytest.raises(BadInput, match="a memory of 1024 tokens"):
        scenario(engines=engines, debaters=own)


@pytest.mark.parametrize(
    ("kind", "engine", "tokens"),
    [("window", {"context": 600}, None), ("summary", {"context": 600}, 300), ("retrieval", {}, 1024)],
)
def test_without_a_size_a_memory_takes_what_the_context_allows(
    kind: str, engine: dict[str, Any], tokens: int | None
) -> None:
    found = debate(engine=engine, memory={"kind": kind}).memory_of("Ann", "default")
    assert found.tokens == tokens


def test_a_resolved_scenario_says_the_memory() -> None:
    assert settings_of(scenario(memory={"kind": "summary"}).config)["memory"]["kind"] == "summary"
