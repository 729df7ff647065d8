"""The games that a file can ask for, by name or by table, and those that it can't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import normal_form_game
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.normal_form_game.config import NormalFormGameConfig
from palaestra.scenarios.normal_form_game.games import hide_and_seek, public_goods, two_player_game
from palaestra.scenarios.normal_form_game.rules import NormalFormGame
from support.episodes.normal_form_game import DILEMMA, TABLE, THREE, game
from support.scripted_debates import text_of

READY = sorted((Path(normal_form_game.__file__).parent / "ready").glob("*.yaml"))


# Named games


@pytest.mark.parametrize(
    ("name", "profile", "payoffs"),
    [
        ("prisoners_dilemma", (1, 0), [5, 0]),
        ("stag_hunt", (0, 1), [1, 3]),
        ("chicken", (1, 1), [-10, -10]),
        ("battle_of_sexes", (1, 1), [2, 3]),
        ("matching_pennies", (0, 1), [-1, 1]),
        ("rock_paper_scissors", (0, 2), [1, -1]),
        ("rock_paper_scissors", (1, 2), [-1, 1]),
    ],
)
def test_a_named_game_has_its_payoffs(name: str, profile: tuple[int, ...], payoffs: list[float]) -> None:
    assert two_player_game(name).payoff(profile) == payoffs


def test_who_is_found_gets_nothing() -> None:
    assert hide_and_seek(3).payoff((1, 1)) == [0, 1]
    assert hide_and_seek(3).payoff((1, 2)) == [1, 0]


def test_a_pot_is_multiplied_and_shared_by_all() -> None:
    found = public_goods(4, 10, 1.6, 3)
    assert found.moves[0] == ("0 points", "5 points", "10 points")
    # 10 + 5 + 0 + 0 points make 24, of which each gets 6.
    assert found.payoff((2, 1, 0, 0)) == [0 + 6, 5 + 6, 10 + 6, 10 + 6]
    assert found.cooperation == ((0, 0.5, 1),) * 4


def test_a_pot_is_told_in_a_sentence_and_a_hiding_place_too() -> None:
    players = [{"name": name} for name in ("Ann", "Bo", "Cem")]
    pot = {"scenario": "normal_form_game", "game": "public_goods", "players": players}
    [asked, *_] = game(pot).pending
    assert "multiplied by 1.6" in text_of(asked)
    assert "0 points, 5 points or 10 points." in text_of(asked)
    places = {
        "scenario": "normal_form_game",
        "game": "hide_and_seek",
        "moves": ["attic", "barn"],
        "places": 2,
    }
    [asked, *_] = game(places).pending
    assert "Ann hides in one of these: attic or barn." in text_of(asked)


# Files


@pytest.mark.parametrize(
    ("file", "fields", "words"),
    [
        (
            TABLE,
            {"payoffs": TABLE["payoffs"][:1]},
            "Ann has 2 moves (up, down): give a list of 2 entries, one a move, not a list of 1",
        ),
        (
            TABLE,
            {"payoffs": [[[1, 2], [3, 4]], TABLE["payoffs"][1]]},
            "Bo has 3 moves (left, middle, right): give a list of 3 entries, one a move, not a list of 2",
        ),
        (
            TABLE,
            {"payoffs": [[[1, 2], [3, 4], [5]], TABLE["payoffs"][1]]},
            "Ann up, Bo right: give a list of 2 payoffs, one a player, not [5]",
        ),
        (
            TABLE,
            {"payoffs": [[1, 2], [3, 4]]},
            "Bo has 3 moves (left, middle, right): give a list of 3 entries, one a move, not a list of 2",
        ),
        (
            TABLE,
            {"payoffs": [[1, 2, 3], [4, 5, 6]]},
            "Ann up, Bo left: give a list of 2 payoffs, one a player, not 1",
        ),
        (TABLE, {"payoffs": [[[1, "a"], [3, 4], [5, 6]], TABLE["payoffs"][1]]}, "'a' is no payoff"),
        (TABLE, {"payoffs": [[[1, True], [3, 4], [5, 6]], TABLE["payoffs"][1]]}, "True is no payoff"),
        (TABLE, {"moves": []}, "`payoffs` needs `moves`"),
        (TABLE, {"moves": [["up", "down"]]}, "1 lists of moves for 2 players"),
        (TABLE, {"moves": [["up"], ["left", "middle", "right"]]}, "there are 1 moves"),
        (TABLE, {"moves": [["up", "up"], ["left", "middle", "right"]]}, "the move 'up' is named twice"),
        (TABLE, {"moves": [["up", " down"], ["left", "middle", "right"]]}, "outer spaces"),
        (TABLE, {"cooperative": "up"}, "no move 'up' that every player has"),
        (TABLE, {"game": "chicken"}, "chicken has its own payoffs"),
        (TABLE, {"payoffs": None}, "name a `game`, or give `payoffs` and `moves`"),
        (
            THREE,
            {"players": DILEMMA["players"]},
            "[0, 0, 0] is no payoff; with 2 players a payoff is a finite number in 3 lists",
        ),
        (DILEMMA, {"players": THREE["players"]}, "prisoners_dilemma is a game of 2 players, not of 3"),
        (DILEMMA, {"moves": ["a", "b", "c"]}, "prisoners_dilemma has 2 moves, and there are names for 3"),
        (DILEMMA, {"cooperative": "defect"}, "knows which move cooperates"),
        (DILEMMA, {"places": 3}, "`places` is for hide_and_seek only"),
        (DILEMMA, {"game": "poker"}, "`game`: input should be"),
        (
            DILEMMA,
            {"game": "public_goods", "moves": ["a", "b", "c"]},
            "amounts; set `endowment` and `levels`",
        ),
        (
            DILEMMA,
            {"game": "public_goods", "levels": 8, "players": [{"name": n} for n in "ABC"]},
            "take fewer levels or players",
        ),
        (
            THREE,
            {"moves": list("abcdefgh"), "cooperative": None},
            "at most 256 combinations of moves",
        ),
        (DILEMMA, {"players": [{"name": "Ann"}, {"name": "ann "}]}, "two agents are named"),
        (DILEMMA, {"players": [{"name": "Ann", "policy": "red"}, {"name": "Bo"}]}, "no policy 'red'"),
    ],
)
def test_impossible_files_are_refused(file: dict[str, Any], fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        game(file, **fields)
    assert words in str(error.value)


def test_a_refusal_points_at_the_row_that_is_too_short(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "scenario: normal_form_game\n"
        "moves: [left, right]\n"
        "payoffs:\n"
        "  - [[1, 1], [0, 0]]\n"
        "  - [[2, 0]]\n"
        "players: [{name: Ann}, {name: Bo}]\n"
    )
    with pytest.raises(
        BadInput, match=r"bad\.yaml:5:\d+: Bo has 2 moves \(left, right\): give a list of 2 entries"
    ):
        load(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert episode.outcome["mean_payoff"] is not None
        assert episode.outcome["unanswered"] == 0


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_file_that_is_written_out_whole_is_valid_again(path: Path) -> None:
    config = load(path).config
    assert check(config.model_dump(mode="json"), "whole.yaml").config == config


def all_hear_talk(episode: Episode[Any], call: Call) -> set[str]:
    assert isinstance(episode, NormalFormGame)
    return {player.name for player in episode.config.players} if call.purpose == "talk" else set()


@pytest.mark.parametrize("file", [DILEMMA, TABLE, THREE], ids=["named", "table", "three players"])
def test_the_contract(file: dict[str, Any]) -> None:
    check_contract(
        file | {"rounds": 3, "talk": True, "samples": 2},
        may_read=all_hear_talk,
        refused=[
            ({"players": []}, "at least 2"),
            ({"players": [{"name": "Ann"}] * 2}, "two agents are named"),
            ({"game": "chicken", "payoffs": [[[0, 0]]]}, "leave out `game` or `payoffs`"),
        ],
    )


def test_a_move_counts_as_cooperation_wherever_a_player_has_it() -> None:
    moves = [["C", "D"], ["D", "C", "E"]]
    file = TABLE | {"moves": moves, "cooperative": "C"}
    config = check(file, "game.yaml").config
    assert isinstance(config, NormalFormGameConfig)
    assert config.table.cooperation == ((1, 0), (0, 1, 0))
