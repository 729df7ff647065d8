"""Files of peer feedback: the contract, the ready-made, and those that can't be played."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.peer_feedback
from palaestra.agents.calls import Call
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import load
from palaestra.scenarios.peer_feedback.events import Revision
from support.episodes.peer_feedback import FILE, NAMES, said
from support.scripted_debates import events

READY = sorted((Path(palaestra.scenarios.peer_feedback.__file__).parent / "ready").glob("*.yaml"))


def reads_of(
    size: int, scope: str, names: list[str], observer: str
) -> Callable[[Episode[Any], Call], set[str]]:
    """Who may read what: drafts the peers of the same world or the cells next door, reasons the author."""
    places = dict(zip(names, product(range(size), repeat=2), strict=True))

    def near(one: str, other: str) -> bool:
        away = [abs(a - b) for a, b in zip(places[one], places[other], strict=True)]
        return sqrt(away[0] ** 2 + away[1] ** 2) <= size // 2

    def may_read(_: Episode[Any], call: Call) -> set[str]:
        match call.purpose:
            case "draft":
                return {observer, *(name for name in names if scope == "global" or near(call.agent, name))}
            case "revise":
                return {observer}
            case "explain":
                return {str(call.about["author"])}
        return set()

    return may_read


@pytest.mark.parametrize(
    "fields",
    [{}, {"scope": "global", "quota": 3}, {"score_only": True, "observer_reasons": False}],
)
def test_the_contract(fields: dict[str, Any]) -> None:
    check_contract(
        FILE | {"rounds": 2} | fields,
        may_read=reads_of(2, str(fields.get("scope", "local")), NAMES, "Otto"),
        secrets={
            ("good_memories", 0, "answer"): {"Ann", "Bo"},
            ("bad_memories", 0, "answer"): {"Cem", "Dee"},
        },
        episodes=2,
    )


def test_the_contract_on_a_grid_where_some_are_no_neighbours() -> None:
    names = [f"P{number}" for number in range(9)]
    check_contract(
        FILE | {"size": 3, "peers": [{"name": name, "persona": "Kind."} for name in names]},
        may_read=reads_of(3, "local", names, "Otto"),
        episodes=1,
    )


def test_what_cannot_be_played_is_refused() -> None:
    peers = FILE["peers"]
    check_contract(
        FILE,
        may_read=reads_of(2, "local", NAMES, "Otto"),
        refused=[
            ({"size": 1, "peers": peers[:1]}, "size"),
            ({"peers": peers[:3]}, "a grid of 2 × 2 needs 4 peers, not 3"),
            ({"size": 3}, "a grid of 3 × 3 needs 9 peers, not 4"),
            ({"peers": [*peers[:3], {"name": "ANN"}]}, "two agents are named"),
            ({"observer": {"name": "Ann"}}, "two agents are named"),
            ({"observer": {"name": "Otto", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"quota": 0}, "quota"),
            ({"scope": "global", "quota": 1}, "a quota of 1 is used up by the 1 of the neighbours"),
            ({"scope": "global", "quota": 4}, "3 others can't fill a quota of 4"),
            ({"dropout": 1.5}, "dropout"),
            ({"distance": -0.1}, "distance"),
            ({"questions": []}, "questions"),
            ({"questions": [" "]}, "a question is empty"),
            ({"good_memories": [{"question": "", "answer": "Yes."}]}, "question"),
            ({"world": "half"}, "world"),
        ],
        episodes=1,
    )


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_in_a_ready_made_world_each_draft_recalls_something_and_good_peers_otherwise_than_bad(
    path: Path,
) -> None:
    recalled = {}
    for world in ("all_good", "all_bad"):
        found = load(path, [f"world={world}"])
        episode = found.rules(found.config, respond=scripted_replies)
        recalled[world] = [said(call) for call in episode.pending]
        assert [len(shown) for shown in recalled[world]] == [1] * 9
    for good, bad in zip(*recalled.values(), strict=True):
        assert good != bad


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert len(events(episode, Revision)) == 9
        assert episode.outcome["failures"] == 0
