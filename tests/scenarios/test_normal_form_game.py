"""Normal-form games, on replies made by hand and with payoffs worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import normal_form_game
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.normal_form_game.config import NormalFormGameConfig
from palaestra.scenarios.normal_form_game.events import GamePayoff, GamePlayed, GameSpeech
from palaestra.scenarios.normal_form_game.games import hide_and_seek, public_goods, two_player_game
from palaestra.scenarios.normal_form_game.rules import NormalFormGame
from palaestra.scenarios.parts.picking import Pick, Probability
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(normal_form_game.__file__).parent / "ready").glob("*.yaml"))

DILEMMA: dict[str, Any] = {
    "scenario": "normal_form_game",
    "game": "prisoners_dilemma",
    "players": [{"name": "Ann", "persona": "Kind."}, {"name": "Bo", "persona": "Shrewd."}],
}
# Ann has two moves and Bo three.
TABLE: dict[str, Any] = {
    "scenario": "normal_form_game",
    "payoffs": [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [-1, 0.5]]],
    "moves": [["up", "down"], ["left", "middle", "right"]],
    "players": [{"name": "Ann"}, {"name": "Bo"}],
}
THREE: dict[str, Any] = {
    "scenario": "normal_form_game",
    "payoffs": [
        [[[0, 0, 0], [1, 1, 5]], [[1, 5, 1], [2, 6, 7]]],
        [[[5, 1, 1], [6, 2, 8]], [[7, 9, 3], [4, 4, 4]]],
    ],
    "moves": ["stay", "go"],
    "cooperative": "go",
    "players": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cem"}],
}


def game(file: dict[str, Any], index: int = 0, **fields: Any) -> NormalFormGame:
    config = check(deepcopy(file) | fields, "test.yaml").config
    assert isinstance(config, NormalFormGameConfig)
    return NormalFormGame(config, index=index)


def moving(moves: Mapping[str, Sequence[str | None]]) -> Callable[[Call], Reply]:
    """Answers that make each player's moves in turn, None for a failure, and say "speech-" and a number."""
    left = {name: iter(own) for name, own in moves.items()}

    def answer(call: Call) -> Reply:
        if call.purpose == "talk":
            return reply(f"speech-{call.index}")
        move = next(left[call.agent])
        return failure("mumble") if move is None else reply(move)

    return answer


# Playing


def test_all_move_at_once_and_get_what_the_table_says() -> None:
    episode = game(DILEMMA, rounds=2)
    made = play_out(episode, moving({"Ann": ["cooperate", "defect"], "Bo": ["defect", "defect"]}))
    assert [(call.agent, call.about["round"]) for call in made["move"]] == [
        ("Ann", 1),
        ("Bo", 1),
        ("Ann", 2),
        ("Bo", 2),
    ]
    assert events(episode, GamePayoff) == [
        GamePayoff("Ann", 1, 0, 1),
        GamePayoff("Bo", 1, 5, 0),
        GamePayoff("Ann", 2, 1, 0),
        GamePayoff("Bo", 2, 1, 0),
    ]
    assert episode.outcome == {
        "game": "prisoners_dilemma",
        "mean_payoff": (0 + 5 + 1 + 1) / 4,
        "cooperation": 1 / 4,
        "unanswered": 0,
    }
    assert rewards_of(episode) == {"Ann": 0.5, "Bo": 3.0}


def test_players_are_told_what_happened_and_nothing_of_the_round_under_way() -> None:
    episode = game(DILEMMA, rounds=2)
    first, _, later, _ = play_out(
        episode, moving({"Ann": ["cooperate", "defect"], "Bo": ["defect", "defect"]})
    )["move"]
    told = "Round 1: Ann chooses cooperate and Bo chooses defect. Ann gets 0 and Bo gets 5."
    assert told not in text_of(first)
    assert told in text_of(later)
    assert "It is round 2 of 2" in later.prompt[-1].text
    assert "If Ann chooses cooperate and Bo chooses defect: Ann gets 0 and Bo gets 5." in text_of(first)


def test_all_speak_at_once_before_a_round_and_hear_each_other_before_they_move() -> None:
    episode = game(DILEMMA, rounds=2, talk=True)
    made = play_out(episode, moving({"Ann": ["cooperate"] * 2, "Bo": ["defect"] * 2}))
    assert len(made["talk"]) == 4
    assert not any("speech-" in text_of(call) for call in made["talk"][:2])
    assert all("Ann: speech-0" in text_of(call) and "Bo: speech-1" in text_of(call) for call in made["move"])
    said = [message.source for message in episode.messages if message.source is not None]
    assert said == [0, 1, 4, 5]
    assert [(told.agent, told.round) for told in events(episode, GameSpeech)] == [
        ("Ann", 1),
        ("Bo", 1),
        ("Ann", 2),
        ("Bo", 2),
    ]


def test_words_that_failed_are_heard_by_nobody_and_the_game_goes_on() -> None:
    def answer(call: Call) -> Reply:
        return failure("mumble") if call.purpose == "talk" else reply("defect")

    episode = game(DILEMMA, talk=True)
    made = play_out(episode, answer)
    assert events(episode, GameSpeech) == [GameSpeech("Ann", 1, None), GameSpeech("Bo", 1, None)]
    assert "mumble" not in text_of(made["move"][0])
    assert episode.outcome["unanswered"] == 2
    assert episode.outcome["mean_payoff"] == 1


def test_without_a_move_of_all_nobody_gets_anything_and_the_move_is_missing() -> None:
    episode = game(DILEMMA, rounds=2)
    made = play_out(episode, moving({"Ann": [None, "cooperate"], "Bo": ["cooperate", "cooperate"]}))
    assert events(episode, GamePayoff)[:2] == [GamePayoff("Ann", 1, None, None), GamePayoff("Bo", 1, None, 1)]
    assert events(episode, Pick)[0] == Pick("Ann", 1, None, None, 2, "failed", 0)
    assert "Round 1: Ann chooses nothing and Bo chooses cooperate. Not all" in text_of(made["move"][2])
    assert episode.outcome["mean_payoff"] == 3
    assert rewards_of(episode) == {"Ann": 3, "Bo": 3}


def test_a_game_without_a_complete_round_is_worth_nothing_to_anybody() -> None:
    episode = game(DILEMMA)
    play_out(episode, moving({"Ann": [None], "Bo": ["defect"]}))
    assert (episode.outcome["mean_payoff"], episode.outcome["cooperation"]) == (None, 0)
    assert rewards_of(episode) == {}


def test_three_players_have_a_table_of_three_levels() -> None:
    episode = game(THREE)
    play_out(episode, moving({"Ann": ["go"], "Bo": ["stay"], "Cem": ["go"]}))
    assert [told.payoff for told in events(episode, GamePayoff)] == [6, 2, 8]
    assert [told.cooperation for told in events(episode, GamePayoff)] == [1, 0, 1]
    assert episode.outcome["game"] == "payoffs"


def test_players_of_one_table_can_have_different_moves() -> None:
    episode = game(TABLE)
    made = play_out(episode, moving({"Ann": ["down"], "Bo": ["right"]}))
    assert [call.answer for call in made["move"]] == [
        Choice(("up", "down")),
        Choice(("left", "middle", "right")),
    ]
    assert [told.payoff for told in events(episode, GamePayoff)] == [-1, 0.5]
    assert episode.outcome["cooperation"] is None


def test_moves_of_a_named_game_can_have_neutral_names() -> None:
    episode = game(DILEMMA, moves=["blue", "green"])
    made = play_out(episode, moving({"Ann": ["blue"], "Bo": ["green"]}))
    assert [told.payoff for told in events(episode, GamePayoff)] == [0, 5]
    assert [told.cooperation for told in events(episode, GamePayoff)] == [1, 0]
    assert not any(word in text_of(made["move"][0]) for word in ("cooperate", "defect", "prisoner"))


def test_the_game_is_recorded_whole() -> None:
    episode = game(TABLE)
    play_out(episode, moving({"Ann": ["up"], "Bo": ["left"]}))
    [told] = events(episode, GamePlayed)
    assert json.loads(told.players) == ["Ann", "Bo"]
    assert json.loads(told.moves) == TABLE["moves"]
    assert json.loads(told.payoffs) == TABLE["payoffs"]


# Distributions


def test_probabilities_of_one_call_are_the_distribution_and_nothing_more_is_asked() -> None:
    episode = game(DILEMMA, samples=5)
    made = play_out(episode, lambda call: reply("defect", [0.25, 0.75]))
    assert len(made["move"]) == 2
    assert events(episode, Pick)[0] == Pick("Ann", 1, "defect", 1, 2, "probabilities", 1)
    assert events(episode, Probability)[:2] == [
        Probability("Ann", 1, "cooperate", 0, 0.25),
        Probability("Ann", 1, "defect", 1, 0.75),
    ]


def test_without_probabilities_the_question_is_put_again_and_the_shares_are_the_distribution() -> None:
    episode = game(DILEMMA, samples=4)
    given: dict[str, list[str | None]] = {
        "Ann": ["defect", "cooperate", "defect", "defect"],
        "Bo": ["cooperate", None, "defect", "cooperate"],
    }
    made = play_out(episode, moving(given))
    assert [(call.agent, call.about.get("sample")) for call in made["move"]] == [
        ("Ann", None),
        ("Bo", None),
        *(("Ann", sample) for sample in (2, 3, 4)),
        *(("Bo", sample) for sample in (2, 3, 4)),
    ]
    assert len({call.seed for call in made["move"]}) == 8
    assert text_of(made["move"][0]) == text_of(made["move"][2])
    assert events(episode, Pick) == [
        Pick("Ann", 1, "defect", 1, 2, "sample", 4),
        Pick("Bo", 1, "cooperate", 0, 2, "sample", 3),
    ]
    assert [told.probability for told in events(episode, Probability)] == [1 / 4, 3 / 4, 2 / 3, 1 / 3]


def test_who_gives_no_valid_first_answer_is_not_asked_again() -> None:
    episode = game(DILEMMA, samples=3)
    made = play_out(episode, moving({"Ann": [None], "Bo": ["defect", "defect", "defect"]}))
    assert [call.agent for call in made["move"]] == ["Ann", "Bo", "Bo", "Bo"]
    assert {told.agent for told in events(episode, Probability)} == {"Bo"}


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


def test_a_move_sampled_again_is_asked_with_the_same_prompt() -> None:
    memory = {"kind": "summary", "tokens": 64, "summary_words": 10}
    file = DILEMMA | {"rounds": 12, "talk": True, "samples": 3, "memory": memory}
    config = check(file, "game.yaml").config
    assert isinstance(config, NormalFormGameConfig)
    episode = NormalFormGame(config)
    prompts: dict[tuple[str, object], set[tuple[int, ...]]] = {}

    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            if call.purpose == "move":
                key = call.agent, call.about["round"]
                prompts.setdefault(key, set()).add(tuple(m.number for m in call.prompt))
            return reply(call.answer.options[0])
        return reply("word " * 30)

    asked = play_out(episode, answer)
    assert len(asked["move"]) == 2 * 12 * 3
    assert asked["memory_summary"]
    assert {len(different) for different in prompts.values()} == {1}
