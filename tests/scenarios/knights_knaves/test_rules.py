"""The debate on a puzzle, branch by branch: who is asked what, about which puzzle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

import palaestra.scenarios.knights_knaves
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.knights_knaves.events import Agreement, Puzzle
from palaestra.scenarios.knights_knaves.puzzles import NAMES, draw_puzzle
from support.episodes.knights_knaves import DANA, FILE, answers, debate
from support.hand_solved import BY_HAND
from support.puzzle_reader import brute_force
from support.scripted_debates import events, play_out, text_of

READY = sorted((Path(palaestra.scenarios.knights_knaves.__file__).parent / "ready").glob("*.yaml"))


def test_first_answers_then_a_debate_on_each_player_then_final_answers() -> None:
    episode, exchanges = debate(depth=2), []
    while episode.pending:
        exchanges.append((len(episode.pending), sorted({call.purpose for call in episode.pending})))
        episode.advance([answers()(call) for call in episode.pending])
    on_a_player = [(3, ["answer"]), (3, ["discuss"])] * 2 + [(9, ["adjust"])]
    assert exchanges == [
        (9, ["propose"]),
        (6, ["confidence", "explain"]),
        *on_a_player * 3,
        (9, ["conclude"]),
    ]


def test_who_agrees_with_whom_is_recorded() -> None:
    talk = {"reasoning": "so", "agree_with": ["Bo"], "disagree_with": ["Cem"]}
    made = answers()

    def answer(call: Call) -> Reply:
        return answers(discuss=talk)(call) if call.agent == "Ann" else made(call)

    episode = debate()
    play_out(episode, answer)
    assert events(episode, Agreement)[:2] == [
        Agreement("Ann", "Pat", 1, "Bo", True),
        Agreement("Ann", "Pat", 1, "Cem", False),
    ]
    assert len(events(episode, Agreement)) == 6


def test_a_debater_can_agree_with_the_others_and_not_with_itself() -> None:
    call = play_out(debate(), answers())["discuss"][0]
    described = call.answer.describe()["schema"]["properties"]["agree_with"]
    assert (call.agent, described["items"]["enum"], described["maxItems"]) == ("Ann", ["Bo", "Cem"], 2)


def test_the_given_order_is_the_puzzles() -> None:
    episode = debate()
    made = play_out(episode, answers())
    assert "order" not in made
    assert list(dict.fromkeys(call.about["player"] for call in made["answer"])) == ["Pat", "Quin", "Rob"]


@pytest.mark.parametrize(
    ("chosen", "order"),
    [
        (["Rob", "Pat", "Quin"], "Rob, Pat, Quin"),
        (["Rob", "Rob", "Rob"], "Rob, Pat, Quin"),
        (None, "Pat, Quin, Rob"),
    ],
)
@pytest.mark.parametrize(("supervisor", "chooser"), [(DANA, "Dana"), (None, "Ann")])
def test_one_call_chooses_the_order_and_players_that_it_leaves_out_come_last(
    chosen: list[str] | None, order: str, supervisor: dict[str, str] | None, chooser: str
) -> None:
    episode = debate(order="chosen", supervisor=supervisor)
    made = play_out(episode, answers(order={"order": chosen} if chosen else None))
    assert [call.agent for call in made["order"]] == [chooser]
    assert episode.outcome["order"] == order
    assert ", ".join(dict.fromkeys(str(call.about["player"]) for call in made["answer"])) == order


def test_a_debater_that_thinks_does_so_first_and_for_itself() -> None:
    made = play_out(debate(think=True), answers())
    for calls in (made["propose"], made["answer"], made["conclude"]):
        for call in calls:
            assert re.findall(r"think-\w+", text_of(call)) == [f"think-{call.agent}"]


def test_the_puzzle_is_generated_from_the_episodes_own_seed() -> None:
    generated = {"puzzles": [], "players": 5, "spies": 1, "hints": 2}

    def puzzle(index: int) -> Puzzle:
        episode = debate(index, **generated)
        assert episode.pending
        (event,) = events(episode, Puzzle)
        assert isinstance(event, Puzzle)
        return event

    one, again, other = puzzle(0), puzzle(0), puzzle(1)
    assert one == again
    assert one.text != other.text
    assert (one.players, one.spies, one.hints) == (5, 1, 2)
    (found,) = brute_force(one.text)
    assert one.solution == ", ".join(f"{player}: {role}" for player, role in found.items())


def test_a_recorded_puzzle_can_be_given_again() -> None:
    episode = debate(puzzles=[])
    assert episode.pending
    (event,) = events(episode, Puzzle)
    again = debate(puzzles=[json.loads(event.formal)])
    assert again.pending
    assert events(again, Puzzle) == [event]


def test_given_puzzles_take_turns_over_the_episodes() -> None:
    other = draw_puzzle(Random(0), NAMES[:4]).model_dump(mode="json")
    shown = []
    for index in range(3):
        episode = debate(index, puzzles=[BY_HAND, other])
        assert episode.pending
        shown.append(events(episode, Puzzle)[0].players)
    assert shown == [3, 4, 3]


def test_debaters_and_supervisor_have_policies_of_their_own() -> None:
    policies: dict[str, Any] = {"default": {}, "strong": {}, "weak": {}}
    cast = [{"name": "Ann", "policy": "strong"}, {"name": "Bo", "policy": "weak"}]
    made = play_out(debate(policies=policies, debaters=cast), answers())
    assert {call.agent: call.policy for call in made["propose"]} == {"Ann": "strong", "Bo": "weak"}
    with pytest.raises(BadInput, match="no policy 'best'"):
        check(FILE | {"supervisor": {"name": "Dana", "policy": "best"}}, "test.yaml")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_the_ready_made_files_play_to_their_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert 0 <= float(str(episode.outcome["team_accuracy"])) <= 1


def speech_is_public(_episode: Episode[Any], call: Call) -> set[str]:
    """Explanations and reasons are for everybody; what a debater writes for itself is not."""
    return {"Ann", "Bo", "Cem", "Dana"} if call.purpose in ("explain", "discuss") else set()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"players": 2}, "players"),
    ({"players": 10}, "players"),
    ({"players": 4, "spies": 4}, "4 of 4 players can't be spies"),
    ({"depth": 0}, "depth"),
    ({"depth": 4}, "depth"),
    ({"words": 101}, "words"),
    ({"debaters": [{"name": "Ann"}]}, "debaters"),
    ({"debaters": [{"name": "Ann"}, {"name": " ann"}]}, "two agents are named"),
    ({"supervisor": {"name": "BO"}}, "two agents are named"),
    ({"debaters": [{"name": "Ann"}, {"name": "rob"}], "puzzles": [BY_HAND]}, "the name of a player"),
    ({"debaters": [{"name": "Ann"}, {"name": "Vic"}], "puzzles": []}, "the name of a player"),
    ({"puzzles": [{**BY_HAND, "spies": 3}]}, "can't be spies"),
    ({"order": "random"}, "order"),
]


@pytest.mark.parametrize(
    "mode",
    [
        {},
        {"puzzles": [], "players": 4, "supervisor": DANA, "think": True, "order": "chosen"},
        {"show_confidence": False, "depth": 2, "order": "chosen"},
    ],
    ids=["plain", "all-roles", "hidden-confidence"],
)
def test_the_contract(mode: dict[str, Any]) -> None:
    check_contract(FILE | mode, may_read=speech_is_public, refused=[] if mode else REFUSED, episodes=2)
