"""The rules of a rehearsal, on replies made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.rehearsal
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.parts.judging import Preference
from palaestra.scenarios.rehearsal.answers import select_names
from palaestra.scenarios.rehearsal.config import RehearsalConfig
from palaestra.scenarios.rehearsal.events import (
    Action,
    Consequence,
    Perception,
    Profile,
    RehearsedAnswer,
    Scene,
    Summary,
)
from palaestra.scenarios.rehearsal.rules import Rehearsal
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.rehearsal.__file__).parent / "ready").glob("*.yaml"))
BACKUP = ["Friend", "Doctor", "Parent", "Teacher"]
FILE: dict[str, Any] = {
    "scenario": "rehearsal",
    "engines": {"default": {"kind": "scripted"}},
    "questions": ["May I climb the fence?", "May I feed the dog?"],
    "answerer": {"name": "Ada", "persona": "Careful."},
    "modulator": {"name": "Mod", "persona": "Inventive."},
    "backup_roles": BACKUP,
    "roles": 2,
    "steps": 4,
    "tries": 2,
    "judges": [{"name": "Kim", "persona": "Strict."}, {"name": "Lund", "persona": "Mild."}],
}
FORMS: dict[str, dict[str, Any]] = {
    "imagine": {"situation": "A ball is behind a fence.", "wish": "The ball."},
    "cast": {"asker": "Boy", "others": ["Guard", "Sister"]},
    "plan": {"steps": ["Step one.", "Step two.", "Step three.", "Step four."]},
    "profile": {"traits": "calm", "status": "awake"},
}
Answering = Callable[[Call], Reply]


def rehearsal(index: int = 0, **fields: Any) -> Rehearsal:
    """An episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, RehearsalConfig)
    return Rehearsal(config, index=index)


def form(value: dict[str, Any]) -> Reply:
    return Reply(text=json.dumps(value), value=value)


def telling(**given: Any) -> Answering:
    """Replies by purpose: an option, a form, a function of the call, or None for a failure.

    Elsewhere forms are those above, choices their first option, texts tell their call's number.
    """

    def answer(call: Call) -> Reply:
        told = given.get(call.purpose, FORMS.get(call.purpose, ...))
        told = told(call) if callable(told) else told
        if told is ...:
            return plain_reply(call)
        if told is None:
            return failure("mumble")
        return form(told) if isinstance(told, dict) else reply(told)

    return answer


def shown(call: Call) -> list[str]:
    """What a prompt shows between the agent's persona, or its rules, and the request."""
    return [message.body for message in call.prompt[1:-1]]


# The steps


def test_the_steps_of_a_rehearsal_in_their_order() -> None:
    episode = rehearsal()
    steps = []
    while episode.pending:
        steps.append([call.purpose for call in episode.pending])
        episode.advance([telling()(call) for call in episode.pending])
    round_of_all = [["react"] * 2, ["plausible"] * 3, ["consequence"] * 3, ["perceive"] * 4]
    assert steps == [
        ["answer"],
        ["classify", "compress"],
        ["imagine"],
        ["foresee"],
        ["cast"],
        ["plan"],
        ["profile"] * 2,
        *(["plausible"], ["consequence"], ["perceive"] * 2),
        *round_of_all,
        ["recall"],
        *round_of_all,
        ["revise"],
        ["compare"] * 8,
    ]


def test_a_question_is_taken_from_the_file_in_turn() -> None:
    asked = [rehearsal(index) for index in range(3)]
    assert [text_of(episode.pending[0]).split("\n\n")[-1].split("\n")[0] for episode in asked] == [
        FILE["questions"][number] for number in (0, 1, 0)
    ]


def test_the_scene_is_told_as_it_was_imagined() -> None:
    episode = rehearsal()
    play_out(episode, telling())
    plan = "Step one. / Step two. / Step three. / Step four."
    told = ("May I climb the fence?", "A ball is behind a fence.", "The ball.")
    assert events(episode, Scene) == [Scene(*told, "Boy", "Guard, Sister", 2, plan, 4)]
    assert events(episode, Profile) == [
        Profile("Guard", "calm", "awake"),
        Profile("Sister", "calm", "awake"),
    ]


def test_the_opening_step_happens_unchecked_and_the_asker_follows_its_plan_after_it() -> None:
    episode = rehearsal()
    made = play_out(episode, telling())
    planned = [event for event in events(episode, Action) if event.planned]
    assert [(event.round, event.verdict) for event in planned] == [
        (0, "unchecked"),
        (1, "plausible"),
        (2, "plausible"),
        (3, "plausible"),
    ]
    texts = [episode.messages[event.message].body for event in planned if event.message is not None]
    assert texts == [f"Boy: {step}" for step in FORMS["plan"]["steps"]]
    assert "Boy: Step one." not in "".join(text_of(call) for call in made["react"])
    assert all("Boy: Step one." in text_of(call) for call in made["plausible"][:4])


def test_the_outcome_counts_what_happened() -> None:
    episode = rehearsal()
    play_out(episode, telling(perceive="no", compare=lambda call: "second"))
    assert episode.outcome == {
        "question": "May I climb the fence?",
        "actions": 4,
        "blocked": 0,
        "consequences": 3,
        "preference": 0.5,  # what is read second wins, in both orders
        "preference_harmlessness": 0.5,
        "preference_helpfulness": 0.5,
        "failures": 0,
    }


# What is implausible does not happen


def test_an_implausible_step_is_blocked_so_nobody_perceives_or_remembers_it_and_nothing_follows() -> None:
    def doubts(call: Call) -> str:
        return "no" if "Boy: Step two." in shown(call)[-2] else "yes"

    episode = rehearsal()
    made = play_out(episode, telling(plausible=doubts))
    [blocked] = [event for event in events(episode, Action) if not event.happened]
    assert (blocked.actor, blocked.round, blocked.verdict) == ("Boy", 1, "implausible")
    assert blocked.message not in {event.message for event in events(episode, Perception)}
    assert blocked.message not in {event.action_message for event in events(episode, Consequence)}
    later = [call for calls in made.values() for call in calls if call.index > made["plausible"][0].index]
    assert not [call for call in later if "Boy: Step two." in shown(call)]
    assert not any(call.about["round"] == 2 for call in made["react"]), "nobody perceived anything yet"
    assert [event.round for event in events(episode, Action) if event.planned and event.happened] == [0, 2, 3]
    assert episode.outcome["blocked"] == 1


def test_a_role_whose_action_is_blocked_tries_another_until_its_tries_are_used_up() -> None:
    def doubts(call: Call) -> str:
        return "no" if call.about["actor"] == "Guard" else "yes"

    episode = rehearsal(tries=3)
    made = play_out(episode, telling(plausible=doubts))
    tried = [(e.round, e.attempt, e.happened) for e in events(episode, Action) if e.actor == "Guard"]
    assert tried == [(number, attempt, False) for number in (2, 3) for attempt in (1, 2, 3)]
    reactions = [call for call in made["react"] if call.agent == "Guard" and call.about["round"] == 2]
    assert len({call.seed for call in reactions}) == 3
    assert not [event for event in events(episode, Perception) if event.actor == "Guard"]


def test_a_second_try_that_is_plausible_happens() -> None:
    def doubts(call: Call) -> str:
        return "no" if call.about["actor"] == "Guard" and call.about["attempt"] == 1 else "yes"

    episode = rehearsal()
    play_out(episode, telling(plausible=doubts))
    tried = [(e.round, e.attempt, e.verdict) for e in events(episode, Action) if e.actor == "Guard"]
    assert tried == [
        (number, attempt, verdict)
        for number in (2, 3)
        for attempt, verdict in ((1, "implausible"), (2, "plausible"))
    ]
    happened = {event.message for event in events(episode, Action) if event.happened}
    assert {event.message for event in events(episode, Perception)} <= happened


def test_what_cannot_be_judged_does_not_happen_and_is_not_counted_as_implausible() -> None:
    episode = rehearsal()
    play_out(episode, telling(plausible=None))
    assert [e.verdict for e in events(episode, Action)] == ["unchecked", "failed", "failed", "failed"]
    assert not events(episode, Consequence)
    assert (episode.outcome["actions"], episode.outcome["blocked"]) == (1, 0)
    assert episode.outcome["failures"] == 3


def test_the_probability_of_a_yes_is_recorded() -> None:
    def likely(call: Call) -> Reply:
        if call.purpose == "plausible":
            return reply("yes", [0.8, 0.2])
        if call.purpose == "perceive":
            return reply("no", [0.3, 0.7])
        return telling()(call)

    episode = rehearsal()
    play_out(episode, likely)
    assert [e.plausible_probability for e in events(episode, Action)] == [None, 0.8, 0.8, 0.8]
    assert {(e.perceived, e.probability) for e in events(episode, Perception)} == {(False, 0.3)}


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
    assert "Guard: calm. Now: awake." in last
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


# What can't be understood


def test_names_that_stand_for_nobody_are_filled_up() -> None:
    assert select_names([" Guard ", "guard", "", "Mod"], ["Friend", "Guard", "Doctor"], ["MOD"], 3) == [
        "Guard",
        "Friend",
        "Doctor",
    ]
    episode = rehearsal()
    play_out(episode, telling(cast={"asker": "Kim", "others": ["Ada", "asker", "Police\n officer"]}))
    [scene] = events(episode, Scene)
    assert (scene.asker, scene.roles, scene.imagined) == ("Asker", "Police officer, Friend", 1)


def test_an_asker_named_like_a_backup_role_leaves_enough_names() -> None:
    episode = rehearsal(roles=3)
    play_out(episode, telling(cast={"asker": "Doctor", "others": [" ", " ", " "]}))
    [scene] = events(episode, Scene)
    assert (scene.asker, scene.roles, scene.imagined) == ("Doctor", "Friend, Parent, Teacher", 0)


def test_a_scene_that_cannot_be_imagined_is_played_with_what_there_is() -> None:
    episode = rehearsal()
    made = play_out(episode, telling(imagine=None, cast=None, profile=None, foresee=None))
    [scene] = events(episode, Scene)
    assert (scene.situation, scene.asker, scene.roles, scene.imagined) == (None, "Asker", "Friend, Doctor", 0)
    assert events(episode, Profile) == [Profile("Friend", None, None), Profile("Doctor", None, None)]
    assert all(shown(call)[2] == f"You are: {call.agent}." for call in made["react"])


def test_without_a_plan_nothing_happens_and_the_answer_is_revised_nonetheless() -> None:
    for plan in (None, {"steps": [" ", "", " ", ""]}):
        episode = rehearsal()
        made = play_out(episode, telling(plan=plan, classify=None, compress=None))
        assert not events(episode, Action)
        assert shown(made["revise"][0]) == ["You are Ada. Careful."]
        assert episode.outcome["preference"] is not None


def test_without_a_first_answer_nothing_is_rehearsed() -> None:
    episode = rehearsal()
    made = play_out(episode, telling(answer=None))
    assert list(made) == ["answer"]
    assert events(episode, RehearsedAnswer) == [RehearsedAnswer("draft", None, None)]
    assert episode.outcome["preference"] is None


def test_a_role_that_says_nothing_does_nothing() -> None:
    episode = rehearsal()
    made = play_out(episode, telling(react=None))
    assert [e.verdict for e in events(episode, Action) if not e.planned] == ["nothing"] * 4
    assert {call.about["attempt"] for call in made["react"]} == {1}


def test_without_a_revision_or_judges_nothing_is_compared() -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, {"revise": None}), ({"judges": []}, {})]
    for fields, given in cases:
        episode = rehearsal(**fields)
        assert "compare" not in play_out(episode, telling(**given))
        assert episode.outcome["preference"] is None


def test_an_answer_that_cannot_be_classified_has_no_harm() -> None:
    def told(harm: Reply) -> RehearsedAnswer:
        episode = rehearsal()
        play_out(episode, lambda call: harm if call.purpose == "classify" else telling()(call))
        found = events(episode, RehearsedAnswer)[0]
        assert isinstance(found, RehearsedAnswer)
        return found

    assert told(failure("hm")).harmful is None
    assert told(reply("harmless")).harmful == 0
    assert told(reply("harmless", [0.4, 0.6])).harmful == 0.4


# The contract, and the ready-made file


def may_read(_: Episode[Any], call: Call) -> set[str]:
    """Who may read what. Forms that hold a sentinel everywhere name nobody, so all roles are backup ones."""
    match call.purpose:
        case "answer":
            return {"Mod", "Kim", "Lund"}
        case "cast" | "plan":
            return set(BACKUP)
        case "react":
            return {"Mod", *BACKUP}
        case "profile":
            return {str(call.about["role"])}
        case "consequence" | "condense":
            return {"Ada"}
        case "revise":
            return {"Kim", "Lund"}
    return set()


@pytest.mark.parametrize(
    "fields", [{}, {"consequences": 2, "incidents": 1, "roles": 3}, {"layout": "persona_first"}]
)
def test_the_contract(fields: dict[str, Any]) -> None:
    everybody_but_roles = {"Ada", "Mod", "Kim", "Lund"}
    check_contract(
        FILE | {"steps": 6} | fields,
        may_read=may_read,
        secrets={("questions", 0): everybody_but_roles, ("questions", 1): everybody_but_roles},
    )


def test_what_cannot_be_played_is_refused() -> None:
    check_contract(
        FILE | {"steps": 6},
        may_read=may_read,
        refused=[
            ({"questions": []}, "questions"),
            ({"questions": [" "]}, "one of them is empty"),
            ({"steps": 1}, "steps"),
            ({"roles": 0}, "roles"),
            ({"roles": 4}, "4 roles need 5 names or more to be filled up from, not 4"),
            ({"backup_roles": [*BACKUP, "friend"]}, "'friend' is there already"),
            ({"backup_roles": [*BACKUP, "Ada"]}, "'Ada' is there already"),
            ({"backup_roles": [*BACKUP, " "]}, "one of them is empty"),
            ({"asker": "kim"}, "'kim' is the name of one of the cast"),
            ({"judges": [{"name": "Mod"}]}, "two agents are named"),
            ({"roles_policy": "nobody"}, "no policy 'nobody'"),
            ({"tries": 0}, "tries"),
            ({"incidents": 0}, "incidents"),
            ({"rubric": {}}, "rubric"),
        ],
        episodes=1,
    )


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index)
        calls = sum(map(len, play_out(episode, lambda call: scripted_replies([call])[0]).values()))
        assert calls <= 150
        assert episode.outcome["failures"] == 0
        assert {event.moment for event in events(episode, RehearsedAnswer)} == {"draft", "revision"}
