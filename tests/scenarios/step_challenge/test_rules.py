"""Who wins a step-challenge debate, on traces whose truth is known and replies made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.step_challenge
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.step_challenge.rules import (
    Challenge,
    ClaimedStep,
    Verification,
    truthful,
    winning_side,
)
from palaestra.scenarios.step_challenge.traces import wrong_steps
from support.episodes.step_challenge import FILE, STRATEGIES, answers, challenge_episode, outcome
from support.scripted_debates import events, play_out, reply

READY = sorted((Path(palaestra.scenarios.step_challenge.__file__).parent / "ready").glob("*.yaml"))


# Who wins


@pytest.mark.parametrize(
    ("answered", "challenged", "verdict", "winner"),
    [
        (True, False, None, "prover"),
        (True, True, "incorrect", "challenger"),
        (True, True, "correct", "prover"),
        (True, True, None, None),
        (False, False, None, None),
    ],
)
def test_the_claim_stands_unless_a_challenge_is_upheld(
    answered: bool, challenged: bool, verdict: str | None, winner: str | None
) -> None:
    assert winning_side(answered, challenged, verdict) == winner


def test_an_outcome_is_truthful_when_the_prover_wins_exactly_without_an_error() -> None:
    assert [truthful(*case) for case in [("prover", False), ("challenger", True)]] == [True, True]
    assert [truthful(*case) for case in [("prover", True), ("challenger", False)]] == [False, False]
    assert truthful(None, True) is None


def test_without_challenge_the_honest_prover_wins_and_nothing_is_verified() -> None:
    episode = challenge_episode(strategies=["honest"])
    made = play_out(episode, answers(challenge="none"))
    assert "verify" not in made
    assert outcome(episode, "winner", "truthful", "challenged", "challenge_right") == (
        "prover",
        True,
        None,
        True,
    )
    assert outcome(episode, "error_present", "first_error", "errors", "verifier_right") == (
        False,
        None,
        0,
        None,
    )
    assert outcome(episode, "false_challenge", "error_caught", "judge_characters") == (False, False, 0)
    assert episode.outcome["claim"] == episode.outcome["truth"]


def test_a_lie_that_nobody_challenges_wins_and_is_not_truthful() -> None:
    episode = challenge_episode(strategies=["big_lie"])
    play_out(episode, answers(challenge="none"))
    assert outcome(episode, "winner", "truthful", "challenge_right", "error_caught") == (
        "prover",
        False,
        False,
        False,
    )
    assert episode.outcome["claim"] != episode.outcome["truth"]


@pytest.mark.parametrize(
    ("verdict", "winner", "caught"), [("incorrect", "challenger", True), ("correct", "prover", False)]
)
def test_a_challenged_lie_is_caught_where_the_verifier_sees_it(
    verdict: str, winner: str, caught: bool
) -> None:
    episode = challenge_episode(strategies=["big_lie"])
    assert episode.pending
    (wrong,) = wrong_steps(episode.trace)
    play_out(episode, answers(challenge=str(wrong), verify=verdict))
    assert outcome(episode, "winner", "truthful", "error_caught", "verifier_right") == (winner, *[caught] * 3)
    assert outcome(episode, "challenged", "first_error", "challenge_right", "false_challenge") == (
        wrong,
        wrong,
        True,
        False,
    )


@pytest.mark.parametrize(("verdict", "winner"), [("incorrect", "challenger"), ("correct", "prover")])
def test_a_false_challenge_fails_where_the_verifier_sees_that_the_step_is_right(
    verdict: str, winner: str
) -> None:
    episode = challenge_episode(strategies=["honest"])
    play_out(episode, answers(challenge="2", verify=verdict))
    right = verdict == "correct"
    assert outcome(episode, "winner", "truthful", "verifier_right") == (winner, right, right)
    assert outcome(episode, "challenge_right", "false_challenge", "error_caught") == (False, True, False)


def test_any_of_the_wrong_steps_of_a_drift_is_a_right_challenge() -> None:
    for place in (0, 1):
        episode = challenge_episode(strategies=["drift"])
        assert episode.pending
        wrong = wrong_steps(episode.trace)
        assert len(wrong) == 2
        play_out(episode, answers(challenge=str(wrong[place]), verify="incorrect"))
        assert outcome(episode, "challenge_right", "error_caught", "errors") == (True, True, 2)


def test_probabilities_are_those_of_the_right_choice_and_of_the_true_verdict() -> None:
    episode = challenge_episode(strategies=["drift"])
    assert episode.pending
    first, second = wrong_steps(episode.trace)
    shares = [0.1] * 6
    shares[first], shares[second] = 0.2, 0.4

    def answer(call: Call) -> Reply:
        if call.purpose == "challenge":
            return reply(str(second), shares)
        return reply("correct", [0.7, 0.3]) if call.purpose == "verify" else reply("Hm.")

    play_out(episode, answer)
    (challenge,) = events(episode, Challenge)
    (verification,) = events(episode, Verification)
    assert (challenge.number, challenge.right) == (second, True)
    assert challenge.probability == pytest.approx(0.6)
    assert (verification.verdict, verification.right, verification.probability) == ("correct", False, 0.3)


def test_the_trace_is_recorded_step_by_step_with_its_truth() -> None:
    episode = challenge_episode(strategies=["late_lie"])
    play_out(episode, answers(challenge="none"))
    steps = events(episode, ClaimedStep)
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert [step.text for step in steps] == str(episode.outcome["trace"]).split(" | ")
    assert [step.number for step in steps if not step.correct] == [episode.outcome["first_error"]]
    assert [step.falsified for step in steps] == [not step.correct for step in steps]
    assert steps[-1].result == episode.outcome["claim"]


def test_strategies_take_turns_over_the_episodes() -> None:
    chosen = []
    for index in range(5):
        episode = challenge_episode(index)
        play_out(episode, answers(challenge="none"))
        chosen.append(episode.outcome["strategy"])
    assert chosen == [*STRATEGIES, "honest"]


# Answers that failed


def test_without_a_valid_challenge_nobody_wins() -> None:
    episode = challenge_episode(strategies=["big_lie"])
    made = play_out(episode, answers(challenge=None))
    assert "verify" not in made
    (event,) = events(episode, Challenge)
    assert (event.valid, event.number, event.right, event.probability) == (False, None, None, None)
    assert outcome(episode, "winner", "truthful", "challenge_right") == (None, None, None)


def test_without_a_valid_verdict_nobody_wins() -> None:
    episode = challenge_episode(strategies=["big_lie"])
    play_out(episode, answers(challenge="1", verify=None))
    (event,) = events(episode, Verification)
    assert (event.verdict, event.right, event.probability) == (None, None, None)
    assert outcome(episode, "winner", "truthful", "verifier_right") == (None, None, None)


# Files


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_the_ready_made_files_play_to_their_end(path: Path) -> None:
    found = load(path)
    strategies = set()
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        strategies.add(episode.outcome["strategy"])
    assert strategies == set(STRATEGIES)


def test_a_verifier_or_challenger_has_a_policy_of_its_own() -> None:
    policies: dict[str, Any] = {"default": {}, "small": {}}
    verifier = {"name": "Vera", "policy": "small"}
    made = play_out(
        challenge_episode(policies=policies, verifier=verifier), answers(challenge="1", verify="correct")
    )
    assert {call.policy for call in made["verify"]} == {"small"}
    with pytest.raises(BadInput, match="no policy 'large'"):
        check(FILE | {"verifier": {"name": "Vera", "policy": "large"}}, "test.yaml")
