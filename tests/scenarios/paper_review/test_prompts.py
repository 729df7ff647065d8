"""Who reads what of a paper review: the other reviews, rebuttals, scores, and no name that is blinded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.paper_review.rules import Rebuttal, Review
from palaestra.scenarios.parts.anonymity import without_name
from support.episodes.paper_review import REVIEWERS, answers, review
from support.scripted_debates import events, plain_reply, play_out, reply, text_of


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
