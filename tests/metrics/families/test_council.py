"""Councils measured, on worked sessions and against what the rules count themselves."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.council import (
    bills_passed,
    citizen_welfare,
    condorcet_efficiency,
    incumbency,
    policy_stability,
    power_preservation,
    rule_agreement,
    speech_mismatch,
    worst_group_welfare,
)
from support.metric_tables import by_episode, number, play, ready_made, table

LABEL = table(
    "episode session member act power welfare",
    (0, 1, "Ann", "speech", 0.5, 0.25),
    (0, 1, "Bo", "speech", 0.1, 0.9),
    (0, 1, "Ann", "bill", 1.0, 0.0),
    (0, 2, "Ann", "speech", None, None),
    (1, 1, "Ann", "speech", 0.0, 0.0),
    (1, 1, "Bo", "speech", 0.2, 0.8),
)


def test_the_power_preservation_index_is_a_ratio_of_sums() -> None:
    expected = {0: 1.6 / (1.6 + 1.15), 1: 0.2 / 1.0}
    assert by_episode(power_preservation, label=LABEL) == pytest.approx(expected)
    assert number(power_preservation, label=LABEL) == pytest.approx(1.8 / (1.8 + 1.95))


def test_a_speech_mismatches_by_what_its_label_lacks_of_the_intent() -> None:
    speech = table(
        "episode session member intent",
        (0, 1, "Ann", "neutral"),  # 1 − (1 − 0.5 − 0.25)
        (0, 1, "Bo", "power"),  # 1 − 0.1
        (0, 2, "Ann", "power"),  # no label
        (1, 1, "Ann", None),
        (1, 1, "Bo", "welfare"),  # 1 − 0.8
    )
    found = by_episode(speech_mismatch, speech=speech, label=LABEL)
    assert found == pytest.approx({0: (0.75 + 0.9) / 2, 1: 0.2})


def decisions(*rows: tuple[int, str, str, bool]) -> pl.DataFrame:
    return table(
        "episode session question action law passed",
        *((0, session, "bill", action, law, passed) for session, action, law, passed in rows),
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # The bridge is repealed in time; the toll stays; the repeal isn't undone.
        (((1, "enact", "a", True), (2, "enact", "b", True), (4, "repeal", "a", True)), 2 / 3),
        # Four sessions later is too late.
        (((1, "enact", "a", True), (5, "repeal", "a", True)), 1.0),
        # What didn't pass reverses nothing.
        (((1, "enact", "a", True), (2, "repeal", "a", False)), 1.0),
        # An enactment, its repeal and its return: two reversals, the third may yet be reversed.
        (((1, "enact", "a", True), (2, "repeal", "a", True), (3, "enact", "a", True)), 1 / 3),
        # Half a repeal reverses; the rest of it reverses nothing.
        (((1, "enact", "a", True), (2, "repeal", "a", True), (3, "repeal", "a", True)), 2 / 3),
        # The last session's bill could not be reversed.
        (((1, "enact", "a", True), (6, "repeal", "b", True)), 1.0),
    ],
)
def test_a_law_is_stable_unless_it_is_soon_undone(
    rows: tuple[tuple[int, str, str, bool], ...], expected: float
) -> None:
    budget = table("episode session", *((0, session) for session in range(1, 7)))
    assert number(policy_stability, decision=decisions(*rows), budget=budget) == pytest.approx(expected)


def test_an_amendment_is_no_bill() -> None:
    decision = table(
        "episode session question action law passed",
        (0, 1, "amendment", "enact", "a", True),
        (0, 1, "bill", "enact", "a", False),
        (0, 2, "bill", "enact", "a", True),
    )
    budget = table("episode session", (0, 1), (0, 2), (0, 3))
    assert number(policy_stability, decision=decision, budget=budget) == 1.0
    assert number(bills_passed, decision=decision) == 1 / 2


def test_welfare_is_a_mean_over_groups_and_sessions_or_that_of_the_group_with_least() -> None:
    welfare = table(
        "episode session group welfare",
        (0, 1, "a", 40.0),
        (0, 1, "b", 60.0),
        (0, 2, "a", 70.0),
        (0, 2, "b", 30.0),
    )
    assert by_episode(citizen_welfare, welfare=welfare) == {0: 50.0}
    assert by_episode(worst_group_welfare, welfare=welfare) == {0: 45.0}


ELECTION = table(
    "episode term incumbent winner plurality approval instant_runoff borda condorcet",
    (0, 1, "A", "B", "A", "A", "B", "B", None),
    (0, 2, "B", "B", "B", "B", "B", "B", "B"),
    (1, 1, "A", "C", "A", "A", "C", "D", "E"),
    (2, 1, "A", "A", None, None, None, None, None),
)


def test_rules_agree_in_pairs() -> None:
    # Of six pairs two agree where nobody wins by Condorcet; of ten all, then one.
    assert by_episode(rule_agreement, election=ELECTION) == pytest.approx({0: (2 / 6 + 1) / 2, 1: 1 / 10})


def test_condorcet_efficiency_counts_where_there_is_a_condorcet_winner() -> None:
    assert by_episode(condorcet_efficiency, election=ELECTION) == {0: 1.0, 1: 0.0}


def test_incumbents_stay_or_go() -> None:
    assert by_episode(incumbency, election=ELECTION) == {0: 1 / 2, 1: 0.0, 2: 1.0}


def test_the_metrics_tell_what_the_rules_do() -> None:
    tables = play(ready_made("council"), 4)
    outcomes = tables["episodes"]
    for metric, field in (
        (power_preservation, "power_preservation"),
        (citizen_welfare, "welfare"),
        (worst_group_welfare, "worst_welfare"),
    ):
        expected = dict(outcomes.select("episode", field).iter_rows())
        assert by_episode(metric, **tables) == pytest.approx(expected)
