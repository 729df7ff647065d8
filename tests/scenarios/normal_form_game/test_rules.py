"""Normal-form games, played on moves made by hand and with payoffs worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.normal_form_game.config import NormalFormGameConfig
from palaestra.scenarios.normal_form_game.events import GamePayoff, GamePlayed, GameSpeech
from palaestra.scenarios.normal_form_game.rules import NormalFormGame
from palaestra.scenarios.parts.picking import Pick, Probability
from support.episodes.normal_form_game import DILEMMA, TABLE, THREE, game
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of


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
