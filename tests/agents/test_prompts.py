"""Prompt templates: data with variables, replaceable, and never run as code."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput
from palaestra.agents.prompts import Prompts, read_prompts
from palaestra.scenarios.debate.rules import Debate

TEMPLATES = {"greet": "Hello, {name}. It is round {round}.", "leave": "Goodbye."}


def test_variables_are_filled_and_outer_space_removed() -> None:
    prompts = Prompts({"greet": "\n Hello, {name}. \n"})
    assert prompts.render("greet", {"name": "Ann"}) == "Hello, Ann."


def test_values_that_a_template_does_not_use_are_ignored() -> None:
    assert Prompts(TEMPLATES).render("leave", {"name": "Ann"}) == "Goodbye."


def test_doubled_braces_are_braces() -> None:
    assert Prompts({"json": 'Say {{"yes": {number}}}.'}).render("json", {"number": 1}) == 'Say {"yes": 1}.'


@pytest.mark.parametrize("value", ["{name}", "{", "}}", "{0}", "{name.__class__}", "%s", "{{round}}"])
def test_braces_in_a_value_are_text(value: str) -> None:
    found = Prompts(TEMPLATES).render("greet", {"name": value, "round": 1})
    assert found == f"Hello, {value}. It is round 1."


def test_an_override_replaces_a_template_and_may_leave_variables_out() -> None:
    prompts = Prompts(TEMPLATES, {"greet": "Hi, {name}!"})
    assert prompts.render("greet", {"name": "Ann", "round": 1}) == "Hi, Ann!"
    assert prompts.render("leave", {}) == "Goodbye."


def test_an_override_of_no_template_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BadInput, match="no prompt named 'great'") as bad:
        Prompts(TEMPLATES, {"great": "Hi."})
    assert "greet, leave" in bad.value.remedy


def test_an_override_with_an_unknown_variable_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="uses nam") as bad:
        Prompts(TEMPLATES, {"greet": "Hi, {nam}."})
    assert "name, round" in bad.value.remedy


def test_an_override_of_a_template_without_variables_says_none() -> None:
    with pytest.raises(BadInput) as bad:
        Prompts(TEMPLATES, {"leave": "Bye, {name}."})
    assert "none" in bad.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "Hi, {name.__class__}.",
        "Hi, {name[0]}.",
        "Hi, {}.",
        "Hi, {0}.",
        "Hi, {",
        "Hi, {name",
        "Hi, {name:>{round}}",
    ],
)
def test_an_override_that_is_no_plain_template_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="greet"):
        Prompts(TEMPLATES, {"greet": text})


def test_a_prompt_is_filled_anew_for_other_values() -> None:
    prompts = Prompts(TEMPLATES)
    texts = [prompts.render("greet", {"name": name, "round": r}) for name in ("Ann", "Bo") for r in (1, 2, 1)]
    assert texts == [f"Hello, {name}. It is round {r}." for name in ("Ann", "Bo") for r in (1, 2, 1)]


def test_values_that_are_equal_but_read_differently_are_told_apart() -> None:
    prompts = Prompts({"say": "{value}"})
    assert [prompts.render("say", {"value": value}) for value in (1, True, 1.0)] == ["1", "True", "1.0"]


def test_a_prompt_filled_before_is_the_same_text() -> None:
    prompts = Prompts(TEMPLATES)
    first = prompts.render("greet", {"name": "Ann", "round": 1})
    assert prompts.render("greet", {"round": 1, "name": "Ann"}) is first


def test_more_fillings_than_are_remembered_stay_right() -> None:
    prompts = Prompts(TEMPLATES)
    for number in (*range(5000), 0, 4999):
        assert prompts.render("greet", {"name": "Ann", "round": number}).endswith(f"round {number}.")


def test_a_file_is_read_once_for_equal_overrides(tmp_path: Path) -> None:
    path = tmp_path / "prompts.yaml"
    path.write_text("greet: Hello, {name}.\n")
    assert read_prompts(path) is read_prompts(path)
    other = read_prompts(path, (("greet", "Hi, {name}."),))
    assert other is not read_prompts(path)
    assert other.render("greet", {"name": "Ann"}) == "Hi, Ann."


@pytest.mark.parametrize("purpose", ["argue", "opinion", "score", "judge_rules", "persona"])
def test_every_prompt_of_a_debate_may_use_the_motion_and_the_number_of_rounds(purpose: str) -> None:
    """As the head of the debate's prompts.yaml promises."""
    prompts = read_prompts(
        Debate.prompts_file, ((purpose, "{motion} in {rounds} rounds"),), Debate.topic_variables
    )
    assert prompts.render(purpose, {"motion": "Trees.", "rounds": 3}) == "Trees. in 3 rounds"
