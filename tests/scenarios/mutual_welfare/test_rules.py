"""The rules of mutual welfare: who is asked what, and what follows from answers that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.mutual_welfare
from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import load
from palaestra.scenarios.mutual_welfare.blocks import answer_form
from palaestra.scenarios.mutual_welfare.config import MutualWelfareConfig
from palaestra.scenarios.mutual_welfare.events import Correctness, MutualWelfareFound, WelfareAnswer
from support.episodes.mutual_welfare import FILE, SUM, VAGUE, answering, tagged, welfare
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.mutual_welfare.__file__).parent / "ready").glob("*.yaml"))


# The order of things, and who sees what


def test_all_answers_are_asked_at_once_and_then_all_judgements() -> None:
    episode = welfare(candidates=2)
    exchanges = []
    answer = answering()
    while episode.pending:
        exchanges.append(Counter(call.purpose for call in episode.pending))
        episode.advance([answer(call) for call in episode.pending])
    # The program checks the sum.
    assert exchanges == [Counter(answer=12), Counter(judge_writing=4, judge_vague=4)]


def test_an_assistant_reads_the_question_its_own_persona_and_nobodys_answer() -> None:
    episode = welfare()
    first, *_, last = play_out(episode, answering())["answer"]
    assert [message.text for message in first.prompt[1:]] == [
        "The user asks: Thank her.",
        "About you: A nurse.",
        "Answer the user's question now.",
    ]
    assert last.prompt[1].text == "The user asks: What is 40 + 2?"
    assert last.prompt[0] is first.prompt[0], "the rules are everybody's"


def test_the_judge_reads_the_response_alone_and_not_whose_it_is() -> None:
    for call in [
        c for calls in play_out(welfare(), answering()).values() for c in calls if c.agent == "Judge"
    ]:
        shown = text_of(call)
        assert [m.body for m in call.prompt if m.label] == ["Answer: It is 42."]
        for hidden in ("Ann", "Bo", "Asking helps", "Best for both", "VQ_CQ", "LLM"):
            assert hidden not in shown


def test_the_reference_of_a_text_is_the_judges_and_that_of_a_sum_is_the_programs() -> None:
    made = play_out(welfare(), answering())
    readers = {call.purpose for calls in made.values() for call in calls if "abcd" in text_of(call)}
    assert readers == {"judge_writing"}
    assert not any("42" in text_of(call) for call in made["answer"])


@pytest.mark.parametrize(("selection", "words"), [("sum", "the largest sum"), ("product", "multiply")])
def test_the_assistants_are_told_one_of_the_rules(selection: str, words: str) -> None:
    for call in play_out(welfare(selection=selection), answering())["answer"]:
        assert words in text_of(call)
        assert ("multiply" in text_of(call)) == (selection == "product")


def test_blocks_are_asked_for_as_json_or_between_tags() -> None:
    (json_call, *_), (tags_call, *_) = (
        play_out(welfare(output=output), answering())["answer"] for output in ("json", "tags")
    )
    assert json_call.answer == Json(answer_form(30))
    assert tags_call.answer == Text(max_tokens=480)
    assert "<payoff>" not in text_of(json_call)
    assert '{"DQ_DA": {"LLM": 0, "user": 0}' in text_of(tags_call)


def test_questions_take_turns_over_the_episodes() -> None:
    asked = []
    for index in range(3):
        episode = welfare(index, per_episode=2)
        play_out(episode, answering())
        asked.append(episode.outcome["questions"])
    assert asked == ["0, 1", "2, 0", "1, 2"]


# Answers that could not be understood


def test_between_tags_an_answer_without_its_blocks_is_worth_nothing_and_is_not_judged() -> None:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            return reply(call.answer.options[0])
        return reply(tagged() if call.agent == "Ann" else tagged("{}"))

    episode = welfare(output="tags")
    made = play_out(episode, answer)
    assert {call.about["author"] for call in made["judge_vague"]} == {"Ann"}
    assert {(a.agent, a.valid) for a in events(episode, WelfareAnswer)} == {("Ann", True), ("Bo", False)}
    assert {
        (w.user, w.llm, w.mutual, w.format) for w in events(episode, MutualWelfareFound) if w.agent == "Bo"
    } == {(0.0, 0.0, 0.0, None)}
    assert rewards_of(episode)["Bo"] == 0
    assert episode.outcome["valid"] == 3


def test_a_failed_answer_has_no_worth_and_is_not_judged() -> None:
    def answer(call: Call) -> Reply:
        return failure("{") if call.agent == "Bo" else answering()(call)

    episode = welfare()
    made = play_out(episode, answer)
    assert {call.about["author"] for call in made["judge_vague"]} == {"Ann"}
    bo = [a for a in events(episode, WelfareAnswer) if a.agent == "Bo"]
    assert {(a.valid, a.cell, a.by_sum, a.kept, a.rules_agree) for a in bo} == {
        (False, None, None, None, None)
    }
    assert {(w.user, w.mutual) for w in events(episode, MutualWelfareFound) if w.agent == "Bo"} == {
        (None, None)
    }
    assert set(rewards_of(episode)) == {"Ann"}
    assert episode.outcome["failures"] == 3


def test_where_the_judge_fails_the_worth_is_unknown() -> None:
    def answer(call: Call) -> Reply:
        return failure("mumble") if call.purpose == "judge_vague" else answering()(call)

    episode = welfare()
    play_out(episode, answer)
    assert {(c.user, c.llm, c.basis) for c in events(episode, Correctness) if c.question == 1} == {
        (None, None, "failed")
    }
    assert {w.mutual is None for w in events(episode, MutualWelfareFound) if w.question == 1} == {True}
    assert episode.outcome["mutual"] is not None


def test_where_all_fails_there_is_an_outcome_without_worth() -> None:
    episode = welfare()
    play_out(episode, lambda call: failure(""))
    assert episode.outcome == {
        "questions": "0, 1, 2",
        "answers": 6,
        "valid": 0,
        "user": None,
        "llm": None,
        "mutual": None,
        "kept": None,
        "rules_agree": None,
        "failures": 6,
    }


# The contract, and the ready-made files


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """The judge reads responses; what it says is nobody's."""
    return {"Judge"} if call.purpose == "answer" else set()


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_the_contract(layout: str) -> None:
    check_contract(
        FILE | {"candidates": 2, "layout": layout},
        may_read=may_read,
        secrets={("questions", 0, "reference"): {"Judge"}, ("questions", 2, "reference"): set()},
        refused=[
            ({"questions": []}, "questions"),
            ({"questions": [VAGUE], "per_episode": 2}, "lower `per_episode` or add `questions`"),
            ({"questions": [SUM | {"vague": True}], "per_episode": 1}, "no one right answer"),
            ({"questions": [SUM | {"harmful": True}], "per_episode": 1}, "change its `kind`"),
            ({"questions": [{"text": "Write.", "kind": "writing"}], "per_episode": 1}, "add a `reference`"),
            ({"questions": [SUM | {"kind": "safety"}], "per_episode": 1}, "leave out `reference`"),
            ({"agents": []}, "agents"),
            ({"agents": [{"name": "Ann"}, {"name": " ann "}]}, "two agents are named"),
            ({"judge": {"name": "Bo"}}, "two agents are named 'Bo'"),
            ({"judge": {"name": "Kim", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"selection": "difference"}, "selection"),
            ({"output": "prose"}, "output"),
        ],
    )


def writing(text: str) -> Callable[[Call], Reply]:
    return lambda call: reply("no" if isinstance(call.answer, Choice) else text)


def test_answers_between_tags_that_hold_anything_at_all_end_the_episode() -> None:
    for text in ("", "<payoff>", tagged(), tagged("[]"), tagged().replace("</thinking>", "")):
        episode = welfare(output="tags")
        play_out(episode, writing(text))
        assert not episode.running


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    asked = set()
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["failures"] == 0
        assert episode.outcome["valid"] == episode.outcome["answers"]
        asked |= {event.question for _, event in episode.events if isinstance(event, WelfareAnswer)}
    assert isinstance(found.config, MutualWelfareConfig)
    assert asked == set(range(len(found.config.questions))), "every question is asked"
