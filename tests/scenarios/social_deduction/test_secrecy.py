"""Who learns what in a game of hidden roles, and who can't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from palaestra.agents.answers import Choice, Json
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.social_deduction.events import DeductionSpeech, Elimination, Role
from palaestra.scenarios.social_deduction.rules import SocialDeduction
from support.deduction_games import (
    BARE,
    NAMES,
    TWO_TRAITORS,
    WEREWOLF,
    ballots,
    exchanges,
    game,
    game_file,
    told,
)
from support.scripted_debates import events, failure, play_out, reply, text_of


def living(episode: SocialDeduction) -> set[str]:
    """By the log alone: who is still in the game."""
    gone = {event.player for event in events(episode, Elimination)}
    return {event.player for event in events(episode, Role)} - gone


def entitled(episode: Episode[Any], call: Call) -> set[str]:
    """Public speech is everybody's, the talk at night the minority's; all else is one's own."""
    assert isinstance(episode, SocialDeduction)
    if call.purpose in ("discuss", "react", "comment"):
        return living(episode)
    if call.purpose in ("plot", "conclude"):
        return {event.player for event in events(episode, Role) if event.minority} & living(episode)
    return set()


# Eight are enough for two of the minority to talk at night and for a next day on which others could tell.
EIGHT = [
    {"name": name, "persona": "Somebody.", "trait": "calm", "role": role}
    for name, role in zip((*NAMES, "Hal"), (*TWO_TRAITORS, None, None, None), strict=True)
]
ALL = [str(player["name"]) for player in EIGHT]


def test_the_traitors_keep_the_contract() -> None:
    check_contract(
        game_file(players=EIGHT, minority={"size": 2}, max_rounds=2),
        may_read=entitled,
        secrets={("players", i, "trait"): ALL for i in range(8)},
        refused=[
            ({"minority": {"size": 4}}, "4 of 8 players is no minority; lower it below 4"),
            ({"players": EIGHT[:2], "minority": {"size": 1}}, "at least 3 items"),
            ({"players": EIGHT[:4]}, "2 of 4 players is no minority"),
            ({"minority": {"size": 1}}, "only 1 of the 8 players can be traitor"),
            ({"seer": True, "players": EIGHT[:5]}, "beside the seer"),
            ({"players": [*EIGHT[:5], {"name": " ann"}]}, "two agents are named"),
            ({"topics": []}, "at least 1 item"),
            ({"topics": ["Trust", " "]}, "a text is empty"),
            ({"reactions": []}, "at least 1 item"),
        ],
    )


def test_werewolf_keeps_the_contract_and_a_trait_that_nobody_introduced_is_private() -> None:
    players = [player | {"role": None} for player in EIGHT]
    words = WEREWOLF | {"minority": WEREWOLF["minority"] | {"size": 2}}
    check_contract(
        game_file(players=players, max_rounds=2, introduction=False, memory_summaries=False, **words),
        may_read=entitled,
        secrets={("players", i, "trait"): {name} for i, name in enumerate(ALL)},
    )


@pytest.mark.parametrize(
    "fields", [{"private_thoughts": True}, {"layout": "persona_first"}, {"elicit_beliefs": True}]
)
def test_the_contract_holds_with_thoughts_with_beliefs_and_with_the_persona_first(
    fields: dict[str, Any],
) -> None:
    check_contract(game_file(TWO_TRAITORS, max_rounds=2, **fields), may_read=entitled, episodes=1)


def with_thoughts(call: Call) -> Reply:
    """Votes for nobody, and speeches with a thought."""
    if not isinstance(call.answer, Json):
        return ballots()(call)
    value = {"thought": f"THOUGHT-{call.index}", "speech": f"said-{call.index}"}
    return Reply(text=json.dumps(value), value=value)


def test_of_a_speech_with_a_thought_only_the_speech_is_heard() -> None:
    episode = game(TWO_TRAITORS, max_rounds=1, private_thoughts=True, memory_summaries=False)
    made = play_out(episode, with_thoughts)
    assert {purpose for purpose, calls in made.items() if isinstance(calls[0].answer, Json)} == {
        "discuss",
        "react",
        "comment",
        "plot",
        "conclude",
    }
    assert "Ann: said-0" in text_of(made["vote"][2])
    assert "NIGHT[Ann|1]: said-" in text_of(made["kill"][1])
    assert not any("THOUGHT" in message.text for message in episode.messages)


def test_a_blank_speech_is_heard_by_nobody() -> None:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Json) and call.agent == "Bo":
            return Reply(text="{}", value={"thought": "THOUGHT", "speech": "  "})
        return with_thoughts(call)

    episode = game(max_rounds=1, private_thoughts=True, **BARE)
    play_out(episode, answer)
    assert {s.agent for s in events(episode, DeductionSpeech) if s.message is None} == {"Bo"}


def test_a_speech_that_failed_is_recorded_without_message_and_heard_by_nobody() -> None:
    def answer(call: Call) -> Reply:
        return failure("mumble") if (call.purpose, call.agent) == ("discuss", "Bo") else ballots()(call)

    episode = game(max_rounds=1, **BARE)
    play_out(episode, answer)
    assert [s.message is None for s in events(episode, DeductionSpeech)][:5] == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert not any("mumble" in message.text for message in episode.messages)


def test_a_note_is_read_by_its_owner_alone_and_one_that_failed_by_nobody() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "summarize":
            failed = call.agent == "Bo"
            return failure("mumble") if failed else reply(f"note-{call.agent}-{call.about['round']}")
        return ballots()(call)

    calls = [call for group in exchanges(game(max_rounds=2), answer) for call in group]
    for name in NAMES[:5]:
        last = told(calls, name)[-1]
        assert (f"NOTE[2|talk]: note-{name}-2" in last) == ("NOTE[" in last) == (name != "Bo")
        assert not any(
            f"note-{other}" in text for other in NAMES if other != name for text in told(calls, name)
        )
    assert not any("mumble" in text_of(call) for call in calls)


def test_only_the_minority_is_told_who_they_are() -> None:
    calls = [call for group in exchanges(game(TWO_TRAITORS, max_rounds=1), ballots()) for call in group]
    assert all("PARTNERS[Bo]" in text for text in told(calls, "Ann"))
    assert all("PARTNERS[Ann]" in text for text in told(calls, "Bo"))
    for name in NAMES[2:5]:
        assert all("MAJORITY" in text and "PARTNERS" not in text for text in told(calls, name))
    assert all("RULES[Ann, Bo, Cem, Dee, Eli|2 traitors|faithful]" in text_of(call) for call in calls)


def test_a_single_traitor_is_told_to_be_alone() -> None:
    calls = [call for group in exchanges(game(max_rounds=1), ballots()) for call in group]
    assert all("ALONE" in text for text in told(calls, "Ann"))


def by_agent_and_round(call: Call) -> Reply:
    """Answers that depend only on who is asked for what in which round, and never eliminate by day."""
    if call.purpose == "vote":
        return failure("mumble")
    if isinstance(call.answer, Choice):
        return reply(call.answer.options[-1])
    return reply(f"{call.agent}-{call.purpose}-{call.about['round']}")


@pytest.mark.parametrize("seer", [False, True])
def test_until_a_role_is_shown_a_plain_villager_cannot_tell_two_casts_apart(seer: bool) -> None:
    """Noninterference: all prompts of Cem and Fay are the same whichever the others' roles are."""
    other = "seer" if seer else "villager"
    casts = {
        ("werewolf", "werewolf", "villager", other, "villager", "villager", "villager"): "Eli",
        ("villager", other, "villager", "werewolf", "werewolf", "villager", "villager"): "Cem",
    }
    prompts = []
    for roles, last in casts.items():
        fields = WEREWOLF | {"seer": seer, "max_rounds": 3, "elicit_beliefs": True}
        episode = game(roles, **fields)
        calls = [call for group in exchanges(episode, by_agent_and_round) for call in group]
        assert [e.player for e in events(episode, Elimination)] == ["Gus", "Fay", last]
        prompts.append([told(calls, "Cem"), told(calls, "Fay")])
    assert prompts[0] == prompts[1]


def test_the_public_part_is_the_same_for_all_and_only_grows() -> None:
    episode = game(TWO_TRAITORS, max_rounds=2)
    longest: list[str] = []
    for calls in exchanges(episode, ballots()):
        for call in calls:
            texts = [message.body for message in call.prompt]
            public = texts[: next(i for i, text in enumerate(texts) if text.startswith("PERSONA["))]
            shorter, longer = sorted((public, longest), key=len)
            assert longer[: len(shorter)] == shorter
            longest = longer
    assert len(longest) > 30
