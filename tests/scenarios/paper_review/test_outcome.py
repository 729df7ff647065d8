"""What comes out of a paper review, also where replies failed: means, spreads and the decision."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.paper_review.rules import Rebuttal, Review, ReviewDecision, ReviewScore
from palaestra.scenarios.paper_review.scores import CRITERIA, in_words, paired, spread
from support.episodes.paper_review import FILE, REVIEWERS, answers, review
from support.rewards import rewards_of
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

# What comes out


def test_means_and_spreads_are_over_those_who_scored_twice() -> None:
    episode = review()
    before: dict[str, str | None] = {"Kim": "2", "Lund": "6", "Mora": "10"}
    play_out(episode, answers(before, {"Kim": "4", "Lund": "6", "Mora": None}))
    assert (episode.outcome["overall_before"], episode.outcome["overall_after"]) == (4.0, 5.0)
    assert (episode.outcome["spread_before"], episode.outcome["spread_after"]) == (2.0, 1.0)
    assert episode.outcome["failures"] == 1
    assert [(e.score, e.basis) for e in events(episode, ReviewScore) if e.moment == "after"] == [
        (4.0, "sample"),
        (6.0, "sample"),
        (None, "failed"),
    ]


def test_one_reviewer_has_no_spread() -> None:
    episode = review(reviewers=FILE["reviewers"][:1])
    play_out(episode, answers({"Kim": "3"}, {"Kim": "5"}))
    assert (episode.outcome["overall_before"], episode.outcome["spread_before"]) == (3.0, None)


@pytest.mark.parametrize(
    ("said", "decision", "accept", "basis"),
    [
        (reply("reject", [0.25, 0.75]), "reject", 0.25, "probabilities"),
        (reply("accept"), "accept", 1.0, "sample"),
        (reply("reject"), "reject", 0.0, "sample"),
        (failure("perhaps"), None, None, "failed"),
    ],
)
def test_a_decision_has_the_probability_of_accepting(
    said: Reply, decision: str | None, accept: float | None, basis: str
) -> None:
    episode = review()
    some = dict.fromkeys(REVIEWERS, "5")
    made = play_out(episode, answers(some, some, said))
    (event,) = events(episode, ReviewDecision)
    assert (event.chair, event.decision, event.accept, event.basis) == ("Okoro", decision, accept, basis)
    assert event.message is not None
    assert episode.messages[event.message].source == made["meta_review"][0].index
    assert (episode.outcome["decision"], episode.outcome["accept"]) == (decision, accept)
    assert rewards_of(episode) == ({} if accept is None else {"Quill Feather": accept})


def test_a_sampled_decision_has_no_probability() -> None:
    episode = review(score_basis="sample")
    some = dict.fromkeys(REVIEWERS, "5")
    play_out(episode, answers(some, some, reply("reject", [0.25, 0.75])))
    assert (episode.outcome["decision"], episode.outcome["accept"]) == ("reject", 0.0)


def test_a_score_is_the_expectation_where_probabilities_are_known() -> None:
    def answer(call: Call) -> Reply:
        if call.about.get("criterion") == "soundness":
            return reply("4", [0.5, 0.0, 0.0, 0.5])
        return plain_reply(call)

    episode = review()
    play_out(episode, answer)
    scores = [e for e in events(episode, ReviewScore) if e.criterion == "soundness"]
    assert {(e.score, e.basis, e.moment) for e in scores} == {(2.5, "probabilities", "before")}


def test_scores_in_words() -> None:
    assert in_words({"soundness": 3.0, "overall": 6.4999}) == "soundness 3 of 4, overall 6.5 of 10"


def test_pairs_and_spread_by_hand() -> None:
    assert paired({"a": 1.0, "b": None, "c": 3.0}, {"a": 2.0, "b": 5.0, "c": None}) == ([1.0], [2.0])
    assert spread([2, 4, 4, 4, 5, 5, 7, 9]) == 2.0
    assert spread([3.0]) is None
    assert list(CRITERIA) == ["soundness", "presentation", "contribution", "confidence", "overall"]


# Replies that could not be parsed


def failing(*purposes: str) -> Callable[[Call], Reply]:
    return lambda call: failure("") if call.purpose in purposes else plain_reply(call)


def test_a_review_that_failed_is_read_by_nobody_and_not_rebutted() -> None:
    def answer(call: Call) -> Reply:
        return failure("") if (call.purpose, call.agent) == ("review", "Kim") else plain_reply(call)

    episode = review()
    made = play_out(episode, answer)
    assert [call.about["to"] for call in made["rebut"]] == ["Lund", "Mora"]
    assert [event.message is None for event in events(episode, Review)] == [True, False, False]


@pytest.mark.parametrize("rebuttal", ["per_review", "joint"])
def test_without_any_review_there_is_no_rebuttal_and_yet_a_decision(rebuttal: str) -> None:
    episode = review(rebuttal=rebuttal)
    made = play_out(episode, failing("review"))
    assert not {"rebut", "rebut_jointly"} & set(made)
    assert not events(episode, Rebuttal)
    assert episode.outcome["decision"] == "accept"
    assert episode.outcome["failures"] == 3


def test_a_rebuttal_that_failed_is_recorded_without_message() -> None:
    episode = review(rebuttal="joint")
    play_out(episode, failing("rebut_jointly"))
    assert [(e.reviewer, e.message) for e in events(episode, Rebuttal)] == [(None, None)]


def test_where_no_score_was_understood_none_is_told_or_remembered() -> None:
    episode = review()
    made = play_out(episode, failing("rate", "revise", "meta_review"))
    assert "these scores" not in text_of(made["revise"][0])
    assert "gave" not in text_of(made["decide"][0])
    assert episode.outcome["overall_before"] is None
    assert events(episode, ReviewDecision)[0].message is None
