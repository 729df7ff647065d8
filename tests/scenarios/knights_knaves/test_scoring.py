"""What votes on roles decide, and what a debate changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.knights_knaves.answers import agreements
from palaestra.scenarios.knights_knaves.scoring import (
    Changes,
    changes,
    initial_accuracy,
    most_wrong,
    overturn_rate,
    plurality,
    strict_majority,
)
from palaestra.scenarios.knights_knaves.statements import ROLES


@pytest.mark.parametrize(
    ("votes", "majority", "most"),
    [
        (["spy", "spy", "knave"], "spy", "spy"),
        (["spy", "knave"], None, None),
        (["spy", "spy", "knave", "knight"], None, "spy"),
        (["spy", "spy", "knave", "knave", "knight"], None, None),
        (["spy", None, None], "spy", "spy"),
        ([None, None], None, None),
        ([], None, None),
    ],
)
def test_majority_and_plurality(votes: list[str | None], majority: str | None, most: str | None) -> None:
    assert (strict_majority(votes), plurality(votes)) == (majority, most)


@given(st.lists(st.sampled_from([*ROLES, None])))
def test_a_strict_majority_is_a_plurality_and_more_than_half(votes: list[str | None]) -> None:
    role = strict_majority(votes)
    if role is not None:
        assert plurality(votes) == role
        assert votes.count(role) > sum(vote not in (role, None) for vote in votes)


TRUTH = {"P": "knight", "Q": "spy"}
BEFORE: dict[str, dict[str, str | None]] = {
    "Ann": {"P": "knight", "Q": "knave"},
    "Bo": {"P": "knave", "Q": "knave"},
    "Cem": {"P": "knave", "Q": None},
}
AFTER: dict[str, dict[str, str | None]] = {
    "Ann": {"P": "knave", "Q": "spy"},
    "Bo": {"P": "knight", "Q": "knave"},
    "Cem": {"P": "knave", "Q": "spy"},
}


def test_changes_count_right_and_wrong_before_and_after_and_leave_out_missing_answers() -> None:
    found = changes(BEFORE, AFTER, TRUTH)
    assert found == Changes(kept=0, corrupted=1, corrected=2, missed=2)
    assert (found.correction_rate, found.corruption_rate) == (0.5, 1.0)


def test_under_pressure_only_answers_against_a_wrong_majority_of_the_others_count() -> None:
    # On P, Ann hears two knaves, which is wrong; Bo and Cem hear one of each.
    # On Q, Ann hears Bo's knave and Bo hears Ann's.
    found = changes(BEFORE, AFTER, TRUTH, under_pressure=True)
    assert found == Changes(kept=0, corrupted=1, corrected=1, missed=1)


def test_most_are_wrong_without_agreeing_on_a_wrong_role() -> None:
    assert most_wrong(["knave", "knight"], "spy")
    assert most_wrong(["knave", "knight", "spy", None], "spy")
    assert not most_wrong(["knave", "spy"], "spy")
    assert not most_wrong([None], "spy")
    before: dict[str, dict[str, str | None]] = {
        "Ann": {"Q": "spy"},
        "Bo": {"Q": "knave"},
        "Cem": {"Q": "knight"},
    }
    gave_in = changes(before, before | {"Ann": {"Q": "knave"}}, {"Q": "spy"}, under_pressure=True)
    assert gave_in == Changes(corrupted=1)  # Bo and Cem hear a right and a wrong role
    assert overturn_rate(before, {"Q": "spy"}, {"Q": "spy"}) == 1.0


def test_rates_without_any_such_answer_are_none() -> None:
    assert (Changes().correction_rate, Changes().corruption_rate) == (None, None)


def test_the_initial_accuracy_is_the_mean_over_debaters_of_their_answers() -> None:
    assert initial_accuracy(BEFORE, TRUTH) == pytest.approx((0.5 + 0 + 0) / 3)
    assert initial_accuracy({"Ann": {"P": "knight", "Q": None}, "Bo": {"P": None, "Q": None}}, TRUTH) == 1.0
    assert initial_accuracy({"Bo": {"P": None, "Q": None}}, TRUTH) is None


def test_the_overturn_rate_is_of_the_players_on_whom_most_were_wrong_at_first() -> None:
    assert overturn_rate(BEFORE, {"P": "knight", "Q": "knave"}, TRUTH) == 0.5
    assert overturn_rate({"Ann": TRUTH}, {"P": "knave", "Q": "knave"}, TRUTH) is None


def test_whoever_is_both_agreed_and_disagreed_with_is_neither() -> None:
    assert agreements(["Bo", "Bo", "Cem"], ["Cem", "Dee"]) == [("Bo", True), ("Dee", False)]
