"""How well personas are kept, on worked tables."""

from __future__ import annotations

from random import Random

import pytest
from sklearn.metrics import cohen_kappa_score

from palaestra.metrics.families.personas import (
    again,
    persona_consistency,
    persona_drift,
    persona_fidelity,
    persona_fidelity_over_chance,
    persona_kappa,
    persona_probability,
)
from support.metric_tables import by_episode, number, table
from support.worked import interviewed

ANSWERED = interviewed()["answered"]


def test_fidelity_is_of_the_answers_that_were_understood() -> None:
    assert number(persona_fidelity, answered=ANSWERED) == pytest.approx(6 / 11)
    probable = table("episode probability", (0, 0.5), (0, None), (0, 1.0), (1, 0.25))
    assert by_episode(persona_probability, answered=probable) == {0: 0.75, 1: 0.25}


def test_fidelity_over_chance_is_0_for_guesses_and_1_for_what_is_always_right() -> None:
    told = "episode correct options"
    rows = [(0, True, 4), (0, True, 2), (1, True, 4), (1, False, 4), (1, False, 4), (1, False, 4)]
    assert by_episode(persona_fidelity_over_chance, answered=table(told, *rows)) == {0: 1.0, 1: 0.0}


def test_answers_asked_again_stand_beside_the_first_where_both_were_understood() -> None:
    pairs = again(ANSWERED)
    assert pairs.height == 7
    assert (0, "Bo", "age", 1, "old", "young") in pairs.rows()
    assert number(persona_consistency, answered=ANSWERED) == pytest.approx(3 / 7)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_of_one_attribute_is_scikit_learns(seed: int) -> None:
    chance = Random(seed)
    rows = []
    for episode in range(6):
        for agent in "ABCD":
            first = chance.choice("xyz")
            later = first if chance.random() < 0.5 else chance.choice("xyzw")
            rows += [(episode, agent, "job", 0, first), (episode, agent, "job", 1, later)]
    answered = table("episode agent attribute round answer", *rows)
    pairs = again(answered)
    expected = cohen_kappa_score(pairs["first"].to_list(), pairs["again"].to_list())
    assert number(persona_kappa, answered=answered) == pytest.approx(expected)


def test_kappa_of_several_attributes_does_not_take_chance_across_them() -> None:
    rows = []
    for attribute, options in (("job", "ab"), ("age", "cd")):
        for person, (first, later) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
            rows += [(0, str(person), attribute, 0, options[first])]
            rows += [(0, str(person), attribute, 1, options[later])]
    answered = table("episode agent attribute round answer", *rows)
    assert number(persona_kappa, answered=answered) == pytest.approx(0.0), (
        "each attribute is answered by chance"
    )


def test_kappa_is_unknown_where_everybody_always_says_the_same() -> None:
    rows = [(0, agent, "job", number, "nurse") for agent in "AB" for number in (0, 1)]
    answered = table("episode agent attribute round answer", *rows)
    assert by_episode(persona_kappa, answered=answered) == {0: None}


def test_drift_is_the_slope_of_what_is_lost_with_each_round() -> None:
    # Round 1: Ann's job 0, Bo's job −1, Bo's age 1. Round 2: −1, −1 (Ann), 0, 0 (Bo).
    expected = (1 * (0 - 1 + 1) + 2 * (-1 - 1)) / (3 * 1 + 4 * 4)
    assert number(persona_drift, answered=ANSWERED) == pytest.approx(expected)
