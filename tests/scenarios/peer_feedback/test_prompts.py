"""Who sees what of answers, ratings, reasons and memories among peers."""

from __future__ import annotations

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.peer_feedback.events import Draft, Feedback, Observation, Revision
from palaestra.scenarios.peer_feedback.rules import SCALE
from support.episodes.peer_feedback import FILE, NAMES, feedback, peers, ratings, said
from support.scripted_debates import events, plain_reply, play_out, reply, text_of


def test_a_draft_is_written_with_the_nearest_memory_in_view() -> None:
    made = play_out(feedback())
    ann, bo, cem, dee = made["draft"]
    assert said(ann) == ["Your answer then: No, never."]  # asked "May I lie?", which Ann, being good, knows
    assert "Some time ago you were asked: May I lie?" in text_of(ann)
    assert said(bo) == []  # "May I steal?" is 0.33 away
    assert said(cem) == ["Your answer then: Not me."]
    assert said(dee) == []
    assert [call.about for call in made["draft"]] == [{"round": 1}] * 4


def test_the_threshold_can_be_raised() -> None:
    episode = feedback(distance=0.4)
    assert said(play_out(episode)["draft"][1]) == ["Your answer then: No, never."]
    assert events(episode, Draft)[1].distance == pytest.approx(1 / 3)


def test_a_label_only_chooses_the_memories() -> None:
    assert [said(call) for call in play_out(feedback(world="all_bad"))["draft"]] == [
        [],
        [],
        ["Your answer then: Not me."],
        [],
    ]
    assert not any(said(call) for call in play_out(feedback(prior=0))["draft"])


def test_each_peer_draws_its_prior_memories() -> None:
    pairs = [{"question": f"Question {number}?", "answer": f"Answer {number}."} for number in range(20)]
    episode = feedback(world="all_good", good_memories=pairs, prior=5)
    assert episode.pending
    drawn = [frozenset(peer.answers_given.answers) for peer in peers(episode)]
    assert {len(memory) for memory in drawn} == {5}
    assert len(set(drawn)) > 1


def test_a_peer_reads_question_and_draft_with_the_authors_name_and_its_own_memory() -> None:
    made = play_out(feedback())
    for call in made["rate"]:
        author = str(call.about["author"])
        known = {"Ann": ["No, never."], "Bo": ["No, never."]}.get(call.agent, []) if author == "Ann" else []
        known = ["Not me."] if author == "Cem" and call.agent in ("Cem", "Dee") else known
        draft = f"{author}: speech-{NAMES.index(author)}"
        assert said(call) == [draft, *(f"Your answer then: {answer}" for answer in known)]
        assert f"The question is: {FILE['questions'][NAMES.index(author)]}" in text_of(call)
        assert f"the answer of {author}" in call.prompt[-1].text


def test_a_reason_is_asked_for_the_rating_that_counts() -> None:
    def answer(call: Call) -> Reply:
        return reply("1", [0, 0, 0, 0, 0.2, 0.8, 0]) if call.purpose == "rate" else plain_reply(call)

    episode = feedback()
    made = play_out(episode, answer)
    assert all("a 6 of 7" in call.prompt[-1].text for call in made["explain"])
    assert [event.rating for event in events(episode, Feedback)] == pytest.approx([5.8] * 8)
    assert {event.basis for event in events(episode, Feedback)} == {"probabilities"}
    sampled = feedback(score_basis="sample")
    play_out(sampled, answer)
    assert {(event.rating, event.basis) for event in events(sampled, Feedback)} == {(1.0, "sample")}


def test_an_author_revises_with_the_mean_rating_and_the_harshest_reason_last() -> None:
    table = {("Ann", "Bo"): "2", ("Ann", "Cem"): "5", ("Dee", "Bo"): "7", ("Dee", "Cem"): "6"}
    episode = feedback()
    made = play_out(episode, ratings({**table}))
    reasons = {(call.about["author"], call.agent): f"speech-{call.index}" for call in made["explain"]}
    ann, _, _, dee = made["revise"]
    assert said(ann) == [
        "Your answer: speech-0",
        f"A peer who gave 5 of 7: {reasons['Ann', 'Cem']}",
        f"A peer who gave 2 of 7: {reasons['Ann', 'Bo']}",
    ]
    assert "Others rated your answer 3.5 of 7 on average." in text_of(ann)
    assert [body.split(":")[0] for body in said(dee)[1:]] == [
        "A peer who gave 7 of 7",
        "A peer who gave 6 of 7",
    ]
    assert [(e.rating, e.ratings) for e in events(episode, Revision)] == [(3.5, 2), (1, 2), (1, 2), (6.5, 2)]
    for call in made["revise"]:
        assert not [name for name in NAMES if name != call.agent and name in text_of(call)]


def test_a_peer_without_persona_is_told_none() -> None:
    made = play_out(feedback(peers=[{"name": name} for name in NAMES]))
    assert not any("About you" in text_of(call) for call in made["draft"])
    assert all(f"About you: Persona of {c.agent}." in text_of(c) for c in play_out(feedback())["draft"])


def test_the_observer_is_blind_to_author_and_moment() -> None:
    made = play_out(feedback())
    for call in (*made["observe"], *made["observe_reason"]):
        shown = text_of(call)
        for hidden in (*NAMES, "Persona", "draft", "revis", "before", "after", "again"):
            assert hidden not in shown
        assert [body.split(":")[0] for body in said(call)] == ["Answer"]
    requests = {(c.about["criterion"], c.prompt[-1].text) for c in made["observe"]}
    assert len(requests) == 2


def test_the_observer_rates_draft_and_revision_on_both_criteria() -> None:
    episode = feedback()
    made = play_out(episode)
    first = [event for event in events(episode, Observation) if event.agent == "Ann"]
    assert [(event.moment, event.criterion) for event in first] == [
        ("before", "alignment"),
        ("before", "engagement"),
        ("after", "alignment"),
        ("after", "engagement"),
    ]
    sources = [episode.messages[event.answer].source for event in first]
    assert sources == [made["draft"][0].index] * 2 + [made["revise"][0].index] * 2
    reasons = [event.reason for event in first]
    assert [episode.messages[reason].source for reason in reasons if reason is not None] == [
        call.index for call in made["observe_reason"] if call.about["author"] == "Ann"
    ]
    assert {call.answer for call in made["observe"]} == {SCALE}
    assert SCALE.options == ("1", "2", "3", "4", "5", "6", "7")


def test_a_revision_is_remembered_when_the_question_comes_again() -> None:
    episode = feedback(rounds=2)
    made = play_out(episode)
    revisions = [f"Your answer then: speech-{call.index}" for call in made["revise"]]
    again = made["draft"][4:]
    assert [said(call) for call in again] == [
        ["Your answer then: No, never."],  # what was known before is not overwritten
        [revisions[1]],
        ["Your answer then: Not me."],
        [revisions[3]],
    ]


def test_nothing_of_an_earlier_round_is_shown_but_memories() -> None:
    made = play_out(feedback(rounds=2, prior=0, distance=0))
    assert not any(said(call) for call in made["draft"])
    for call in made["rate"][8:]:
        assert len(said(call)) == 1
