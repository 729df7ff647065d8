"""Games of hidden roles as files ask for them: any game at all, the ready-made, and the refused."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palaestra.scenarios.social_deduction
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.social_deduction.config import SocialDeductionConfig
from palaestra.scenarios.social_deduction.events import (
    DeductionSpeech,
    DeductionVote,
    Elimination,
    Inspection,
    Role,
)
from palaestra.scenarios.social_deduction.rules import Character, SocialDeduction
from support.deduction_games import NAMES, VILLAGE, WEREWOLF, game, game_file
from support.scripted_debates import events, failure, play_out

READY = sorted((Path(palaestra.scenarios.social_deduction.__file__).parent / "ready").glob("*.yaml"))


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
