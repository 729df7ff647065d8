"""Minds that a file leaves out: what the writer is asked, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from palaestra.scenarios.persuasion.events import Guess, HiddenState, Prediction
from palaestra.scenarios.persuasion.mind import clause, distinct
from support.episodes.persuasion import BARE, WALK, Played
from support.scripted_debates import text_of


def generated(said: Mapping[str, Any] | None = None, **fields: Any) -> Played:
    """Of a situation that only tells background and goal; each statement is another one."""
    told = {"preventive_content": "Ned wants to sleep.", "generative_content": "Mia wants Ned to see a film"}
    bare: dict[str, Any] = {"situations": [BARE], "options": 3}
    return Played(told | dict(said or {}), **bare | fields)


def test_what_the_file_leaves_out_is_asked_of_the_writer_from_background_and_goal() -> None:
    played = generated()
    writing = [purpose for agent, purpose in played.asked() if agent == "Wim"]
    assert writing == [
        "preventive_exists",
        *["preventive_content", "generative_content"],
        *["preventive_belief"] * 3,
        *["preventive_desire"] * 3,
        *["generative_belief"] * 3,
        *["generative_desire"] * 3,
    ]
    shown = played.shown_to("Wim")
    assert BARE["background"] in shown
    assert BARE["goal"] in shown
    assert "hesitate to see a film?" in shown
    assert "want to sleep?" in shown
    found = {(h.state, h.part): (h.text, h.source, h.others) for h in played.events(HiddenState)}
    assert found["preventive", "content"] == ("sleep", "generated", 0)
    assert found["generative", "content"] == ("see a film", "generated", 0)
    first = played.calls["preventive_belief"][0].index
    assert found["preventive", "belief"] == (f"preventive_belief-{first}", "generated", 2)


def test_statements_beside_the_truth_answer_the_same_question() -> None:
    prompts = {text_of(call) for call in generated().calls["generative_belief"]}
    assert len(prompts) == 1


def test_statements_that_say_the_same_count_once_and_a_lone_truth_is_not_guessed() -> None:
    played = generated(
        {"generative_belief": ["It is far.", "it is  far", "it is dear"], "generative_desire": "rest"}
    )
    found = {(h.state, h.part): (h.text, h.others) for h in played.events(HiddenState)}
    assert found["generative", "belief"] == ("It is far", 1)
    assert found["generative", "desire"] == ("rest", 0)
    guessed = {(guess.state, guess.part, guess.options) for guess in played.events(Guess)}
    assert ("generative", "belief", 2) in guessed
    assert "desire" not in {part for state, part, _ in guessed if state == "generative"}
    assert ("generative", "desire") in {(told.state, told.part) for told in played.events(Prediction)}


def test_the_writer_may_find_nothing_that_the_persuadee_wants_instead() -> None:
    played = generated({"preventive_exists": "no"})
    assert played.outcome["exchanges"] == 3
    assert played.events(HiddenState)[0] == HiddenState("preventive", "content", None, "none", 0)
    assert "preventive_content" not in played.calls


def test_only_what_is_missing_is_generated() -> None:
    situation = deepcopy(WALK)
    del situation["generative"]["desire"], situation["generative"]["other_desires"]
    played = Played(situations=[situation])
    assert [purpose for agent, purpose in played.asked() if agent == "Wim"] == ["generative_desire"] * 2
    assert "Wim" not in [agent for agent, _ in Played().asked()]


def test_a_true_statement_that_is_generated_is_told_to_the_persuadee_and_the_others_are_not() -> None:
    said = {"generative_belief": ["TRUE", "OTHER", "ANOTHER"]}
    played = generated(said)
    for agent in ("Ned", "Ola"):
        assert "TRUE" in played.shown_to(agent)
        assert "OTHER" not in played.shown_to(agent)
    assert "TRUE" not in played.shown_to("Mia")
    assert "OTHER" not in played.shown_to("Mia")


@pytest.mark.parametrize(
    ("said", "sources", "unanswered"),
    [
        ({"preventive_exists": None}, ["failed"] * 3 + ["generated"] * 3, 1),
        ({"preventive_content": None}, ["failed"] * 3 + ["generated"] * 3, 1),
        ({"generative_content": None}, ["generated"] * 3 + ["failed"] + ["generated"] * 2, 1),
        ({"generative_belief": [None, None, None]}, ["generated"] * 4 + ["failed", "generated"], 3),
    ],
)
def test_what_could_not_be_generated_is_recorded_and_played_without(
    said: dict[str, Any], sources: list[str], unanswered: int
) -> None:
    played = generated(said)
    assert [hidden.source for hidden in played.events(HiddenState)] == sources
    assert all((h.text is None) == (h.source == "failed") for h in played.events(HiddenState))
    assert played.outcome["unanswered"] == unanswered


def test_without_a_name_for_it_the_goal_stands_for_what_would_be_done() -> None:
    assert "Mia wants Ned to persuade Ned to see a film." in generated({"generative_content": None}).shown_to(
        "Ned"
    )


def test_statements_are_alike_whatever_their_case_and_the_first_is_kept() -> None:
    assert distinct(["It is far", "cheap", "it is  far.", "Cheap"]) == ["It is far", "cheap"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ned wants to rest.", "rest"),
        ("NED WANTS TO rest", "rest"),
        ("rest", "rest"),
        ('"."', None),
        ("Ned wants to", None),
    ],
)
def test_a_clause_has_no_beginning_and_no_end(text: str, found: str | None) -> None:
    assert clause(text, ("Ned wants to",)) == found
