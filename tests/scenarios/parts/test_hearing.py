"""Who hears whom, and that nobody is shown what it did not hear."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.calls import Call
from palaestra.scenarios.parts.hearing import SHORT_NAMES, Hearing
from support.scripted_debates import debate, play_out

NAMES = ["Ann", "Bo", "Cem", "Dee"]


def heard(**fields: Any) -> dict[str, list[str]]:
    """Who hears each of the four."""
    return Hearing(**fields).listeners(NAMES, seed=1)


def test_by_default_everybody_hears_everybody() -> None:
    assert heard() == dict.fromkeys(NAMES, NAMES)


def test_that_everybody_hears_everybody_takes_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of thousands takes half a minute to build, for a file that is only to be checked."""
    monkeypatch.delattr(nx, "complete_graph")
    names = [f"A{number}" for number in range(9)]
    assert list(Hearing().problems(names, 0)) == []
    assert Hearing().listeners(names, 0) == dict.fromkeys(names, names)


def test_in_a_ring_each_hears_its_two_neighbours_and_itself() -> None:
    assert heard(graph="ring") == {
        "Ann": ["Ann", "Bo", "Dee"],
        "Bo": ["Ann", "Bo", "Cem"],
        "Cem": ["Bo", "Cem", "Dee"],
        "Dee": ["Ann", "Cem", "Dee"],
    }


def test_in_a_line_the_ends_have_one_neighbour() -> None:
    assert heard(graph="line")["Ann"] == ["Ann", "Bo"]
    assert heard(graph="line")["Bo"] == ["Ann", "Bo", "Cem"]


@pytest.mark.parametrize("graph", ["star", "star_graph"])
def test_in_a_star_the_first_is_the_centre(graph: str) -> None:
    assert heard(graph=graph) == {
        "Ann": NAMES,
        "Bo": ["Ann", "Bo"],
        "Cem": ["Ann", "Cem"],
        "Dee": ["Ann", "Dee"],
    }


def test_an_edge_lets_both_ends_hear_each_other() -> None:
    assert heard(edges=[["Ann", "Bo"], ["Cem", "Dee"]]) == {
        "Ann": ["Ann", "Bo"],
        "Bo": ["Ann", "Bo"],
        "Cem": ["Cem", "Dee"],
        "Dee": ["Cem", "Dee"],
    }


def test_an_arc_lets_only_its_head_hear_its_tail() -> None:
    assert heard(edges=[["Ann", "Bo"], ["Ann", "Cem"]], directed=True) == {
        "Ann": ["Ann", "Bo", "Cem"],
        "Bo": ["Bo"],
        "Cem": ["Cem"],
        "Dee": ["Dee"],
    }


def test_options_go_to_the_generator() -> None:
    ring = heard(graph="small_world", options={"k": 2, "p": 0})
    assert ring == heard(graph="ring")


def test_any_generator_of_networkx_can_be_named() -> None:
    assert heard(graph="wheel_graph") == dict.fromkeys(NAMES, NAMES)


@pytest.mark.parametrize("graph", SHORT_NAMES.values())
def test_every_short_name_is_a_generator_of_networkx(graph: str) -> None:
    assert callable(getattr(nx, graph))


def test_a_random_graph_depends_on_its_seed_and_on_nothing_else() -> None:
    names = [f"agent {number}" for number in range(12)]
    hearing = Hearing(graph="random", options={"p": 0.4})
    assert hearing.listeners(names, 5) == hearing.listeners(names, 5)
    assert len({str(hearing.listeners(names, seed)) for seed in range(10)}) > 1


def test_a_seed_among_the_options_fixes_the_graph() -> None:
    hearing = Hearing(graph="random", options={"p": 0.5, "seed": 3})
    assert hearing.listeners(NAMES, 1) == hearing.listeners(NAMES, 2)


@pytest.mark.parametrize(
    ("fields", "location", "words"),
    [
        ({"graph": "rin"}, ("graph",), "did you mean 'ring'"),
        ({"graph": "small_world"}, ("graph",), "small_world can't be built over 4 agents"),
        ({"graph": "petersen_graph"}, ("graph",), "can't be built"),
        ({"graph": "diameter"}, ("graph",), "diameter"),
        ({"edges": [["Ann", "Boo"]]}, ("edges", 0, 1), "did you mean 'Bo'"),
        ({"edges": [["Ann", "Bo"]]}, (), "Cem would neither hear anyone nor be heard"),
        ({"edges": [["Ann", "Bo"], ["Cem", "Cem"], ["Ann", "Dee"]]}, (), "Cem would neither"),
    ],
)
def test_an_impossible_graph_is_told_with_its_place(
    fields: dict[str, Any], location: tuple[str | int, ...], words: str
) -> None:
    found, message = next(Hearing(**fields).problems(NAMES, 1))
    assert found == location
    assert words in message


def test_a_function_of_networkx_that_makes_no_graph_is_not_called(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    hearing = Hearing(graph="write_adjlist", options={"path": str(precious)})
    [(place, words)] = hearing.problems(NAMES, 1)
    assert place == ("graph",)
    assert "NetworkX has no generator 'write_adjlist'" in words
    assert precious.read_text() == "precious"


def test_a_possible_graph_has_no_problems() -> None:
    assert not list(Hearing(graph="ring").problems(NAMES, 1))


def round_of(call: Call) -> int:
    number = call.about["round"]
    assert isinstance(number, int)
    return number


def assert_nobody_is_shown_what_it_did_not_hear(
    hearing: dict[str, Any], names: list[str], speaking: str
) -> None:
    """Play a debate whose speeches name their calls, and compare every prompt with the graph."""
    episode = debate(
        debaters=[{"name": name} for name in names],
        hearing=hearing,
        speaking=speaking,
        rounds=3,
        judges=[],
        opinions=False,
    )
    calls = play_out(episode)["argue"]
    listeners = Hearing(**hearing).listeners(names, episode.episode_seed % 2**32)
    for call in calls:
        before = [
            other
            for other in calls
            if round_of(other) < round_of(call) or (speaking == "sequential" and other.index < call.index)
        ]
        expected = [f"{o.agent}: speech-{o.index}" for o in before if call.agent in listeners[o.agent]]
        assert [message.body for message in call.prompt if message.label] == expected


@pytest.mark.parametrize("speaking", ["simultaneous", "sequential"])
@pytest.mark.parametrize(
    "hearing",
    [
        {"graph": "complete"},
        {"graph": "ring"},
        {"graph": "star"},
        {"graph": "random", "options": {"p": 1}},
        {"edges": [["Ann", "Bo"], ["Bo", "Cem"], ["Cem", "Dee"]], "directed": True},
    ],
)
def test_a_prompt_holds_the_speeches_of_those_its_agent_hears_and_no_others(
    hearing: dict[str, Any], speaking: str
) -> None:
    assert_nobody_is_shown_what_it_did_not_hear(hearing, NAMES, speaking)


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12),
    directed=st.booleans(),
    speaking=st.sampled_from(["simultaneous", "sequential"]),
)
def test_on_any_graph_nobody_is_shown_what_it_did_not_hear(
    pairs: list[tuple[int, int]], directed: bool, speaking: str
) -> None:
    names = [f"agent {number}" for number in range(5)]
    path = list(pairwise(names))  # nobody is isolated
    edges = [(names[u], names[v]) for u, v in pairs] + path
    hearing = {"edges": edges, "directed": directed}
    assert_nobody_is_shown_what_it_did_not_hear(hearing, names, speaking)
