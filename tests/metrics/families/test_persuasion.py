"""Persuasion on worked tables."""

from __future__ import annotations

import pytest

from palaestra.metrics.families.persuasion import (
    generative_belief_accuracy,
    generative_desire_accuracy,
    guess_advantage,
    leak_share,
    leaked_words,
    observer_gain,
    preventive_belief_accuracy,
    preventive_desire_accuracy,
    talk_gain,
    truth_probability,
    willingness_change,
)
from palaestra.metrics.metric import Metric
from support.metric_tables import by_episode, number, table

WILLING = table(
    "episode moment willingness",
    (0, "before", 2.0),
    (0, "after", 4.5),
    (1, "before", 6.0),
    (1, "after", 5.0),
    (2, "before", None),
    (2, "after", 7.0),
    (3, "before", 7.0),
    (3, "after", None),
)
GUESSES = table(
    "episode exchange state part moment corrected options correct probability",
    (0, 0, "preventive", "belief", "first", False, 4, False, 0.25),
    (0, 1, "preventive", "belief", "before", False, 4, True, 0.75),
    (0, 1, "preventive", "belief", "after", True, 4, True, 0.95),
    (0, 2, "preventive", "belief", "before", True, 4, False, 0.05),
    (0, 2, "preventive", "belief", "after", True, 4, True, 0.5),
    (0, 0, "generative", "desire", "first", False, 2, True, 0.5),
    (0, 1, "generative", "desire", "before", False, 2, False, 0.25),
    (0, 1, "generative", "desire", "after", True, 2, None, None),
    (1, 0, "preventive", "belief", "first", False, 4, None, None),
    (1, 1, "preventive", "belief", "before", False, 4, False, 0.25),
    (1, 0, "preventive", "desire", "first", False, 4, False, None),
    (1, 1, "preventive", "desire", "before", False, 4, True, None),
    (1, 0, "generative", "belief", "first", False, 4, True, 1.0),
    (1, 1, "generative", "belief", "before", False, 4, None, None),
)
LEAKS = table(
    "episode text truth_words leaked_words elsewhere",
    (0, "That it rains.", 4, 1, 0),
    (0, "You are right.", 3, 0, 0),
    (0, None, 5, 0, 0),
    (1, "All of it.", 2, 2, 1),
    (1, "It is said already.", 0, 0, 0),
    (1, "But another thing isn't.", 0, 0, 2),
)


def test_willingness_changes_where_it_is_told_before_and_after() -> None:
    assert by_episode(willingness_change, willingness=WILLING) == {0: 2.5, 1: -1.0}


@pytest.mark.parametrize(
    ("metric", "found"),
    [
        (preventive_belief_accuracy, {0: 1.0, 1: 0.0}),
        (preventive_desire_accuracy, {1: 1.0}),
        (generative_desire_accuracy, {0: 0.0}),
    ],
)
def test_accuracy_is_of_the_guesses_on_one_thing_that_no_correction_preceded(
    metric: Metric, found: dict[int, float]
) -> None:
    assert by_episode(metric, guess=GUESSES) == found


def test_a_guess_that_failed_is_neither_right_nor_wrong() -> None:
    assert generative_belief_accuracy(GUESSES)["value"].to_list() == [None]


def test_the_advantage_is_over_chance() -> None:
    found = by_episode(guess_advantage, guess=GUESSES)
    assert found == {0: ((1 - 1 / 4) + (0 - 1 / 2)) / 2, 1: ((0 - 1 / 4) + (1 - 1 / 4)) / 2}


def test_the_probability_of_the_truth_is_that_of_unaided_guesses() -> None:
    assert by_episode(truth_probability, guess=GUESSES) == {0: (0.75 + 0.25) / 2, 1: 0.25}


def test_the_talk_gains_what_unaided_guesses_are_better_than_those_before_it() -> None:
    assert by_episode(talk_gain, guess=GUESSES) == {0: (1 - 1) / 2, 1: 1.0}


def test_the_observer_gains_what_guesses_are_better_after_its_correction() -> None:
    assert by_episode(observer_gain, guess=GUESSES) == {0: (0 + 1) / 2}


def test_leaks_are_of_the_corrections_that_were_given() -> None:
    assert by_episode(leak_share, leak=LEAKS) == {0: 1 / 2, 1: 2 / 3}
    assert number(leaked_words, leak=LEAKS) == (1 + 0 + 2 + 0) / (4 + 3 + 2 + 0)
