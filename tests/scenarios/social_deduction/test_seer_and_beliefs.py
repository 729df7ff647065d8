"""What players find out or believe of each other's roles: the seer, and beliefs told."""

from __future__ import annotations

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.social_deduction.events import Belief, Elimination, Inspection
from palaestra.scenarios.social_deduction.rules import DEGREES
from support.deduction_games import BARE, VILLAGE, WEREWOLF, ballots, exchanges, game, told
from support.scripted_debates import events, failure, play_out, reply, text_of

# The seer


def test_the_seer_alone_learns_one_team_a_night_and_asks_about_nobody_twice() -> None:
    episode = game(VILLAGE, max_rounds=4, **BARE, **WEREWOLF)
    calls = [call for group in exchanges(episode, ballots(inspect=["Ann", None, "Dee"])) for call in group]
    asked = [call.answer.options for call in calls if isinstance(call.answer, Choice) and call.agent == "Cem"]
    assert ("Bo", "Dee", "Eli", "Fay") in asked
    assert ("Bo", "Eli", "Fay") in asked
    assert events(episode, Inspection) == [
        Inspection(1, "Cem", "Ann", "werewolf", True),
        Inspection(2, "Cem", None, None, False),
        Inspection(3, "Cem", "Dee", "villager", True),
        Inspection(4, "Cem", None, None, False),
    ]
    assert "FINDING[1|Ann|werewolves]" in told(calls, "Cem")[-1]
    assert "FINDING[3|Dee|villagers]" in told(calls, "Cem")[-1]
    assert not any("FINDING" in text_of(call) for call in calls if call.agent != "Cem")


def test_a_seer_who_was_killed_inspects_no_more_and_its_role_is_not_told() -> None:
    episode = game(VILLAGE, max_rounds=2, **BARE, **WEREWOLF)
    made = play_out(episode, ballots(night=["Cem"], inspect=["Ann", "Bo"]))
    assert [call.about["round"] for call in made["inspect"]] == [1]
    assert events(episode, Elimination)[0] == Elimination(1, "night", "Cem", "seer", 2, False)
    assert all("SAD[Cem]" in text_of(call) for call in made["discuss"][6:])
    assert not any("OUT[" in text_of(call) for call in made["comment"])


def test_when_the_last_wolf_is_voted_out_the_seer_has_no_night_either() -> None:
    episode = game(("werewolf", "seer", "villager", "villager"), **BARE, **WEREWOLF)
    assert "inspect" not in play_out(episode, ballots(["Ann"], inspect=["Cem"]))
    assert (episode.outcome["winner"], episode.outcome["rounds"]) == ("villager", 1)


def test_a_seer_who_is_voted_out_is_shown_as_the_seer() -> None:
    made = play_out(game(VILLAGE, max_rounds=1, **BARE, **WEREWOLF), ballots(["Cem"], inspect=["Ann"]))
    assert all("OUT[Cem|seer|5]" in text_of(call) for call in made["comment"])
    assert "inspect" not in made


def test_the_last_one_left_is_inspected_without_asking_and_then_nobody() -> None:
    roles = ("werewolf", "seer", "villager", "villager")
    episode = game(roles, max_rounds=4, **BARE, **WEREWOLF)
    made = play_out(episode, ballots(inspect=["Ann", "Cem"]))
    assert [call.about["round"] for call in made["inspect"]] == [1, 2]
    assert events(episode, Inspection)[-1] == Inspection(3, "Bo", "Dee", "villager", True)
    assert len(events(episode, Inspection)) == 3


# Beliefs


def test_beliefs_are_shares_of_one_by_pair_and_moment() -> None:
    episode = game(("traitor", "faithful", "faithful"), max_rounds=1, elicit_beliefs=True, **BARE)

    def answer(call: Call) -> Reply:
        if call.purpose == "suspect":
            sure = call.about["other"] == "Ann" and call.about["moment"] == "after"
            return reply("10" if sure else "3")
        return reply("7") if call.purpose == "trust" else ballots()(call)

    made = play_out(episode, answer)
    assert {call.answer for call in made["suspect"] + made["trust"]} == {DEGREES}
    beliefs = events(episode, Belief)
    assert [(b.moment, b.agent, b.about) for b in beliefs][:6] == [
        ("before", "Ann", "Bo"),
        ("before", "Ann", "Cem"),
        ("before", "Bo", "Ann"),
        ("before", "Bo", "Cem"),
        ("before", "Cem", "Ann"),
        ("before", "Cem", "Bo"),
    ]
    assert [b.suspicion for b in beliefs] == [0.3] * 6 + [0.3, 0.3, 1.0, 0.3, 1.0, 0.3]
    assert {b.trust for b in beliefs} == {0.7}


def test_a_belief_is_the_expectation_where_probabilities_are_known() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "suspect":
            return reply("10", [0.5, *[0.0] * 9, 0.5])
        if call.purpose == "trust":
            return reply("0", [0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.75, 0.0, 0.0, 0.0, 0.0])
        return ballots()(call)

    episode = game(max_rounds=1, elicit_beliefs=True, **BARE)
    play_out(episode, answer)
    assert {(b.suspicion, b.trust) for b in events(episode, Belief)} == {(0.5, 0.5)}


def test_a_belief_that_failed_is_none_and_the_other_stays() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "suspect":
            return failure("mumble")
        return reply("10") if call.purpose == "trust" else ballots()(call)

    episode = game(max_rounds=1, elicit_beliefs=True, **BARE)
    play_out(episode, answer)
    assert {(b.suspicion, b.trust) for b in events(episode, Belief)} == {(None, 1.0)}


def test_beliefs_are_asked_only_of_and_about_the_living() -> None:
    episode = game(max_rounds=2, elicit_beliefs=True, **BARE)
    play_out(episode, ballots(["Bo"], ["Cem"]))
    second = {(b.agent, b.about) for b in events(episode, Belief) if b.round == 2}
    left = ("Ann", "Dee", "Eli")
    assert second == {(one, other) for one in left for other in left if one != other}
