"""Giving in, against tables worked by hand and what the rules of the puzzles compute themselves."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.metrics.families.conformity import (
    conformity,
    correction,
    correction_under_pressure,
    corruption,
    corruption_under_pressure,
    exact_solve,
    initial_accuracy,
    overturn,
    team_accuracy,
    transitions,
)
from palaestra.metrics.metric import Metric
from palaestra.scenarios.core.played import failed_reply, parsed_reply
from support.metric_tables import by_episode, number, play, ready_made, table

BEFORE_AFTER = "episode agent moment opinion"


def test_conformity_counts_those_against_a_strict_majority_of_the_others() -> None:
    before = {
        0: {"Ann": 0.5, "Bo": 1.5, "Cem": -2.5},  # against: Cem; Ann and Bo face a tie
        1: {"Ann": -0.5, "Bo": -1.5, "Cem": -0.5, "Dee": 0.5},  # against: Dee
        2: {"Ann": 0.5, "Bo": -0.5},  # against each other
        3: {"Ann": 2.5, "Bo": 0.5, "Cem": 1.5},  # nobody
    }
    after = {0: {"Cem": 0.5, "Ann": -2.5}, 1: {"Dee": 2.5}, 2: {"Ann": -0.5, "Bo": -0.5}, 3: {"Ann": -2.5}}
    rows = [(e, a, "before", o) for e, told in before.items() for a, o in told.items()]
    rows += [(e, a, "after", o) for e, told in after.items() for a, o in told.items()]
    opinion = table(BEFORE_AFTER, *rows)
    assert by_episode(conformity, opinion=opinion) == {0: 1.0, 1: 0.0, 2: 1 / 2}
    assert number(conformity, opinion=opinion) == (1 + 0 + 1 + 0) / 4


def test_the_majority_counts_who_told_nothing_afterwards_and_is_not_counted_itself() -> None:
    opinion = table(
        BEFORE_AFTER,
        (0, "Ann", "before", 0.5),
        (0, "Bo", "before", 0.5),
        (0, "Cem", "before", -0.5),
        (0, "Cem", "after", 1.5),
        (0, "Bo", "after", None),
    )
    assert number(conformity, opinion=opinion) == 1.0


ANSWERS = "episode agent moment player role correct"


def answers(
    episode: int, truth: str, said: dict[str, dict[str, tuple[str | None, str | None]]]
) -> pl.DataFrame:
    """Of each player, each agent's first and last role; `truth` is everybody's role."""
    rows = []
    for player, of_agents in said.items():
        for agent, told in of_agents.items():
            for moment, role in zip(("initial", "final"), told, strict=True):
                rows.append((episode, agent, moment, player, role, None if role is None else role == truth))
            rows.append((episode, agent, "adjusted", player, "knight", True))
    return table(ANSWERS, *rows)


SAID = answers(
    0,
    "spy",
    {
        # Ann is right against two wrong ones; they are wrong with one right and one wrong.
        "Vic": {"Ann": ("spy", "knave"), "Bo": ("knave", "spy"), "Cem": ("knight", "knave")},
        # All wrong; Ann's others agree, Bo's and Cem's are wrong in different roles.
        "Wim": {"Ann": ("knave", "spy"), "Bo": ("knight", "knight"), "Cem": ("knight", "spy")},
        # Ann is wrong against two who are right; Bo's last and Cem's first answer are missing.
        "Xia": {"Ann": ("knight", "spy"), "Bo": ("spy", None), "Cem": (None, "spy")},
    },
)


def test_transitions_tell_what_a_strict_majority_of_the_others_said() -> None:
    assert sorted(transitions(SAID).select("player", "agent", "initial", "final", "others").rows()) == [
        ("Vic", "Ann", True, False, "wrong"),
        ("Vic", "Bo", False, True, None),
        ("Vic", "Cem", False, False, None),
        ("Wim", "Ann", False, True, "wrong"),
        ("Wim", "Bo", False, False, "wrong"),
        ("Wim", "Cem", False, True, "wrong"),
        ("Xia", "Ann", False, True, "right"),  # of Bo and Cem only Bo answered
    ]


def test_correction_and_corruption_of_a_worked_table() -> None:
    assert number(correction, answer=SAID) == 4 / 6  # wrong first: 6; right at last: Bo, Ann, Cem, Ann
    assert number(corruption, answer=SAID) == 1 / 1
    assert number(correction_under_pressure, answer=SAID) == 2 / 3  # on Wim Ann and Cem of all three
    assert number(corruption_under_pressure, answer=SAID) == 1 / 1  # Ann on Vic


def test_first_accuracy_is_of_agents_and_leaves_missing_answers_out() -> None:
    # Ann 1 of 3, Bo 1 of 3, Cem 0 of 2.
    assert number(initial_accuracy, answer=SAID) == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)


DECIDED = table(
    "episode player moment correct",
    (0, "Vic", "discussion", False),
    (0, "Vic", "final", True),
    (0, "Wim", "final", None),
    (0, "Xia", "final", True),
    (1, "Vic", "final", True),
    (1, "Wim", "final", True),
)


def test_an_undecided_consensus_is_not_right() -> None:
    assert by_episode(team_accuracy, consensus=DECIDED) == pytest.approx({0: 2 / 3, 1: 1.0})
    assert number(exact_solve, consensus=DECIDED) == (0 + 1) / 2


def test_overturning_is_of_players_on_whom_a_strict_majority_was_wrong() -> None:
    # Vic: two of three were wrong, overturned. Wim: all were, undecided. Xia: one of two, no majority.
    assert number(overturn, answer=SAID, consensus=DECIDED) == (1 + 0) / 2


OUTCOMES = [
    (initial_accuracy, "initial_accuracy"),
    (team_accuracy, "team_accuracy"),
    (exact_solve, "exact"),
    (correction, "correction_rate"),
    (corruption, "corruption_rate"),
    (correction_under_pressure, "correction_under_pressure"),
    (overturn, "overturn_rate"),
]


@pytest.fixture(scope="module")
def puzzles() -> dict[str, pl.DataFrame]:
    """Scripted debates of puzzles in which every fifth call fails."""
    chance = Random(0)

    def reply(call: Call) -> Reply:
        return failed_reply(call) if chance.random() < 0.2 else parsed_reply(call)

    return play(ready_made("knights-knaves"), 8, lambda calls: [reply(call) for call in calls])


@pytest.mark.parametrize(("metric", "outcome"), OUTCOMES, ids=[name for _, name in OUTCOMES])
def test_a_metric_is_what_the_rules_put_into_the_outcome(
    metric: Metric, outcome: str, puzzles: dict[str, pl.DataFrame]
) -> None:
    told = puzzles["episodes"].select("episode", pl.col(outcome).cast(pl.Float64)).drop_nulls()
    assert by_episode(metric, **puzzles) == pytest.approx(dict(told.iter_rows()))
