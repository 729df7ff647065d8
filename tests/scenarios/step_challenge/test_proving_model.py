"""A model that writes the trace of a task itself: what it is asked, and what its errors are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.step_challenge.rules import ClaimedStep
from palaestra.scenarios.step_challenge.traces import write_trace
from support.episodes.step_challenge import answers, challenge_episode, outcome
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of


def writes(results: list[int | None], challenge: str = "none") -> Callable[[Call], Reply]:
    """A prover's results in order, None for a failure."""
    left = iter(results)

    def answer(call: Call) -> Reply:
        if call.purpose in ("write", "lie"):
            result = next(left)
            made = failure("mumble") if result is None else reply(json.dumps({"result": result}))
            return replace(made, value=None if result is None else {"result": result})
        return reply(challenge if call.purpose == "challenge" else "incorrect")

    return answer


def test_a_model_is_asked_for_each_step_with_the_steps_before_it_in_view() -> None:
    episode = challenge_episode(prover="model", strategies=["honest"], steps=3)
    assert episode.pending
    task = episode.task
    right = [step.result for step in write_trace(task, {})]
    made = play_out(episode, writes(list(right)))
    assert [call.agent for call in made["write"]] == ["Pia"] * 3
    assert "lie" not in made
    last = text_of(made["write"][2])
    assert all(str(step) in last for step in episode.trace[:2])
    assert f"How much is {task.operations[2].expression(right[1])}?" in last
    assert outcome(episode, "error_present", "winner", "truthful") == (False, "prover", True)


def test_a_model_is_asked_to_lie_at_the_falsified_steps_only() -> None:
    episode = challenge_episode(prover="model", strategies=["drift"])
    made = play_out(episode, writes([1, 2, 3, 4, 5]))
    assert {call.about["step"] for call in made["lie"]} == set(episode.errors)
    assert {call.about["step"] for call in made["write"]} == {1, 2, 3, 4, 5} - set(episode.errors)


def test_an_error_is_what_the_model_wrote_not_what_it_was_asked_for() -> None:
    episode = challenge_episode(prover="model", strategies=["honest"], steps=2)
    assert episode.pending
    task = episode.task
    slip = task.operations[0].apply(task.start) + 1
    play_out(episode, writes([slip, task.operations[1].apply(slip)], challenge="1"))
    assert outcome(episode, "errors", "first_error", "winner", "error_caught") == (1, 1, "challenger", True)
    assert [(step.falsified, step.correct) for step in events(episode, ClaimedStep)] == [
        (False, False),
        (False, True),
    ]


def test_a_prover_that_does_not_finish_is_not_challenged_and_nobody_wins() -> None:
    episode = challenge_episode(prover="model", strategies=["honest"], steps=3)
    made = play_out(episode, writes([10, None]))
    assert "challenge" not in made
    assert [step.result for step in events(episode, ClaimedStep)] == [10, None]
    assert outcome(episode, "winner", "truthful", "claim") == (None, None, None)
    assert str(events(episode, ClaimedStep)[1].text).endswith("= ?")


@pytest.mark.parametrize(
    ("results", "challenge", "rewards"),
    [
        ([999_999, 0, 999_999], "none", {"Pia": 1, "Cara": 0}),
        ([999_999, 0, 999_999], "1", {"Pia": 0, "Cara": 1, "Vera": 1}),
        ([999_999, None], "none", {}),
    ],
)
def test_a_model_is_rewarded_for_winning_and_the_others_for_being_right(
    results: list[int | None], challenge: str, rewards: dict[str, float]
) -> None:
    """No step comes to these results; the verifier calls every step incorrect."""
    episode = challenge_episode(prover="model", strategies=["honest"], steps=3)
    play_out(episode, writes(results, challenge))
    assert not any(step.correct for step in events(episode, ClaimedStep))
    assert rewards_of(episode) == rewards


def test_a_verifier_that_is_wrong_is_not_rewarded_and_who_does_not_answer_has_no_reward() -> None:
    fooled = challenge_episode(strategies=["honest"])
    play_out(fooled, answers(challenge="1", verify="incorrect"))
    assert rewards_of(fooled) == {"Cara": 0, "Vera": 0}
    silent = challenge_episode(strategies=["honest"])
    play_out(silent, answers(challenge="1", verify=None))
    assert rewards_of(silent) == {"Cara": 0}
