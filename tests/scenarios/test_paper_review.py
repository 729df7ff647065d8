"""The rules of a paper review, on replies made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import palaestra.scenarios.paper_review
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.paper_review.config import PaperReviewConfig
from palaestra.scenarios.paper_review.rules import PaperReview, Rebuttal, Review, ReviewDecision, ReviewScore
from palaestra.scenarios.paper_review.scores import CRITERIA, in_words, paired, scale, spread
from palaestra.scenarios.parts.anonymity import without_name
from support.rewards import rewards_of
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.paper_review.__file__).parent / "ready").glob("*.yaml"))
FILE: dict[str, Any] = {
    "scenario": "paper_review",
    "engines": {"default": {"kind": "scripted"}},
    "papers": [
        {"title": "On trees", "abstract": "Trees cool streets."},
        {"title": "On naps", "abstract": "Naps help memory."},
    ],
    "author": {"name": "Quill Feather", "persona": "Polite."},
    "reviewers": [
        {"name": "Kim", "persona": "Strict.", "expertise": "statistics"},
        {"name": "Lund", "persona": "Mild.", "expertise": "biology"},
        {"name": "Mora", "persona": "Brief.", "expertise": "writing"},
    ],
    "chair": {"name": "Okoro", "persona": "Fair."},
}
REVIEWERS = ["Kim", "Lund", "Mora"]


def review(index: int = 0, **fields: Any) -> PaperReview:
    """A small review that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, PaperReviewConfig)
    return PaperReview(config, index=index)


def answers(
    before: Mapping[str, str | None], after: Mapping[str, str | None], verdict: Reply | None = None
) -> Callable[[Call], Reply]:
    """Answers with given overall scores by reviewer; None is a reply that can't be parsed."""

    def answer(call: Call) -> Reply:
        if call.purpose == "decide":
            return verdict or reply("accept")
        if call.about.get("criterion") != "overall":
            return plain_reply(call)
        score = (before if call.purpose == "rate" else after)[call.agent]
        return failure("mumble") if score is None else reply(score)

    return answer


# The order of things


def exchanges(episode: PaperReview) -> list[tuple[str, int]]:
    """The purpose and number of the calls of each exchange."""
    made = []
    while episode.pending:
        (purpose,) = {call.purpose for call in episode.pending}
        made.append((purpose, len(episode.pending)))
        episode.advance([plain_reply(call) for call in episode.pending])
    return made


def test_reviews_scores_rebuttals_revisions_and_a_decision() -> None:
    head = [("review", 3), ("rate", 15)]
    tail = [("revise", 3), ("meta_review", 1), ("decide", 1)]
    assert exchanges(review()) == [*head, ("rebut", 3), *tail]
    assert exchanges(review(rebuttal="joint")) == [*head, ("rebut_jointly", 1), *tail]


def test_papers_take_turns_over_the_episodes() -> None:
    for index, title in ((0, "On trees"), (1, "On naps"), (2, "On trees")):
        episode = review(index)
        made = play_out(episode)
        assert episode.outcome["paper"] == title
        assert title in text_of(made["review"][0])


def test_each_criterion_has_its_scale() -> None:
    made = play_out(review())
    assert {(c.about["criterion"], len(c.answer.describe()["options"])) for c in made["rate"]} == {
        ("soundness", 4),
        ("presentation", 4),
        ("contribution", 4),
        ("confidence", 5),
        ("overall", 10),
    }
    assert {c.answer for c in made["revise"]} == {scale("overall")}
    assert made["decide"][0].answer.describe()["options"] == ["accept", "reject"]


# Who sees what


def test_reviews_are_independent_whatever_is_shown_later() -> None:
    for visible in (True, False):
        made = play_out(review(visible_reviews=visible))
        for call in made["review"]:
            assert "speech-" not in text_of(call)
        for call in made["rate"]:
            said = [(message.label[:24], message.text) for message in call.prompt if message.label]
            assert said == [("Your review, as Reviewer", f"speech-{REVIEWERS.index(call.agent)}")]


def test_a_reviewer_reads_other_reviews_before_it_revises_only_where_they_are_visible() -> None:
    for visible in (True, False):
        for call in play_out(review(visible_reviews=visible))["revise"]:
            for number, name in enumerate(REVIEWERS):
                read = f"speech-{number}" in [message.text for message in call.prompt]
                assert read == (visible or call.agent == name)


def test_a_rebuttal_goes_to_the_reviewer_whom_it_answers() -> None:
    made = play_out(review(visible_reviews=False))
    to = {str(call.about["to"]): f"speech-{call.index}" for call in made["rebut"]}
    assert list(to) == REVIEWERS
    for call in made["revise"]:
        assert [name for name in REVIEWERS if to[name] in text_of(call)] == [call.agent]
    for text in to.values():
        assert text in text_of(made["meta_review"][0])


def test_a_joint_rebuttal_and_one_among_visible_reviews_goes_to_all() -> None:
    for visible, rebuttal, purpose in ((False, "joint", "rebut_jointly"), (True, "per_review", "rebut")):
        made = play_out(review(visible_reviews=visible, rebuttal=rebuttal))
        for call in (*made["revise"], made["meta_review"][0]):
            for said in made[purpose]:
                assert f"speech-{said.index}" in text_of(call)


def test_the_author_reads_all_reviews_with_their_scores_under_labels() -> None:
    episode = review()
    shown = text_of(play_out(episode)["rebut"][0])
    for event in events(episode, Review):
        assert f"{event.label}: speech-{REVIEWERS.index(event.reviewer)}" in shown
        assert f"{event.label} gave these scores: soundness 1 of 4" in shown
        assert event.reviewer not in shown


def test_labels_are_dealt_anew_in_each_episode() -> None:
    dealt = set()
    for index in range(20):
        episode = review(index)
        play_out(episode)
        labels = [event.label for event in events(episode, Review)]
        assert sorted(labels) == ["Reviewer 1", "Reviewer 2", "Reviewer 3"]
        dealt.add(tuple(labels))
    assert len(dealt) > 2


def test_a_reviewer_remembers_its_own_scores_and_only_the_chair_reads_the_revised_ones() -> None:
    made = play_out(
        review(visible_reviews=False), answers(dict.fromkeys(REVIEWERS, "7"), dict.fromkeys(REVIEWERS, "9"))
    )
    for call in made["revise"]:
        assert "You gave these scores: soundness 1 of 4" in text_of(call)
        assert "overall 7 of 10" in text_of(call)
    for call in (*made["meta_review"], *made["decide"]):
        assert text_of(call).count("gave: overall 9 of 10") == 3


def test_the_chair_decides_with_its_meta_review_in_view() -> None:
    made = play_out(review())
    assert f"Your meta-review: speech-{made['meta_review'][0].index}" in text_of(made["decide"][0])


def signing(call: Call) -> Reply:
    """Everybody signs what it says."""
    return (
        reply(f"I, {call.agent}, say so.") if call.answer.describe()["kind"] == "text" else plain_reply(call)
    )


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
@pytest.mark.parametrize("rebuttal", ["per_review", "joint"])
@pytest.mark.parametrize("visible", [True, False])
def test_double_blind_no_reviewer_and_no_chair_reads_the_authors_name_even_if_it_signs(
    layout: str, rebuttal: str, visible: bool
) -> None:
    episode = review(layout=layout, rebuttal=rebuttal, visible_reviews=visible)
    for calls in play_out(episode, signing).values():
        for call in calls:
            if call.agent != "Quill Feather":
                assert "Quill" not in text_of(call)
                assert "Feather" not in text_of(call)
    assert any("I, [name], say so." in message.text for message in episode.messages)


def test_single_blind_the_authors_name_is_on_the_paper() -> None:
    for calls in play_out(review(blind="single")).values():
        for call in calls:
            assert "Quill Feather" in text_of(call)


@pytest.mark.parametrize("blind", ["double", "single"])
def test_reviewers_are_named_to_nobody_even_if_they_sign(blind: str) -> None:
    for calls in play_out(review(blind=blind), signing).values():
        for call in calls:
            for name in REVIEWERS:
                assert (name in text_of(call)) == (name == call.agent)


def test_a_signed_text_is_told_without_the_name_and_is_no_quotation() -> None:
    episode = review()
    play_out(episode, signing)
    told: list[Review | Rebuttal] = [*events(episode, Review), *events(episode, Rebuttal)]
    for event in told:
        assert event.message is not None
        message = episode.messages[event.message]
        assert (message.text, message.source) == ("I, [name], say so.", None)


def test_names_are_blotted_out_as_whole_words() -> None:
    assert without_name("ann  lee and Lee, not Leeds or Lee's", "Ann Lee") == (
        "[name] and [name], not Leeds or [name]'s"
    )
    assert without_name("I will, said Will.", "Will") == "I [name], said [name]."
    assert without_name("I will, said Will Roe.", "Will Roe") == "I will, said [name]."
    assert without_name("J. is a letter", "J. Roe") == "J. is a letter"
    assert without_name("(a+b) is Ok", "(a+b)") == "[name] is Ok"


@given(st.text(), st.text(min_size=1, max_size=20).filter(lambda name: name.strip()))
def test_no_whole_name_is_left(text: str, name: str) -> None:
    blotted = without_name(f"{text} {name} {text}", name)
    assert f" {name} " not in blotted or name in "[name]"


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


# The contract, and the ready-made files


def readers(visible: bool, joint: bool) -> Callable[[Episode[Any], Call], set[str]]:
    """Who may read what, as the call for papers would say it."""

    def may_read(_: Episode[Any], call: Call) -> set[str]:
        if call.purpose == "review":
            return {"Quill Feather", "Okoro", *(REVIEWERS if visible else ())}
        if call.purpose in ("rebut", "rebut_jointly"):
            return {"Okoro", *(REVIEWERS if visible or joint else (str(call.about["to"]),))}
        return set()

    return may_read


@pytest.mark.parametrize("blind", ["double", "single"])
@pytest.mark.parametrize("rebuttal", ["per_review", "joint"])
@pytest.mark.parametrize("visible", [True, False])
def test_the_contract(blind: str, rebuttal: str, visible: bool) -> None:
    check_contract(
        FILE | {"blind": blind, "rebuttal": rebuttal, "visible_reviews": visible},
        may_read=readers(visible, rebuttal == "joint"),
        secrets={
            **{("reviewers", i, "expertise"): {name} for i, name in enumerate(REVIEWERS)},
        },
        episodes=2,
    )


def test_what_cannot_be_played_is_refused() -> None:
    reviewers = FILE["reviewers"]
    named = {"title": "On trees", "abstract": "Feather measured streets."}
    check_contract(
        FILE,
        may_read=readers(True, False),
        refused=[
            ({"papers": []}, "papers"),
            ({"papers": [{"title": " ", "abstract": "Trees."}]}, "title"),
            ({"papers": [named]}, "this names the author, Quill Feather"),
            ({"chair": {"name": "Okoro", "persona": "quill feather's friend."}}, "this names the author"),
            ({"reviewers": []}, "reviewers"),
            ({"reviewers": [reviewers[0], {"name": " kim"}]}, "two agents are named"),
            ({"chair": {"name": "quill feather"}}, "two agents are named"),
            ({"author": {"name": "Ann", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"blind": "triple"}, "blind"),
        ],
        episodes=1,
    )
    assert review(papers=[named], blind="single").config.papers[0].abstract == "Feather measured streets."


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["decision"] in ("accept", "reject")
        assert episode.outcome["failures"] == 0
