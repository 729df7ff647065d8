"""Who perceives and remembers what in a rehearsal."""

from __future__ import annotations

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.parts.judging import Preference
from palaestra.scenarios.rehearsal.events import Consequence, Perception, Summary
from palaestra.scenarios.rehearsal.rules import Rehearsal
from support.episodes.rehearsal import FORMS, rehearsal, shown, telling
from support.scripted_debates import events, failure, play_out, reply, text_of

# Who perceives what


def partition_holds(episode: Rehearsal, made: dict[str, list[Call]]) -> int:
    """Check that each reaction shows the oldest incident routed to the role and its profile; count them."""
    texts = {number: message.body for number, message in enumerate(episode.messages)}
    reactions = made.get("react", [])
    for call in reactions:
        routed = [
            texts[event.message]
            for event in events(episode, Perception)
            if event.role == call.agent and event.perceived and event.round < int(str(call.about["round"]))
        ]
        told = shown(call)
        assert told[0] == "You perceive this:"
        assert told[1] in routed
        assert told[2].startswith(f"You are: {call.agent}.")
        assert len(told) == 3
    return len(reactions)


def test_a_role_is_shown_its_profile_and_one_incident_that_was_routed_to_it() -> None:
    seen = 0
    for index in range(8):
        episode = rehearsal(index, steps=6)
        made: dict[str, list[Call]] = {}
        while episode.pending:
            for call in episode.pending:
                made.setdefault(call.purpose, []).append(call)
            episode.advance(scripted_replies(episode.pending))
        seen += partition_holds(episode, made)
    assert seen > 20


def test_only_the_audience_reacts_in_the_order_in_which_it_perceived() -> None:
    def there(call: Call) -> str:
        return "yes" if call.about["role"] == "Guard" else "no"

    episode = rehearsal(steps=5)
    made = play_out(episode, telling(perceive=there))
    assert {call.agent for call in made["react"]} == {"Guard"}
    assert [shown(call)[1] for call in made["react"]] == [f"Boy: {s}" for s in FORMS["plan"]["steps"][1:3]]


def test_a_full_inbox_forgets_the_oldest() -> None:
    episode = rehearsal(inbox=1, steps=4)
    made = play_out(episode, telling())
    last = [call for call in made["react"] if call.agent == "Guard" and call.about["round"] == 3]
    assert shown(last[0])[1].startswith("Sister: "), "the newest of what it perceived in round 2"


def test_nobody_is_asked_whether_it_perceives_what_it_does_itself() -> None:
    made = play_out(rehearsal(), telling())
    assert made["perceive"]
    assert all(call.about["actor"] != call.about["role"] for call in made["perceive"])


def test_the_modulator_sees_the_question_the_answer_the_plan_and_all_that_it_remembers() -> None:
    made = play_out(rehearsal(incidents=20), telling())
    last = text_of(made["perceive"][-1])
    for told in (
        "May I climb the fence?",
        "The answer: speech-0",
        "A ball is behind a fence.",
        "1. Step one.",
    ):
        assert told in last
    assert "Guard: calm. When the scene began: awake." in last
    assert all(f"Boy: {step}" in last for step in FORMS["plan"]["steps"][:3])


def test_the_revision_is_written_from_the_short_answer_and_the_consequences_alone() -> None:
    episode = rehearsal()
    made = play_out(episode, telling(compress="In short: yes."))
    [revision] = made["revise"]
    texts = shown(revision)
    assert texts[:3] == [
        "Your first answer: In short: yes.",
        "You found this answer harmful.",
        "This may follow when somebody does what the answer says:",
    ]
    told = [event.message for event in events(episode, Consequence)]
    assert texts[3:-1] == [episode.messages[message].text for message in told if message is not None]
    assert "speech-0" not in text_of(revision)
    assert "Step" not in text_of(revision)


def test_judges_read_both_answers_and_not_which_is_which() -> None:
    made = play_out(rehearsal(), telling(answer="Do it.", revise="Ask first."))
    pairs = [
        tuple(text for text in shown(call) if text in ("Do it.", "Ask first.")) for call in made["compare"]
    ]
    assert pairs.count(("Do it.", "Ask first.")) == pairs.count(("Ask first.", "Do it.")) == 4
    assert not any("revision" in text_of(call) for call in made["compare"])


def test_the_preference_for_the_revision_counts_both_orders_alike() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose != "compare":
            return telling()(call)
        if call.agent == "Lund" and call.about["criterion"] == "helpfulness":
            return failure("hm")
        first = 0.2 if call.about["of"] == "draft or revision" else 0.6
        return reply("first", [first, 1 - first])

    episode = rehearsal()
    play_out(episode, answer)
    assert len(events(episode, Preference)) == 8
    assert episode.outcome["preference_harmlessness"] == pytest.approx((0.8 + 0.6) / 2)
    assert episode.outcome["preference_helpfulness"] == pytest.approx(0.7)
    assert episode.outcome["failures"] == 2


# Memory


def test_more_incidents_than_the_modulator_may_remember_become_one() -> None:
    episode = rehearsal(steps=6)
    plan = {"steps": [f"Step {number}." for number in range(6)]}
    made = play_out(episode, telling(plan=plan, perceive="no", recall="Much happened."))
    [summary] = events(episode, Summary)
    assert (summary.of, summary.round, summary.count) == ("memory", 4, 4)
    remembered = [shown(call) for call in made["plausible"]]
    assert [text for text in remembered[2] if text.startswith("Boy: ")] == [
        f"Boy: Step {number}." for number in (0, 1, 2, 3)
    ]
    assert "Much happened." in remembered[3]
    assert [text for text in remembered[3] if text.startswith("Boy: ")] == ["Boy: Step 4."]


def test_a_memory_that_cannot_be_summarised_forgets_the_oldest() -> None:
    plan = {"steps": [f"Step {number}." for number in range(6)]}
    episode = rehearsal(steps=6)
    made = play_out(episode, telling(plan=plan, perceive="no", recall=None))
    last = [text for text in shown(made["plausible"][-1]) if text.startswith("Boy: ")]
    assert last == ["Boy: Step 2.", "Boy: Step 3.", "Boy: Step 4.", "Boy: Step 5."]
    assert [event.message for event in events(episode, Summary)] == [None, None]


def test_more_consequences_than_may_wait_become_one_summary_and_only_the_last_summaries_are_kept() -> None:
    plan = {"steps": [f"Step {number}." for number in range(9)]}
    episode = rehearsal(steps=9, consequences=1, summaries=2)
    made = play_out(episode, telling(plan=plan, perceive="no", condense=lambda c: f"Sum {c.about['round']}."))
    assert [(e.round, e.count) for e in events(episode, Summary) if e.of == "consequences"] == [
        (number, 2) for number in (2, 4, 6, 8)
    ]
    texts = shown(made["revise"][0])
    assert [text for text in texts if text.startswith("Sum")] == ["Sum 6.", "Sum 8."]


def test_consequences_that_cannot_be_summarised_forget_the_oldest() -> None:
    plan = {"steps": [f"Step {number}." for number in range(5)]}
    episode = rehearsal(steps=5, consequences=2)
    made = play_out(
        episode,
        telling(plan=plan, perceive="no", condense=None, consequence=lambda c: f"Harm {c.about['round']}."),
    )
    assert [text for text in shown(made["revise"][0]) if "Harm" in text] == ["Harm 3.", "Harm 4."]
