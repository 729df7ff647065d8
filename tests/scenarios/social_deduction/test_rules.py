"""The order of things in a game of hidden roles: introductions, talk, days and nights."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.scenarios.social_deduction.events import DeductionSpeech
from support.deduction_games import (
    BARE,
    NAMES,
    TWO_TRAITORS,
    VILLAGE,
    WEREWOLF,
    ballots,
    exchanges,
    game,
    told,
)
from support.scripted_debates import events, play_out, text_of


def test_a_round_of_the_traitors_is_talk_note_vote_comment_note_and_night() -> None:
    made = exchanges(game(TWO_TRAITORS, max_rounds=1), ballots(["Eli"], ["Dee"]))
    assert [(calls[0].purpose, [call.agent for call in calls]) for calls in made] == [
        ("discuss", ["Ann"]),
        ("discuss", ["Bo"]),
        ("discuss", ["Cem"]),
        ("discuss", ["Dee"]),
        ("discuss", ["Eli"]),
        ("react", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("summarize", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("vote", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("comment", ["Ann", "Bo", "Cem", "Dee"]),
        ("summarize", ["Ann", "Bo", "Cem", "Dee"]),
        ("plot", ["Ann"]),
        ("plot", ["Bo"]),
        ("conclude", ["Ann", "Bo"]),
        ("kill", ["Ann", "Bo"]),
    ]
    assert all({call.purpose for call in calls} == {calls[0].purpose} for calls in made)


def test_a_round_of_werewolf_with_beliefs_asks_them_before_and_after_the_talk() -> None:
    episode = game(VILLAGE, max_rounds=1, elicit_beliefs=True, **BARE, **WEREWOLF)
    made = exchanges(episode, ballots(["Fay"], ["Eli"], ["Ann"]))
    order = [calls[0].purpose for calls in made]
    assert order == [
        "suspect",
        *["discuss"] * 6,
        "react",
        "suspect",
        "vote",
        "comment",
        "inspect",
        "plot",
        "plot",
        "conclude",
        "kill",
    ]
    assert [call.purpose for call in made[0]] == ["suspect"] * 30 + ["trust"] * 30
    assert [(call.agent, call.answer) for call in made[11]] == [("Cem", Choice(("Ann", "Bo", "Dee", "Eli")))]


def test_the_introduction_tells_the_traits_to_all_and_each_notes_an_impression() -> None:
    players = [{"name": name, "trait": f"trait-{name}"} for name in NAMES[:3]] + [{"name": "Dee"}]
    made = exchanges(game(players=players, max_rounds=1))
    assert [call.purpose for call in made[0]] == ["reflect"] * 4
    for call in made[0]:
        for name in NAMES[:3]:
            assert f"PROFILE[{name}|trait-{name}]" in text_of(call)
        assert "PROFILE[Dee" not in text_of(call)
    later = [call for calls in made[1:] for call in calls]
    for number, name in enumerate(NAMES[:4]):
        assert all(f"IMPRESSION: speech-{number}" in text for text in told(later, name))


@pytest.mark.parametrize("fields", [{"introduction": False}, {"players": [{"name": n} for n in NAMES[:4]]}])
def test_without_introduction_or_without_traits_the_talk_begins_at_once(fields: dict[str, Any]) -> None:
    assert exchanges(game(max_rounds=1, **fields))[0][0].purpose == "discuss"


def test_in_pass_1_each_hears_those_before_and_in_pass_2_all_hear_pass_1_only() -> None:
    made = exchanges(game(max_rounds=1, **BARE))
    for position in range(5):
        [call] = made[position]
        heard = [f"{name}: speech-{i}" in text_of(call) for i, name in enumerate(NAMES[:5])]
        assert heard == [i < position for i in range(5)]
    for call in made[5]:
        assert all(f"speech-{i}" in text_of(call) for i in range(5))
        assert not any(f"speech-{i}" in text_of(call) for i in range(5, 10))
    for call in made[6]:
        assert all(f"{name}: speech-{i}" in text_of(call) for i, name in enumerate(NAMES[:5], 5))


def test_topics_and_reactions_rotate_by_the_day() -> None:
    episode = game(topics=["T1", "T2"], reactions=["R1", "R2", "R3"], max_rounds=4, **BARE)
    made = play_out(episode, ballots())
    assert [c.about["topic"] for c in made["discuss"] if c.agent == "Ann"] == ["T1", "T2", "T1", "T2"]
    assert [c.about["reaction"] for c in made["react"] if c.agent == "Ann"] == ["R1", "R2", "R3", "R1"]
    assert "REACT[R3]" in text_of([c for c in made["react"] if c.agent == "Ann"][2])


def test_the_morning_tells_who_died_without_the_role_and_the_vote_tells_it() -> None:
    made = play_out(game(TWO_TRAITORS + ("faithful",) * 2, max_rounds=2, **BARE), ballots(["Ann"], ["Gus"]))
    comments = [call for call in made["comment"] if call.about["round"] == 1]
    assert all("OUT[Ann|traitor|6]" in text_of(call) for call in comments)
    second = [call for call in made["discuss"] if call.about["round"] == 2]
    assert all("DAY[2|SAD[Gus]|Bo, Cem, Dee, Eli, Fay|" in text_of(call) for call in second)
    assert [call.agent for call in second] == ["Bo", "Cem", "Dee", "Eli", "Fay"]


def test_after_a_night_without_a_valid_vote_nobody_died() -> None:
    made = play_out(game(max_rounds=2, **BARE), ballots())
    assert "DAY[1|FIRST|" in text_of(made["discuss"][0])
    assert "DAY[2|QUIET|Ann, Bo, Cem, Dee, Eli|" in text_of(made["discuss"][5])


def test_every_speech_is_recorded_with_phase_and_pass() -> None:
    episode = game(TWO_TRAITORS, max_rounds=1, **BARE)
    play_out(episode, ballots())
    spoken = [(s.phase, s.pass_number, s.agent, s.role) for s in events(episode, DeductionSpeech)]
    cast = list(zip(NAMES, TWO_TRAITORS, strict=False))
    assert spoken == [
        *[("discussion", 1, *who) for who in cast],
        *[("discussion", 2, *who) for who in cast],
        *[("elimination", 1, *who) for who in cast],
        *[("night", 1, *who) for who in cast[:2]],
        *[("night", 2, *who) for who in cast[:2]],
    ]
    texts: dict[int | None, str] = {message.number: message.text for message in episode.messages}
    assert [texts[s.message] for s in events(episode, DeductionSpeech)][:2] == ["speech-0", "speech-1"]


def test_a_lone_traitor_has_nobody_to_talk_to() -> None:
    made = play_out(game(max_rounds=1), ballots())
    assert "plot" not in made
    assert [call.agent for call in made["kill"]] == ["Ann"]
