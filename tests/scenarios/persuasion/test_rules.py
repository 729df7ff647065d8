"""Persuasion walked on replies made by hand: the script, and willingness before and after."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.scenarios.persuasion.events import Guess, Leak, PersuasionSpeech, Strategy, Willingness
from support.episodes.persuasion import ASIDE, TRUTHS, WALK, Played
from support.rewards import rewards_of
from support.scripted_debates import reply, text_of

WITHOUT: dict[str, Any] = WALK | {"preventive": "none"}


# The script


def mind_read(times: int = 1) -> list[tuple[str, str]]:
    """The calls on `times` predictions made at once."""
    order = [("Mia", "predict"), (ASIDE, "guess"), ("Ola", "correct"), ("Mia", "revise"), (ASIDE, "guess")]
    return [call for call in order for _ in range(times)]


def test_the_script_has_four_exchanges_with_predictions_after_three() -> None:
    assert Played().asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 4,
        *[("Mia", "open"), ("Ned", "reveal"), *mind_read(2)],
        *[("Mia", "strategy"), ("Mia", "attack"), ("Ned", "object"), *mind_read()],
        *[("Mia", "answer"), ("Ned", "doubt"), *mind_read()],
        *[("Mia", "satisfy"), ("Ned", "willingness"), ("Ned", "agree")],
    ]


def test_where_preventive_is_none_there_are_three_and_no_strategy() -> None:
    played = Played(situations=[WITHOUT])
    assert played.asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 2,
        *[("Mia", "request"), ("Ned", "object"), *mind_read()],
        *[("Mia", "answer"), ("Ned", "doubt"), *mind_read()],
        *[("Mia", "satisfy"), ("Ned", "willingness"), ("Ned", "agree")],
    ]
    assert (played.outcome["exchanges"], played.outcome["preventive"]) == (3, None)


def test_without_an_observer_nothing_is_corrected() -> None:
    played = Played(observer=None)
    assert not {"correct", "revise"} & set(played.calls)
    assert played.events(Leak) == []
    assert {guess.moment for guess in played.events(Guess)} == {"first", "before"}


def test_freely_all_is_predicted_after_each_exchange_but_the_last() -> None:
    played = Played(form="free", exchanges=3, observer=None)
    assert played.asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 4,
        *[("Mia", "persuade"), ("Ned", "reply"), *[("Mia", "predict")] * 4, *[(ASIDE, "guess")] * 4] * 2,
        *[("Mia", "persuade"), ("Ned", "willingness"), ("Ned", "reply")],
    ]
    assert [speech.move for speech in played.events(PersuasionSpeech)] == ["persuade", "reply"] * 3


def test_an_episode_plays_the_next_situation() -> None:
    assert Played(index=1, situations=[WALK, WITHOUT]).outcome["exchanges"] == 3
    assert Played(index=2, situations=[WALK, WITHOUT]).outcome["exchanges"] == 4


def test_the_persuadee_voices_what_the_script_says() -> None:
    played = Played()
    voiced = {"reveal": TRUTHS[:2], "object": TRUTHS[2:3], "doubt": TRUTHS[3:], "agree": ()}
    for purpose, truths in voiced.items():
        [call] = played.calls[purpose]
        request = call.prompt[-1].text
        assert [truth for truth in TRUTHS if truth in request] == list(truths)


@pytest.mark.parametrize(
    ("choice", "point", "words"),
    [
        (
            "refute belief",
            "belief",
            "wrong, and speak of nothing else: Ned believes that mud",
        ),
        ("divert desire", "desire", "see a film is as good or better for this, and speak of nothing else: "),
    ],
)
def test_the_attack_is_on_one_point_of_what_the_persuader_thinks(choice: str, point: str, words: str) -> None:
    played = Played({"strategy": choice, "revise preventive belief": "mud"})
    [attack] = played.calls["attack"]
    assert words in text_of(attack)
    assert played.events(Strategy) == [Strategy(2, point, choice.split()[0])]


def test_a_point_that_could_not_be_predicted_is_named_only() -> None:
    played = Played({"predict preventive belief": None, "strategy": "refute belief"})
    assert "nothing else: the belief of Ned" in text_of(played.calls["attack"][0])


def test_a_strategy_that_failed_leaves_the_attack_without_an_aim() -> None:
    played = Played({"strategy": None})
    assert played.events(Strategy) == [Strategy(2, None, None)]
    assert "nothing else" not in text_of(played.calls["attack"][0])
    assert played.outcome["unanswered"] == 1


# Willingness


def test_willingness_is_the_expectation_and_its_change_the_persuaders_reward() -> None:
    before = reply("1", [0.5, 0, 0.5, 0, 0, 0, 0])
    played = Played({"willingness": [before, "6"]})
    assert played.events(Willingness) == [
        Willingness("Ned", "before", 2.0, "probabilities"),
        Willingness("Ned", "after", 6.0, "sample"),
    ]
    assert (played.outcome["willingness_before"], played.outcome["change"]) == (2, 4)
    assert rewards_of(played.episode) == {"Mia": 4}


def test_willingness_that_failed_is_missing_and_pays_nothing() -> None:
    played = Played({"willingness": ["4", None]})
    assert played.events(Willingness)[1] == Willingness("Ned", "after", None, "failed")
    assert (played.outcome["willingness_after"], played.outcome["change"]) == (None, None)
    assert rewards_of(played.episode) == {}


def test_willingness_is_asked_before_the_script_makes_the_persuadee_agree() -> None:
    played = Played({"agree": "YIELDED"})
    assert "YIELDED" not in played.shown_to("Ned")
    assert played.calls["willingness"][1].index < played.calls["agree"][0].index
    assert "satisfy-" in text_of(played.calls["willingness"][1])
