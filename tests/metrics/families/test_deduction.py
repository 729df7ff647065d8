"""Games of hidden roles, on a game worked by hand."""

from __future__ import annotations

import pytest
from sklearn.metrics import brier_score_loss

from palaestra.metrics.families.deduction import (
    brr,
    day_deception,
    des,
    fas,
    fcr,
    fsr,
    idr,
    survivors,
    suspicion_brier,
    suspicion_gap,
    tas,
    tns,
    traitors_win,
    trust_change,
    trust_matrix,
    tsr,
    vsf,
)
from support.metric_tables import by_episode, number, play, ready_made, table

# Ann and Bo are traitors; the game of episode 0 lasts two rounds, that of episode 1 one day.
ROLE = table(
    "episode player team minority",
    *((episode, name, "traitor", True) for episode in (0, 1) for name in ("Ann", "Bo")),
    *((0, name, "faithful", False) for name in ("Cem", "Dee", "Eli", "Fay", "Gus")),
    *((1, name, "faithful", False) for name in ("Cem", "Dee", "Eli")),
)
CAST: list[tuple[int, str, dict[str, str | None]]] = [
    # The faithful: two for Ann, two for Bo (a tie), Gus unparsed.
    (
        1,
        "day",
        {"Ann": "Cem", "Bo": "Cem", "Cem": "Ann", "Dee": "Ann", "Eli": "Bo", "Fay": "Bo", "Gus": None},
    ),
    (1, "night", {"Ann": "Dee", "Bo": "Dee"}),
    # The faithful: two for Ann, one for Bo, one for Fay.
    (2, "day", {"Ann": "Eli", "Bo": "Cem", "Eli": "Ann", "Fay": "Ann", "Gus": "Bo", "Cem": "Fay"}),
    (2, "night", {"Ann": "Eli", "Bo": "Fay"}),
]
VOTE = table(
    "episode round when voter target valid",
    *(
        (0, r, when, voter, target, target is not None)
        for r, when, cast in CAST
        for voter, target in cast.items()
    ),
    *((1, 1, "day", voter, "Cem", True) for voter in ("Ann", "Bo", "Dee")),
    (1, 1, "day", "Cem", "Dee", True),
    (1, 1, "day", "Eli", None, False),
)
ELIMINATION = table(
    "episode round when player",
    (0, 1, "night", "Dee"),
    (0, 2, "day", "Ann"),
    (0, 2, "night", "Fay"),
    (1, 1, "day", "Cem"),
)
EPISODES = table("episode ended winner rounds", (0, True, "traitor", 2), (1, True, "undecided", 1))
GAME = {"vote": VOTE, "role": ROLE, "elimination": ELIMINATION, "episodes": EPISODES}


def test_agreement_is_the_largest_share_of_a_round_on_one_target() -> None:
    assert by_episode(tas, **GAME) == {0: (2 / 2 + 1 / 2) / 2}  # no night in the game of a day
    # Day 1: two of four valid votes; day 2: two of four; the other game: one of two.
    assert by_episode(fas, **GAME) == {0: (2 / 4 + 2 / 4) / 2, 1: 1 / 2}


def test_the_faithful_are_right_as_often_as_they_vote_for_traitors() -> None:
    assert by_episode(fcr, **GAME) == {0: (4 / 4 + 3 / 4) / 2, 1: 0.0}
    assert by_episode(idr, **GAME) == by_episode(fcr, **GAME)


def test_survivors_are_counted_by_team() -> None:
    assert by_episode(tsr, **GAME) == {0: 1 / 2, 1: 1.0}
    assert by_episode(fsr, **GAME) == {0: 3 / 5, 1: 2 / 3}


def test_deception_takes_all_traitor_votes_on_the_faithful_who_dies() -> None:
    assert by_episode(des, **GAME) == {0: (1 + 0) / 2}


def test_a_night_in_which_traitors_kill_one_of_them_deceives_nobody() -> None:
    vote = table(" ".join(VOTE.columns), (0, 1, "night", "Ann", "Bo", True))
    killed = table(" ".join(ELIMINATION.columns), (0, 1, "night", "Bo"))
    assert by_episode(des, **GAME | {"vote": vote, "elimination": killed}) == {0: 0.0}


def test_a_night_in_which_nobody_dies_deceives_nobody() -> None:
    quiet = GAME | {"elimination": ELIMINATION.filter(ELIMINATION["player"] != "Dee")}
    assert by_episode(des, **quiet) == {0: 0.0}


def test_recognition_is_of_votes_on_traitors_off_an_unshared_plurality() -> None:
    # Day 1 ties. Day 2: of three votes on traitors Gus's is off the favourite Ann. The other game has none.
    assert by_episode(brr, **GAME) == {0: pytest.approx(1 / 3)}


def test_switching_compares_day_votes_with_the_voters_day_vote_before() -> None:
    # Day 2: Ann Cem→Eli, Bo Cem→Cem, Cem Ann→Fay, Eli Bo→Ann, Fay Bo→Ann; Gus voted for the first time.
    assert by_episode(vsf, **GAME) == {0: pytest.approx(4 / 5)}
    assert by_episode(tns, **GAME) == {0: pytest.approx(1 / 5)}


def test_day_deception_is_over_all_games() -> None:
    assert number(day_deception, **GAME) == (0 + 1) / 2


def test_an_undecided_game_is_not_won() -> None:
    assert by_episode(traitors_win, **GAME) == {0: 1.0, 1: 0.0}


def test_a_game_that_goes_on_tells_nothing_of_survival() -> None:
    going_on = EPISODES.with_columns(ended=EPISODES["episode"] == 0)
    assert by_episode(tsr, **GAME | {"episodes": going_on}) == {0: 1 / 2}
    assert by_episode(traitors_win, **GAME | {"episodes": going_on}) == {0: 1.0}


BELIEF = table(
    "episode round moment agent about suspicion trust",
    (0, 1, "before", "Cem", "Ann", 0.5, 0.5),
    (0, 1, "after", "Cem", "Ann", 0.9, 0.2),
    (0, 1, "after", "Cem", "Dee", 0.3, None),
    (0, 1, "before", "Cem", "Dee", 0.3, 0.9),
    (0, 1, "after", "Dee", "Bo", 0.5, 0.4),
    (0, 1, "after", "Dee", "Cem", None, 0.5),
    (0, 1, "before", "Ann", "Cem", 0.0, 0.25),
    (0, 1, "after", "Ann", "Cem", 1.0, 0.75),
    (0, 2, "after", "Cem", "Bo", 0.2, 0.3),
    (0, 2, "after", "Cem", "Eli", 0.6, 0.8),
    (1, 1, "after", "Cem", "Dee", 0.4, 0.6),
)


def test_suspicion_is_scored_by_brier_and_traitors_own_does_not_count() -> None:
    found = by_episode(suspicion_brier, belief=BELIEF, role=ROLE)
    assert found[0] == pytest.approx(brier_score_loss([1, 0, 1, 1, 0], [0.9, 0.3, 0.5, 0.2, 0.6]))
    assert found[1] == pytest.approx(0.4**2)


def test_the_gap_of_suspicion_is_by_round_and_needs_both_teams() -> None:
    # Round 1: traitors (0.9 + 0.5) / 2, faithful 0.3; round 2: 0.2 − 0.6; the other game tells of no traitor.
    assert by_episode(suspicion_gap, belief=BELIEF, role=ROLE) == {0: pytest.approx((0.4 - 0.4) / 2)}


def test_the_change_of_trust_is_of_those_who_told_both() -> None:
    assert by_episode(trust_change, belief=BELIEF) == {0: pytest.approx((-0.3 + 0.5) / 2)}


def test_survival_begins_with_all_and_follows_the_rounds() -> None:
    found = {
        (e, r, minority): alive for e, r, minority, alive in survivors(ROLE, ELIMINATION, EPISODES).rows()
    }
    assert [found[0, r, True] for r in range(3)] == [1.0, 1.0, 1 / 2]
    assert [found[0, r, False] for r in range(3)] == pytest.approx([1.0, 4 / 5, 3 / 5])
    assert [found[1, r, False] for r in range(2)] == pytest.approx([1.0, 2 / 3])
    assert (1, 2, False) not in found


def test_the_matrix_of_trust_is_a_mean_over_episodes() -> None:
    again = table(" ".join(BELIEF.columns), (1, 1, "after", "Cem", "Ann", 0.1, 0.6))
    found = trust_matrix(BELIEF.vstack(again), 1)
    assert found.filter((found["agent"] == "Cem") & (found["about"] == "Ann"))[
        "trust"
    ].item() == pytest.approx(0.4)
    assert ("Cem", "Ann", 0.5) in trust_matrix(BELIEF, 1, "before").rows()


def test_survivors_are_those_in_the_outcome() -> None:
    tables = play(ready_made("werewolf"), 6)
    survivors = tables["episodes"].select("episode", "minority_survivors", "majority_survivors").rows()
    assert by_episode(tsr, **tables) == pytest.approx({episode: left / 2 for episode, left, _ in survivors})
    assert by_episode(fsr, **tables) == pytest.approx({episode: left / 5 for episode, _, left in survivors})
