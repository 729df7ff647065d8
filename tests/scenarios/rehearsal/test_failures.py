"""Rehearsals in which something can't be understood, and those that can't be played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.rehearsal
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import load
from palaestra.scenarios.rehearsal.answers import select_names
from palaestra.scenarios.rehearsal.events import Action, Profile, RehearsedAnswer, Scene
from support.episodes.rehearsal import BACKUP, FILE, rehearsal, shown, telling
from support.scripted_debates import events, failure, play_out, reply

READY = sorted((Path(palaestra.scenarios.rehearsal.__file__).parent / "ready").glob("*.yaml"))


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
