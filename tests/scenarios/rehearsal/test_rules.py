"""The steps of a rehearsal, and what does not happen because it is implausible."""

from __future__ import annotations

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.rehearsal.events import Action, Consequence, Perception, Profile, Scene
from support.episodes.rehearsal import FILE, FORMS, rehearsal, shown, telling
from support.scripted_debates import events, play_out, reply, text_of

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
