"""The rules of hidden roles: the order of things, votes, endings, the seer, beliefs."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palaestra.scenarios.social_deduction
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.social_deduction.config import SocialDeductionConfig
from palaestra.scenarios.social_deduction.events import (
    Belief,
    DeductionSpeech,
    DeductionVote,
    Elimination,
    Inspection,
    Role,
)
from palaestra.scenarios.social_deduction.rules import DEGREES, Character, SocialDeduction
from support.deduction_games import (
    BARE,
    NAMES,
    TWO_TRAITORS,
    VILLAGE,
    WEREWOLF,
    ballots,
    exchanges,
    game,
    game_file,
    told,
)
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.social_deduction.__file__).parent / "ready").glob("*.yaml"))


# The order of things


def test_a_round_of_the_traitors_is_talk_note_vote_comment_note_and_night() -> None:
    made = exchanges(game(TWO_TRAITORS, max_rounds=1), ballots(["Eli"], ["Dee"]))
    assert [(calls[0].purpose, [call.agent for call in calls]) for calls in made] == [
        ("discuss", ["Ann"]),
        ("discuss", ["Bo"]),
        ("discuss", ["Cem"]),
        ("discuss", ["Dee"]),
        ("discuss", ["Eli"]),
        ("react", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("summarize", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("vote", ["Ann", "Bo", "Cem", "Dee", "Eli"]),
        ("comment", ["Ann", "Bo", "Cem", "Dee"]),
        ("summarize", ["Ann", "Bo", "Cem", "Dee"]),
        ("plot", ["Ann"]),
        ("plot", ["Bo"]),
        ("conclude", ["Ann", "Bo"]),
        ("kill", ["Ann", "Bo"]),
    ]
    assert all({call.purpose for call in calls} == {calls[0].purpose} for calls in made)


def test_a_round_of_werewolf_with_beliefs_asks_them_before_and_after_the_talk() -> None:
    episode = game(VILLAGE, max_rounds=1, elicit_beliefs=True, **BARE, **WEREWOLF)
    made = exchanges(episode, ballots(["Fay"], ["Eli"], ["Ann"]))
    order = [calls[0].purpose for calls in made]
    assert order == [
        "suspect",
        *["discuss"] * 6,
        "react",
        "suspect",
        "vote",
        "comment",
        "inspect",
        "plot",
        "plot",
        "conclude",
        "kill",
    ]
    assert [call.purpose for call in made[0]] == ["suspect"] * 30 + ["trust"] * 30
    assert [(call.agent, call.answer) for call in made[11]] == [("Cem", Choice(("Ann", "Bo", "Dee", "Eli")))]


def test_the_introduction_tells_the_traits_to_all_and_each_notes_an_impression() -> None:
    players = [{"name": name, "trait": f"trait-{name}"} for name in NAMES[:3]] + [{"name": "Dee"}]
    made = exchanges(game(players=players, max_rounds=1))
    assert [call.purpose for call in made[0]] == ["reflect"] * 4
    for call in made[0]:
        for name in NAMES[:3]:
            assert f"PROFILE[{name}|trait-{name}]" in text_of(call)
        assert "PROFILE[Dee" not in text_of(call)
    later = [call for calls in made[1:] for call in calls]
    for number, name in enumerate(NAMES[:4]):
        assert all(f"IMPRESSION: speech-{number}" in text for text in told(later, name))


@pytest.mark.parametrize("fields", [{"introduction": False}, {"players": [{"name": n} for n in NAMES[:4]]}])
def test_without_introduction_or_without_traits_the_talk_begins_at_once(fields: dict[str, Any]) -> None:
    assert exchanges(game(max_rounds=1, **fields))[0][0].purpose == "discuss"


def test_in_pass_1_each_hears_those_before_and_in_pass_2_all_hear_pass_1_only() -> None:
    made = exchanges(game(max_rounds=1, **BARE))
    for position in range(5):
        [call] = made[position]
        heard = [f"{name}: speech-{i}" in text_of(call) for i, name in enumerate(NAMES[:5])]
        assert heard == [i < position for i in range(5)]
    for call in made[5]:
        assert all(f"speech-{i}" in text_of(call) for i in range(5))
        assert not any(f"speech-{i}" in text_of(call) for i in range(5, 10))
    for call in made[6]:
        assert all(f"{name}: speech-{i}" in text_of(call) for i, name in enumerate(NAMES[:5], 5))


def test_topics_and_reactions_rotate_by_the_day() -> None:
    episode = game(topics=["T1", "T2"], reactions=["R1", "R2", "R3"], max_rounds=4, **BARE)
    made = play_out(episode, ballots())
    assert [c.about["topic"] for c in made["discuss"] if c.agent == "Ann"] == ["T1", "T2", "T1", "T2"]
    assert [c.about["reaction"] for c in made["react"] if c.agent == "Ann"] == ["R1", "R2", "R3", "R1"]
    assert "REACT[R3]" in text_of([c for c in made["react"] if c.agent == "Ann"][2])


def test_the_morning_tells_who_died_without_the_role_and_the_vote_tells_it() -> None:
    made = play_out(game(TWO_TRAITORS + ("faithful",) * 2, max_rounds=2, **BARE), ballots(["Ann"], ["Gus"]))
    comments = [call for call in made["comment"] if call.about["round"] == 1]
    assert all("OUT[Ann|traitor|6]" in text_of(call) for call in comments)
    second = [call for call in made["discuss"] if call.about["round"] == 2]
    assert all("DAY[2|SAD[Gus]|Bo, Cem, Dee, Eli, Fay|" in text_of(call) for call in second)
    assert [call.agent for call in second] == ["Bo", "Cem", "Dee", "Eli", "Fay"]


def test_after_a_night_without_a_valid_vote_nobody_died() -> None:
    made = play_out(game(max_rounds=2, **BARE), ballots())
    assert "DAY[1|FIRST|" in text_of(made["discuss"][0])
    assert "DAY[2|QUIET|Ann, Bo, Cem, Dee, Eli|" in text_of(made["discuss"][5])


def test_every_speech_is_recorded_with_phase_and_pass() -> None:
    episode = game(TWO_TRAITORS, max_rounds=1, **BARE)
    play_out(episode, ballots())
    spoken = [(s.phase, s.pass_number, s.agent, s.role) for s in events(episode, DeductionSpeech)]
    cast = list(zip(NAMES, TWO_TRAITORS, strict=False))
    assert spoken == [
        *[("discussion", 1, *who) for who in cast],
        *[("discussion", 2, *who) for who in cast],
        *[("elimination", 1, *who) for who in cast],
        *[("night", 1, *who) for who in cast[:2]],
        *[("night", 2, *who) for who in cast[:2]],
    ]
    texts: dict[int | None, str] = {message.number: message.text for message in episode.messages}
    assert [texts[s.message] for s in events(episode, DeductionSpeech)][:2] == ["speech-0", "speech-1"]


def test_a_lone_traitor_has_nobody_to_talk_to() -> None:
    made = play_out(game(max_rounds=1), ballots())
    assert "plot" not in made
    assert [call.agent for call in made["kill"]] == ["Ann"]


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


# Files


def refusal(**fields: Any) -> str:
    """What is said to a file that must be refused."""
    with pytest.raises(Exception) as error:
        check(game_file(**fields), "test.yaml")
    return str(error.value)


def test_enforced_roles_must_fit_the_deck() -> None:
    names = [{"name": name} for name in NAMES[:5]]
    traitors = [*names[:3], *({**player, "role": "traitor"} for player in names[3:])]
    assert "only 1 of the 5 players can be traitor" in refusal(players=traitors)
    faithful = [{**player, "role": "faithful"} for player in names]
    assert "only 4 of the 5 players can be faithful" in refusal(players=faithful)
    seers = [{**player, "role": "seer"} for player in names]
    assert "no role 'seer'; the roles are: traitor, faithful" in refusal(players=seers)
    assert "only 1 of the 5 players can be seer" in refusal(players=seers, seer=True)
    no_seer = [{**player, "role": "faithful"} for player in names[:4]] + names[4:]
    assert "only 3 of the 5 players can be faithful" in refusal(players=no_seer, seer=True)


def test_teams_need_different_names() -> None:
    assert "the roles need different names" in refusal(majority={"name": "Traitor", "plural": "others"})
    assert "the roles need different names" in refusal(majority={"name": "seer", "plural": "seers"})
    assert "both teams are called" in refusal(majority={"name": "other", "plural": "Traitors"})


def test_outer_spaces_are_no_part_of_a_name() -> None:
    players = [{"name": name} for name in ("Ann", "Bo ", "Cem", " Dee")]
    config = check(
        {"scenario": "social_deduction", "players": players, "minority": {"size": 1}}, "t.yaml"
    ).config
    assert [agent.name for _, agent in config.declared_agents()] == ["Ann", "Bo", "Cem", "Dee"]


def test_a_policy_that_does_not_exist_is_refused() -> None:
    players = [{"name": name, "policy": "sly"} for name in NAMES[:4]]
    assert "no policy 'sly'" in refusal(players=players)


def test_the_defaults_are_the_published_size() -> None:
    config = check({"scenario": "social_deduction"}, "test.yaml").config.model_dump()
    assert (len(config["players"]), config["minority"]["size"]) == (10, 3)
    assert (len(config["topics"]), len(config["reactions"])) == (6, 5)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_every_ready_file_plays_to_its_end(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    scenario = load(path)
    assert scenario.config.title
    for index in range(2):
        episode = scenario.rules(scenario.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        teams = {event.team for _, event in episode.events if isinstance(event, Role)}
        assert episode.outcome["winner"] in teams | {"undecided"}


def test_the_ready_files_are_the_traitors_small_and_large_and_werewolf() -> None:
    assert {path.stem for path in READY} == {"traitors", "traitors-10", "werewolf"}


# Any game at all


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 9), st.booleans(), st.floats(0, 0.5))
def test_whatever_is_answered_the_log_is_consistent(seed: int, size: int, seer: bool, failing: float) -> None:
    chance = Random(seed)
    minority = chance.randint(1, (size - 1 - seer) // 2)
    players = [{"name": f"P{i}"} for i in range(size)]
    words = WEREWOLF | {"minority": WEREWOLF["minority"] | {"size": minority}, "seer": seer}
    episode = game(index=seed, players=players, max_rounds=4, memory_summaries=False, **words)

    def answer(call: Call) -> Reply:
        return failure("mumble") if chance.random() < failing else scripted_replies([call])[0]

    play_out(episode, answer)
    team = {event.player: event.team for event in events(episode, Role)}
    alive = set(team)
    for _, event in episode.events:
        if isinstance(event, DeductionSpeech):
            assert event.agent in alive
            assert event.phase != "night" or team[event.agent] == "werewolf"
        elif isinstance(event, DeductionVote):
            assert event.voter in alive
            assert event.valid == (event.target is not None)
            assert event.target is None or event.target in alive - {event.voter}
            if event.when == "night":
                assert team[event.voter] == "werewolf"
                assert event.target is None or team[event.target] == "villager"
        elif isinstance(event, Inspection):
            assert event.team is None if event.target is None else event.team == team[event.target]
        elif isinstance(event, Elimination):
            alive.remove(event.player)
    wolves = sum(team[name] == "werewolf" for name in alive)
    villagers = len(alive) - wolves
    assert episode.outcome["minority_survivors"] == wolves
    assert episode.outcome["majority_survivors"] == villagers
    expected = "villager" if not wolves else "werewolf" if wolves >= villagers else "undecided"
    assert episode.outcome["winner"] == expected
    assert episode.outcome["rounds"] == 4 or expected != "undecided"


def test_the_data_collector_counts_the_living_of_both_teams() -> None:
    config = check(game_file(VILLAGE, max_rounds=3, **WEREWOLF), "test.yaml").config
    assert isinstance(config, SocialDeductionConfig)
    episode = SocialDeduction(config, respond=scripted_replies)
    while episode.running:
        episode.step()
    counts = episode.datacollector.model_vars
    assert (counts["minority"][0], counts["majority"][0]) == (2, 4)
    assert counts["majority"][-1] == episode.outcome["majority_survivors"]
    assert len(episode.agents_by_type[Character]) == 6
