"""Votes among players of hidden roles: who can be voted for, what is told of it, and how a game ends."""

from __future__ import annotations

from palaestra.agents.answers import Choice
from palaestra.scenarios.social_deduction.events import DeductionVote, Elimination, Role
from support.deduction_games import BARE, TWO_TRAITORS, ballots, game
from support.rewards import rewards_of
from support.scripted_debates import events, play_out, text_of

# Votes


def test_by_day_one_votes_for_a_living_other_and_by_night_for_the_living_majority() -> None:
    episode = game(TWO_TRAITORS + ("faithful",) * 2, max_rounds=2, **BARE)
    made = play_out(episode, ballots(["Dee"], ["Gus"]))
    options = {
        (call.purpose, call.about["round"], call.agent): call.answer.options
        for call in made["vote"] + made["kill"]
        if isinstance(call.answer, Choice)
    }
    assert options["vote", 1, "Cem"] == ("Ann", "Bo", "Dee", "Eli", "Fay", "Gus")
    assert options["kill", 1, "Ann"] == ("Cem", "Eli", "Fay", "Gus")
    assert options["vote", 2, "Ann"] == ("Bo", "Cem", "Eli", "Fay")
    assert options["kill", 2, "Bo"] == ("Cem", "Eli", "Fay")
    assert len(options) == 7 + 2 + 5 + 2


def test_every_vote_is_recorded_the_invalid_ones_without_target() -> None:
    episode = game(TWO_TRAITORS, max_rounds=1, **BARE)
    play_out(episode, ballots([{"Ann": "Bo", "Bo": "Ann", "Cem": "Ann"}], [{"Bo": "Dee"}]))
    assert events(episode, DeductionVote) == [
        DeductionVote(1, "day", "Ann", "traitor", "Bo", True),
        DeductionVote(1, "day", "Bo", "traitor", "Ann", True),
        DeductionVote(1, "day", "Cem", "faithful", "Ann", True),
        DeductionVote(1, "day", "Dee", "faithful", None, False),
        DeductionVote(1, "day", "Eli", "faithful", None, False),
        DeductionVote(1, "night", "Bo", "traitor", "Dee", True),
    ]
    assert events(episode, Elimination) == [
        Elimination(1, "day", "Ann", "traitor", 2, False),
        Elimination(1, "night", "Dee", "faithful", 1, False),
    ]


def test_of_those_who_tie_the_first_named_in_voting_order_is_out_by_day_and_by_night() -> None:
    episode = game(TWO_TRAITORS + ("faithful",) * 2, max_rounds=1, **BARE)
    day = {"Ann": "Dee", "Bo": "Cem", "Cem": "Dee", "Dee": "Cem"}
    play_out(episode, ballots([day], [{"Ann": "Gus", "Bo": "Eli"}]))
    assert events(episode, Elimination) == [
        Elimination(1, "day", "Dee", "faithful", 2, True),
        Elimination(1, "night", "Gus", "faithful", 1, True),
    ]


def test_a_vote_without_any_valid_ballot_eliminates_nobody() -> None:
    episode = game(max_rounds=1, **BARE)
    made = play_out(episode, ballots([None], [None]))
    assert events(episode, Elimination) == []
    assert [vote.valid for vote in events(episode, DeductionVote)] == [False] * 6
    assert all("NOBODY OUT" in text_of(call) for call in made["comment"])


def test_ballots_are_secret_and_only_their_number_is_told() -> None:
    told_after = []
    for voters in (("Bo", "Cem"), ("Dee", "Eli")):
        made = play_out(game(max_rounds=1), ballots([dict.fromkeys(voters, "Ann")]))
        after = [call for call in made["summarize"] if call.about["when"] == "vote"]
        told_after.append([text_of(call) for call in made["comment"] + after])
    assert told_after[0] == told_after[1]
    assert "OUT[Ann|traitor|2]" in told_after[0][0]


def test_the_last_target_is_killed_without_a_vote() -> None:
    episode = game(("traitor", "faithful", "faithful"), **BARE)
    made = play_out(episode, ballots(["Bo"]))
    assert "kill" not in made
    assert events(episode, Elimination)[-1] == Elimination(1, "night", "Cem", "faithful", 0, False)
    assert [vote.when for vote in events(episode, DeductionVote)] == ["day"] * 3


# Endings


def test_the_faithful_win_when_the_last_traitor_is_voted_out_and_there_is_no_night() -> None:
    episode = game((*TWO_TRAITORS, "faithful"), **BARE)
    made = play_out(episode, ballots(["Ann", "Bo"], ["Fay"]))
    assert episode.outcome == {
        "winner": "faithful",
        "rounds": 2,
        "minority_survivors": 0,
        "majority_survivors": 3,
    }
    assert {call.about["round"] for call in made["kill"]} == {1}


def test_the_traitors_win_when_they_are_as_many_as_the_faithful() -> None:
    episode = game(**BARE)
    play_out(episode, ballots(["Bo", None], ["Cem", "Dee"]))
    assert episode.outcome == {
        "winner": "traitor",
        "rounds": 2,
        "minority_survivors": 1,
        "majority_survivors": 1,
    }


def test_the_end_is_checked_only_after_the_night() -> None:
    episode = game(TWO_TRAITORS, **BARE)
    play_out(episode, ballots(["Cem"], ["Dee"]))  # 2 to 2 after the day, and the night is still played
    assert episode.outcome["winner"] == "traitor"
    assert (episode.outcome["rounds"], episode.outcome["majority_survivors"]) == (1, 1)


def test_after_the_last_round_the_game_is_undecided() -> None:
    episode = game(max_rounds=3, **BARE)
    play_out(episode, ballots())
    assert episode.outcome == {
        "winner": "undecided",
        "rounds": 3,
        "minority_survivors": 1,
        "majority_survivors": 4,
    }


def test_a_win_is_worth_1_to_every_player_of_the_team_dead_or_alive_and_0_to_the_others() -> None:
    episode = game((*TWO_TRAITORS, "faithful"), **BARE)
    play_out(episode, ballots(["Ann", "Bo"], ["Fay"]))  # the faithful win
    team = {role.player: role.minority for role in events(episode, Role)}
    assert rewards_of(episode) == {name: 0 if minority else 1 for name, minority in team.items()}
    assert set(team.values()) == {True, False}


def test_an_undecided_game_is_worth_a_half_to_all() -> None:
    episode = game(max_rounds=3, **BARE)
    play_out(episode, ballots())
    assert rewards_of(episode) == dict.fromkeys((role.player for role in events(episode, Role)), 0.5)


def test_a_game_won_in_its_last_round_is_won() -> None:
    episode = game(max_rounds=1, **BARE)
    play_out(episode, ballots(["Ann"]))
    assert episode.outcome["winner"] == "faithful"
