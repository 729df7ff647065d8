"""What is decided on a puzzle, and by whom; what is recorded and rewarded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.knights_knaves.events import Consensus, PuzzleAnswer
from palaestra.scenarios.knights_knaves.rules import KnightsKnaves
from support.episodes.knights_knaves import DANA, FILE, answers, debate
from support.hand_solved import SOLUTION
from support.rewards import rewards_of
from support.scripted_debates import events, play_out, text_of


def test_every_answer_is_recorded_with_its_moment_and_whether_it_is_right() -> None:
    episode = debate(depth=2)
    play_out(episode, answers(lambda _call: "knight"))
    recorded = events(episode, PuzzleAnswer)
    moments = [answer.moment for answer in recorded]
    assert {moment: moments.count(moment) for moment in moments} == {
        "initial": 9,
        "discussion": 18,
        "adjusted": 27,
        "final": 9,
    }
    assert all(answer.correct == (answer.player != "Rob") for answer in recorded)
    assert {answer.confidence for answer in recorded if answer.moment == "initial"} == {7}
    assert {answer.confidence for answer in recorded if answer.moment != "initial"} == {None}
    assert {answer.round for answer in recorded if answer.moment == "discussion"} == {1, 2}
    assert {a.discussed for a in recorded if a.moment in ("discussion", "adjusted")} == set(SOLUTION)


def test_an_answers_probability_is_that_of_the_true_role() -> None:
    def answer(call: Call) -> Reply:
        made = answers()(call)
        if call.purpose == "propose":
            return replace(made, probabilities=(0.5, 0.2, 0.3))
        return made

    episode = debate()
    play_out(episode, answer)
    first = [a for a in events(episode, PuzzleAnswer) if a.agent == "Ann" and a.moment == "initial"]
    assert [(a.player, a.probability) for a in first] == [("Pat", 0.5), ("Quin", 0.5), ("Rob", 0.3)]


def finally_(**votes: list[str | None]) -> Callable[[Call], str | None]:
    """True roles before the end; at the end the votes of Ann, Bo and Cem on each player."""

    def roles(call: Call) -> str | None:
        player = str(call.about["player"])
        if call.purpose == "conclude" and player in votes:
            return votes[player][["Ann", "Bo", "Cem"].index(call.agent)]
        return "spy" if call.purpose == "decide" else SOLUTION[player]

    return roles


def final_consensus(episode: KnightsKnaves) -> dict[str, tuple[str | None, str, int, int]]:
    return {
        e.player: (e.role, e.by, e.votes, e.given) for e in events(episode, Consensus) if e.moment == "final"
    }


def test_the_supervisor_decides_where_no_role_has_a_strict_majority_and_only_there() -> None:
    episode = debate(supervisor=DANA)
    votes = finally_(Pat=["knight", "knave", "spy"], Quin=["knave", "knave", "knight"])
    made = play_out(episode, answers(votes))
    (asked,) = made["decide"]
    assert (asked.agent, asked.about["player"]) == ("Dana", "Pat")
    assert "The last answers are: Ann: knight, Bo: knave, Cem: spy." in asked.prompt[-1].text
    assert "Bo: because-Bo-Pat" in text_of(asked)
    assert final_consensus(episode) == {
        "Pat": ("spy", "supervisor", 1, 3),
        "Quin": ("knave", "majority", 2, 3),
        "Rob": ("spy", "majority", 3, 3),
    }
    assert episode.outcome["decided"] == "Pat: spy, Quin: knave, Rob: spy"
    assert episode.outcome["team_accuracy"] == pytest.approx(1 / 3)


def test_without_supervisor_a_plurality_decides_and_a_tie_nothing() -> None:
    cast = [*FILE["debaters"], {"name": "Dov"}]

    def roles(call: Call) -> str:
        if call.purpose != "conclude":
            return "knave"
        votes = {
            "Pat": "knight knight knave spy",
            "Quin": "knight knight knave knave",
            "Rob": "spy spy spy spy",
        }
        names = ["Ann", "Bo", "Cem", "Dov"]
        return votes[str(call.about["player"])].split()[names.index(call.agent)]

    episode = debate(debaters=cast)
    made = play_out(episode, answers(roles))
    assert "decide" not in made
    assert final_consensus(episode) == {
        "Pat": ("knight", "plurality", 2, 4),
        "Quin": (None, "nobody", 0, 4),
        "Rob": ("spy", "majority", 4, 4),
    }
    outcome = episode.outcome
    assert (outcome["team_accuracy"], outcome["exact"], outcome["undecided"]) == (
        pytest.approx(2 / 3),
        False,
        1,
    )


def test_a_debater_is_rewarded_for_what_its_last_solution_has_right_and_the_supervisor_for_the_teams() -> (
    None
):
    """Pat is a knight, Quin too, Rob a spy; the supervisor says that Pat is a spy, which is wrong."""
    episode = debate(supervisor=DANA)
    votes = finally_(
        Pat=["knight", "knave", "spy"], Quin=["knave", "knight", "knight"], Rob=["spy", None, "spy"]
    )
    play_out(episode, answers(votes))
    shares = {"Ann": 2 / 3, "Bo": 1 / 3, "Cem": 2 / 3, "Dana": 2 / 3}
    assert rewards_of(episode) == pytest.approx(shares)
    assert rewards_of(episode)["Dana"] == episode.outcome["team_accuracy"]
    alone = debate()
    play_out(alone, answers())
    assert rewards_of(alone) == {"Ann": 1, "Bo": 1, "Cem": 1}


def test_a_supervisor_who_fails_leaves_it_to_the_plurality() -> None:
    episode = debate(supervisor=DANA)
    play_out(episode, answers(finally_(Pat=["knight", "knave", None]), decide=None))
    assert final_consensus(episode)["Pat"] == (None, "nobody", 0, 2)


def test_a_failed_vote_is_no_vote() -> None:
    episode = debate()
    play_out(episode, answers(finally_(Pat=["knight", None, None])))
    assert final_consensus(episode)["Pat"] == ("knight", "majority", 1, 1)
    failed = [a for a in events(episode, PuzzleAnswer) if a.moment == "final" and a.role is None]
    assert [(a.agent, a.correct, a.probability) for a in failed] == [("Bo", None, None), ("Cem", None, None)]


def test_the_outcome_by_hand() -> None:
    def roles(call: Call) -> str:
        player = str(call.about["player"])
        first = {"Ann": "knave", "Bo": "knave", "Cem": "knight"}[call.agent]
        if call.purpose == "propose" and player == "Pat":
            return first
        if call.purpose == "conclude" and (call.agent, player) == ("Cem", "Rob"):
            return "knave"
        return SOLUTION[player]

    episode = debate()
    play_out(episode, answers(roles))
    outcome = episode.outcome
    assert outcome["initial_accuracy"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert (outcome["team_accuracy"], outcome["exact"], outcome["undecided"]) == (1.0, True, 0)
    names = ("correct_to_correct", "correct_to_wrong", "wrong_to_correct", "wrong_to_wrong")
    assert [outcome[name] for name in names] == [6, 1, 2, 0]
    assert outcome["correction_rate"] == 1.0
    assert outcome["corruption_rate"] == pytest.approx(1 / 7)
    # On Pat only Cem is right at first, so most of the team are wrong and are overturned. Ann and Bo each
    # hear one of either role, so no wrong answer stood beside a wrong majority of the others.
    assert outcome["correction_under_pressure"] is None
    assert outcome["overturn_rate"] == 1.0
    assert outcome["solution"] == "Pat: knight, Quin: knight, Rob: spy"
