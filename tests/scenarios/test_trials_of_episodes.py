"""Judges of debates and reviewers of papers put to planted pairs, in the words of their own scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.trial import CONTESTANTS, Trial, TrialPair
from support.scripted_debates import failure, reply, text_of

PAIRS = [
    TrialPair("How many are five and two?", "Seven.", "Nine."),
    TrialPair("Name a colour.", "Nine.", "Red."),
]
RIGHT = ("Seven.", "Red.")
DEBATE: dict[str, Any] = {
    "scenario": "debate",
    "motions": ["Plant trees."],
    "judges": [{"name": "Kim", "persona": "Strict."}, {"name": "Lund"}],
    "rubric": {"wit": "it is witty.", "truth": "it is true."},
    "prompts": {"score": "My own words: how true is {speaker} on {criterion}, that is, {description}"},
}
REVIEW: dict[str, Any] = {
    "scenario": "paper_review",
    "papers": [{"title": "Trees", "abstract": "They cool."}],
    "reviewers": [{"name": "Kim", "expertise": "physics"}, {"name": "Lund"}],
}


def played(
    file: dict[str, Any],
    mode: str,
    only: set[str] | None = None,
    answer: Callable[[Call], Reply] | None = None,
) -> tuple[Trial, dict[int, Call]]:
    """The trial, and all calls of it, answered by judges who know what is right, or by `answer`."""
    scenario = check(file, "test.yaml")
    trial = scenario.rules.trials(scenario.config)[mode](PAIRS, only)
    asked: dict[int, Call] = {}
    while calls := trial.pending:
        asked |= {call.index: call for call in calls}
        trial.advance([(answer or knowing)(call) for call in calls])
    return trial, asked


def knowing(call: Call) -> Reply:
    if not isinstance(call.answer, Choice):
        return scripted_reply(call)
    if call.purpose == "compare":
        [better] = [m.label for m in call.prompt if m.text in RIGHT]
        return reply(better, [float(option == better) for option in call.answer.options])
    spoken = {message.label: message.text for message in call.prompt if message.label}
    about = next((text for label, text in spoken.items() if f"is {label} on" in call.prompt[-1].text), "")
    right = about in RIGHT or any(f"It says: {text}" in text_of(call) for text in RIGHT)
    return reply("4" if right else "2")


@pytest.mark.parametrize(("file", "mode"), [(DEBATE, "pointwise"), (REVIEW, "review")])
def test_each_answer_is_scored_and_the_first_call_about_it_is_told(file: dict[str, Any], mode: str) -> None:
    trial, asked = played(file, mode)
    told = list(trial.verdicts())
    assert {(v.pair, v.judge, v.read): v.value for v in told} == {
        (pair, judge, (which,)): 4.0 if which == pair else 2.0
        for pair in (0, 1)
        for judge in ("Kim", "Lund")
        for which in (0, 1)
    }
    assert len({v.call for v in told}) == len(told)
    assert all(asked[v.call].agent == v.judge for v in told)
    assert not any(name in text_of(call) for call in asked.values() for name in CONTESTANTS)
    if mode == "pointwise":
        assert "My own words" in text_of(asked[told[0].call])


def test_debaters_are_compared_with_either_heard_first() -> None:
    trial, asked = played(DEBATE | {"judging": "pairwise"}, "pairwise", {"Kim"})
    assert {(v.pair, v.read): v.value for v in trial.verdicts()} == {
        (0, (0, 1)): 1.0,
        (0, (1, 0)): 0.0,
        (1, (0, 1)): 0.0,
        (1, (1, 0)): 1.0,
    }
    assert {call.agent for call in asked.values()} == {"Kim"}
    assert len(asked) == 2 * 2 * 2 * 2, "two pairs, two heard first, two orders of names, two criteria"
    assert all(spoken(asked[v.call])[0] == TEXTS[v.pair][v.read[0]] for v in trial.verdicts())


TEXTS = [(pair.one, pair.two) for pair in PAIRS]


def spoken(call: Call) -> list[str]:
    """The speeches that a judge heard, in order."""
    return [m.text for m in call.prompt if m.label]


@pytest.mark.parametrize(
    ("abstain", "by_hearing", "by_naming"),
    [("never", (0.9, 0.9), (0.5, 0.5)), ("flips", (0.9, 0.9), (0.9, 0.9))],
)
def test_a_judge_of_debates_that_likes_what_it_hears_first_is_told_from_one_that_likes_who_is_named_first(
    abstain: str, by_hearing: tuple[float, float], by_naming: tuple[float, float]
) -> None:
    def hearing(call: Call) -> Reply:
        first = next(m.label for m in call.prompt if m.label)
        return preferring(call, first)

    def naming(call: Call) -> Reply:
        assert isinstance(call.answer, Choice)
        return preferring(call, call.answer.options[0])

    for judging, values in ((hearing, by_hearing), (naming, by_naming)):
        trial, _ = played(DEBATE | {"judging": "pairwise", "abstain": abstain}, "pairwise", {"Kim"}, judging)
        told = {(v.pair, v.read): v.value for v in trial.verdicts()}
        assert [told[0, read] for read in ((0, 1), (1, 0))] == pytest.approx(values)


def test_a_score_of_a_speech_is_the_mean_of_being_heard_first_and_second() -> None:
    def hearing(call: Call) -> Reply:
        first = next(m.label for m in call.prompt if m.label)
        return reply("7" if f"is {first} on" in call.prompt[-1].text else "3")

    trial, asked = played(DEBATE, "pointwise", {"Kim"}, hearing)
    assert {v.value for v in trial.verdicts()} == {5.0}
    assert {tuple(spoken(call)) for call in asked.values()} == {t[::way] for t in TEXTS for way in (1, -1)}


def preferring(call: Call, label: str) -> Reply:
    """Nine to one for the speaker of this label."""
    assert isinstance(call.answer, Choice)
    return reply(label, [0.9 if option == label else 0.1 for option in call.answer.options])


def test_a_reviewer_writes_a_review_before_it_scores() -> None:
    _, asked = played(REVIEW, "review")
    purposes = [call.purpose for call in asked.values()]
    assert purposes == ["review"] * 8 + ["rate"] * 8 * 5
    assert "Your field is physics" in text_of(asked[0])


def test_who_is_not_understood_has_no_value() -> None:
    scenario = check(DEBATE, "test.yaml")
    trial = scenario.rules.trials(scenario.config)["pointwise"](PAIRS, None)
    trial.advance([failure("?") for _ in trial.pending])
    assert {verdict.value for verdict in trial.verdicts()} == {None}


def test_nobody_who_judges_is_nobody_to_try() -> None:
    silent = check(DEBATE | {"judges": []}, "test.yaml")
    assert silent.rules.trials(silent.config) == {}
