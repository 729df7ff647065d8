"""Verdicts and outcomes of a debate, on scores and opinions made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.debate.events import DebateOpinion, DebateSpeech, Verdict
from palaestra.scenarios.debate.rules import winning_stance
from palaestra.scenarios.parts.judging import Score
from palaestra.scenarios.parts.opinion_scale import SCALE
from support.episodes.debate import FOUR, POLICIES, debate, when
from support.rewards import rewards_of
from support.scripted_debates import events, failure, plain_reply, play_out, reply


def scores(points: dict[tuple[str, str], str]) -> Callable[[Call], Reply]:
    """Answers with given points by judge and contestant."""

    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return reply(points[call.agent, str(call.about["contestant"])])
        return plain_reply(call)

    return answer


def test_the_stance_with_the_higher_mean_wins_by_the_difference() -> None:
    points = {("Kim", "Ann"): "8", ("Kim", "Bo"): "6", ("Lund", "Ann"): "5", ("Lund", "Bo"): "4"}
    episode = debate(judges=[{"name": "Kim"}, {"name": "Lund"}])
    play_out(episode, scores(points))
    assert [(v.agent, v.stance, v.score) for v in events(episode, Verdict)] == [
        ("Ann", "for", 6.5),
        ("Bo", "against", 5.0),
    ]
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("for", 1.5)


def test_a_debaters_reward_is_the_panels_score_from_0_to_1() -> None:
    episode = debate()
    play_out(episode, scores({("Kim", "Ann"): "10", ("Kim", "Bo"): "4"}))
    assert rewards_of(episode) == {"Ann": 1, "Bo": pytest.approx(1 / 3)}
    compared = debate(judging="pairwise")
    play_out(compared, plain_reply)  # who is read first is better, in both orders
    assert rewards_of(compared) == {"Ann": 0.5, "Bo": 0.5}


def test_without_a_score_there_is_no_reward() -> None:
    episode = debate()
    play_out(episode, when("score", "Kim"))
    assert rewards_of(episode) == {}
    alone = debate(judges=[])
    play_out(alone)
    assert rewards_of(alone) == {}


def test_a_stance_has_the_mean_of_its_debaters_and_the_margin_is_to_the_next_stance() -> None:
    points = {("Kim", "Ann"): "10", ("Kim", "Bo"): "6", ("Kim", "Cem"): "3", ("Kim", "Dee"): "7"}
    episode = debate(debaters=FOUR, policies=POLICIES)
    play_out(episode, scores(points))  # for: 6.5, against: 6, undecided: 7
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("undecided", 0.5)


def test_equal_stances_tie() -> None:
    episode = debate()
    play_out(episode, scores({("Kim", "Ann"): "7", ("Kim", "Bo"): "7"}))
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("tie", 0.0)


def test_one_stance_alone_wins_against_nobody() -> None:
    assert winning_stance({"for": 8.0}) == (None, None)
    assert winning_stance({}) == (None, None)


def test_a_lead_below_a_billionth_is_a_tie() -> None:
    assert winning_stance({"for": 7.0, "against": 7.0 + 1e-10}) == ("tie", 0.0)
    assert winning_stance({"for": 7.0, "against": 7.5}) == ("against", 0.5)


def test_a_score_is_the_expectation_over_the_options_where_probabilities_are_known() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return reply("10", [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert {(score.score, score.basis) for score in events(episode, Score)} == {(5.5, "probabilities")}


def test_an_opinion_has_the_chosen_degree_and_its_expectation() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply("certainly agree", [0.25, 0, 0, 0, 0, 0.75])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert {(o.opinion, o.expected) for o in events(episode, DebateOpinion)} == {(2.5, 1.25)}


def test_the_shift_is_the_mean_change_of_opinion() -> None:
    told = {
        ("Ann", "before"): "lean agree",
        ("Ann", "after"): "certainly agree",
        ("Bo", "before"): "probably agree",
        ("Bo", "after"): "lean disagree",
    }

    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply(told[call.agent, str(call.about["when"])])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert episode.outcome["shift"] == ((2.5 - 0.5) + (-0.5 - 1.5)) / 2


def test_the_six_degrees_are_those_of_the_debate_scale() -> None:
    assert list(SCALE.values()) == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]


def test_the_outcome_names_the_topic_and_is_empty_until_the_end() -> None:
    episode = debate(rounds=1, words=30)
    assert episode.pending
    assert episode.outcome == {}
    play_out(episode)
    assert set(episode.outcome) >= {"motion", "winner", "margin", "shift"}
    assert not episode.running


def test_events_carry_the_step_in_which_they_happened() -> None:
    episode = debate(rounds=2)
    play_out(episode)
    steps = {(type(event), step) for step, event in episode.events if not isinstance(event, Verdict)}
    assert steps == {(DebateOpinion, 1), (DebateSpeech, 2), (DebateSpeech, 3), (DebateOpinion, 4), (Score, 5)}


def test_a_panel_can_compare_every_two_debaters_in_both_orders() -> None:
    episode = debate(judging="pairwise", rubric={"clarity": "the point is plain."})

    def answer(call: Call) -> Reply:
        if call.purpose == "compare":
            return reply(episode.labels["Bo"])
        return plain_reply(call)

    made = play_out(episode, answer)
    assert [call.about["of"] for call in made["compare"]] == ["Ann or Bo", "Bo or Ann"]
    for call in made["compare"]:
        assert isinstance(call.answer, Choice)
        asked = "\n".join(message.body for message in call.prompt)
        assert set(call.answer.options) == {"Speaker 1", "Speaker 2"}
        assert not any(name in asked for name in ("Ann", "Bo:"))
    assert "score" not in made
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("against", 1.0)


def test_a_judge_that_flips_with_the_order_can_abstain() -> None:
    judges = [{"name": "Kim"}, {"name": "Lund"}]
    one_side = [{"name": "Ann", "stance": "for"}, {"name": "Bo", "stance": "for"}]

    def answer(call: Call) -> Reply:
        if call.purpose == "compare":
            assert isinstance(call.answer, Choice)
            for_bo = call.about["of"] == "Bo or Ann"
            return reply(call.answer.options[0], [0.9, 0.1] if call.agent == "Kim" or for_bo else [0.2, 0.8])
        return plain_reply(call)

    shares: dict[str, tuple[float | None, set[str]]] = {}
    for abstain in ("never", "flips"):
        compared: dict[str, Any] = {"judging": "pairwise", "rubric": {"wit": "it is."}, "abstain": abstain}
        episode = debate(debaters=one_side, judges=judges, **compared)
        play_out(episode, answer)
        told = tuple(event for _, event in episode.events)
        sources = tuple(message.source for message in episode.messages)
        played = Trajectory(0, 0, sources, {}, told, episode.outcome)
        judged = list(type(episode).judged(episode.config, played))
        counted = {verdict.agent: verdict.score for verdict in events(episode, Verdict)}
        shares[abstain] = counted["Bo"], {score.judge for each in judged for score in each.scores}
    assert shares["never"][0] == pytest.approx((0.5 + 0.85) / 2)
    assert shares["flips"][0] == pytest.approx(0.85)
    assert [counting for _, counting in shares.values()] == [{"Kim", "Lund"}, {"Lund"}]


def test_a_comparison_that_fails_leaves_its_judge_out() -> None:
    episode = debate(judging="pairwise", rubric={"clarity": "the point is plain."})
    play_out(episode, lambda call: failure("?") if call.purpose == "compare" else plain_reply(call))
    assert episode.outcome["winner"] is None
