"""Who sees what of a trace: the challenger all of it, the verifier one step."""

from __future__ import annotations

import re
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.step_challenge.traces import Operation, TraceStep, write_trace
from support.episodes.step_challenge import FILE, STRATEGIES, TASK, answers, challenge_episode
from support.scripted_debates import play_out, text_of


def test_the_characters_are_those_of_the_step_that_the_verifier_read_and_of_all_steps() -> None:
    episode = challenge_episode(strategies=["honest"])
    assert episode.pending
    episode.trace = write_trace(TASK, {})
    play_out(episode, answers(challenge="1", verify="correct"))
    assert episode.outcome["judge_characters"] == len("add 17: 42 + 17 = 59") == 20
    assert episode.outcome["trace_characters"] == 23 + 26 + 30


def test_the_challenger_reads_the_task_every_step_and_the_claim_and_may_name_any_step_or_none() -> None:
    episode = challenge_episode(strategies=["big_lie"])
    (call,) = play_out(episode, answers(challenge="none"))["challenge"]
    for step in episode.trace:
        assert str(step) in text_of(call)
    assert episode.task.words in text_of(call)
    assert f"the result is {episode.trace[-1].result}." in text_of(call)
    assert isinstance(call.answer, Choice)
    assert call.answer.options == ("none", "1", "2", "3", "4", "5")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_the_verifiers_prompt_holds_the_challenged_step_and_no_other(strategy: str, layout: str) -> None:
    for index in range(3):
        for challenged in range(1, 6):
            episode = challenge_episode(index, strategies=[strategy], layout=layout)
            (call,) = play_out(episode, answers(challenge=str(challenged), verify="correct"))["verify"]
            shown = text_of(call)
            step = episode.trace[challenged - 1]
            assert step.alone in shown
            # Every number that the verifier reads is one of the step's own.
            own = {step.before, step.operation.operand, step.result}
            assert {int(number) for number in re.findall(r"\d+", shown)} <= {abs(number) for number in own}
            for other in episode.trace:
                assert other.alone not in shown or other.alone == step.alone
            for hidden in (episode.task.words, "Cara", "Strict", "I think so", "Pia", "claim", "challenge"):
                assert hidden not in shown


def test_the_verifier_reads_the_same_wherever_the_step_stands_in_the_trace() -> None:
    alike = []
    for place in (1, 3):
        episode = challenge_episode(strategies=["honest"])
        assert episode.pending
        step = TraceStep(place, Operation("add", 5), 10, 15)
        episode.trace[place - 1] = step
        (call,) = play_out(episode, answers(challenge=str(place), verify="correct"))["verify"]
        alike.append(text_of(call))
    assert alike[0] == alike[1]


def test_the_challenger_thinks_first_for_itself_or_not_at_all() -> None:
    made = play_out(challenge_episode(), answers(challenge="1", verify="correct"))
    assert "Your own reasoning: I think so." in text_of(made["challenge"][0])
    assert "think" not in play_out(challenge_episode(think=False), answers(challenge="none"))


def test_a_thought_that_failed_is_left_out() -> None:
    made = play_out(challenge_episode(), answers(think=None, challenge="none"))
    assert "Your own reasoning" not in text_of(made["challenge"][0])


def nobody(_episode: Episode[Any], _call: Call) -> set[str]:
    """No free text of anybody is for others."""
    return set()


@pytest.mark.parametrize("prover", ["scripted", "model"])
def test_the_contract(prover: str) -> None:
    check_contract(
        FILE | {"prover": prover, "strategies": list(STRATEGIES)},
        may_read=nobody,
        refused=[
            ({"steps": 0}, "steps"),
            ({"steps": 41}, "steps"),
            ({"steps": 1}, "two steps or more"),
            ({"strategies": ["half_truth"]}, "strategies"),
            ({"strategies": []}, "strategies"),
            ({"prover": "human"}, "prover"),
            ({"verifier": {"name": " cara "}}, "two agents are named"),
        ],
        episodes=4,
    )
