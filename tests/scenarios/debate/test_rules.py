"""The rules of free debate, walked branch by branch on replies made by hand."""

from __future__ import annotations

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.debate.events import DebateOpinion, DebateSpeech, Verdict
from palaestra.scenarios.debate.rules import Debate
from palaestra.scenarios.parts.judging import Score
from palaestra.scenarios.parts.opinion_scale import OPINION
from support.episodes.debate import FOUR, POLICIES, debate, when
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of


def purposes(episode: Debate) -> list[list[str]]:
    """The purposes of the calls of each exchange of an episode that is played out."""
    exchanges = []
    while episode.pending:
        exchanges.append([call.purpose for call in episode.pending])
        episode.advance([plain_reply(call) for call in episode.pending])
    return exchanges


def test_a_debate_asks_opinions_then_speeches_then_opinions_then_scores() -> None:
    assert purposes(debate(rounds=2)) == [
        ["opinion", "opinion"],
        ["argue", "argue"],
        ["argue", "argue"],
        ["opinion", "opinion"],
        ["score", "score"],
    ]


def test_in_a_sequential_round_one_speaks_after_another() -> None:
    episode = debate(rounds=1, speaking="sequential", opinions=False, judges=[])
    assert purposes(episode) == [["argue"], ["argue"]]


def test_without_opinions_nobody_is_asked_for_one() -> None:
    episode = debate(opinions=False)
    assert "opinion" not in play_out(episode)
    assert episode.outcome["shift"] is None


def test_without_judges_there_is_no_verdict() -> None:
    episode = debate(judges=[])
    assert "score" not in play_out(episode)
    assert not events(episode, Verdict)
    assert (episode.outcome["winner"], episode.outcome["margin"]) == (None, None)


def test_every_judge_scores_every_debater_on_every_criterion() -> None:
    episode = debate(
        judges=[{"name": "Kim"}, {"name": "Lund"}], rubric={"clarity": "is plain.", "wit": "is funny."}
    )
    asked = [
        (call.agent, call.about["contestant"], call.about["criterion"]) for call in play_out(episode)["score"]
    ]
    expected = {(j, d, c) for j in ("Kim", "Lund") for d in ("Ann", "Bo") for c in ("clarity", "wit")}
    assert len(asked) == len(expected)
    assert set(asked) == expected


def test_a_score_call_shows_the_criterion_and_what_it_means() -> None:
    call = play_out(debate(rubric={"wit": "it made you laugh."}))["score"][0]
    assert "|wit|it made you laugh.]" in call.prompt[-1].text


def test_the_answers_asked_for_are_degrees_of_agreement_texts_and_points() -> None:
    made = play_out(debate())
    assert {call.answer for call in made["opinion"]} == {OPINION}
    assert {call.answer.describe()["kind"] for call in made["argue"]} == {"text"}
    assert made["score"][0].answer.describe()["options"] == [str(points) for points in range(1, 11)]


def test_a_panel_is_drawn_anew_for_each_episode_from_the_judges() -> None:
    judges = [{"name": name} for name in ("Kim", "Lund", "Mora", "Nils")]
    panels = []
    for index in range(20):
        drawn = {call.agent for call in play_out(debate(index, judges=judges, panel=2))["score"]}
        assert len(drawn) == 2
        panels.append(frozenset(drawn))
    assert len(set(panels)) > 1


def test_without_panel_all_judges_sit() -> None:
    judges = [{"name": name} for name in ("Kim", "Lund", "Mora")]
    assert {call.agent for call in play_out(debate(judges=judges))["score"]} == {"Kim", "Lund", "Mora"}


@pytest.mark.parametrize(("index", "motion"), [(0, "A."), (1, "B."), (2, "C."), (3, "A."), (7, "B.")])
def test_motions_take_turns_over_the_episodes(index: int, motion: str) -> None:
    episode = debate(index, motions=["A.", "B.", "C."])
    play_out(episode)
    assert episode.outcome["motion"] == motion
    assert episode.messages[0].text == f"RULES[{motion}]"


def test_each_agents_calls_name_its_own_policy() -> None:
    judges = [{"name": "Kim", "policy": "red"}]
    made = play_out(debate(debaters=FOUR, policies=POLICIES, judges=judges))
    assert {call.agent: call.policy for call in made["argue"]} == {
        "Ann": "blue",
        "Bo": "red",
        "Cem": "default",
        "Dee": "default",
    }
    assert {call.policy for call in made["score"]} == {"red"}


def test_a_speech_that_failed_is_heard_by_nobody_and_recorded_without_message() -> None:
    episode = debate(rounds=1)
    made = play_out(episode, when("argue", "Bo"))
    assert [speech.message is None for speech in events(episode, DebateSpeech)] == [False, True]
    assert not any("mumble" in message.text for message in episode.messages)
    assert all(len([m for m in call.prompt if m.label]) == 1 for call in made["score"])


def test_an_opinion_that_failed_is_none_and_is_not_remembered() -> None:
    episode = debate()
    made = play_out(episode, when("opinion", "Ann"))
    told = [event for event in events(episode, DebateOpinion) if event.agent == "Ann"]
    assert [(event.opinion, event.expected) for event in told] == [(None, None), (None, None)]
    for call in made["argue"]:
        assert ("MEMORY" in text_of(call)) == (call.agent == "Bo")


def test_the_shift_counts_only_those_who_told_both_opinions() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose != "opinion":
            return plain_reply(call)
        if call.agent == "Bo" and call.about["when"] == "after":
            return failure("mumble")
        return reply("lean agree" if call.about["when"] == "before" else "certainly agree")

    episode = debate()
    play_out(episode, answer)
    assert episode.outcome["shift"] == 2.0


def test_a_score_that_failed_is_left_out_and_never_a_middle_score() -> None:
    judges = [{"name": "Kim"}, {"name": "Lund"}]

    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return failure("mumble") if call.agent == "Kim" else reply("9")
        return plain_reply(call)

    episode = debate(judges=judges)
    play_out(episode, answer)
    assert {(s.score, s.basis) for s in events(episode, Score) if s.judge == "Kim"} == {(None, "failed")}
    assert [verdict.score for verdict in events(episode, Verdict)] == [9.0, 9.0]


def test_a_debater_without_any_score_has_no_verdict_and_nobody_wins() -> None:
    def answer(call: Call) -> Reply:
        if call.about.get("contestant") == "Bo":
            return failure("mumble")
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert [(v.agent, v.score) for v in events(episode, Verdict)] == [("Ann", 1.0), ("Bo", None)]
    assert (episode.outcome["winner"], episode.outcome["margin"]) == (None, None)
