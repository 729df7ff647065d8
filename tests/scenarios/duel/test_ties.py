"""Margins that an engine's rounding alone may make are ties."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import Match
from palaestra.scenarios.duel.rules import Duel
from support.scripted_debates import events, play_out, reply

FILE: dict[str, Any] = {
    "scenario": "duel",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}],
    "judges": [{"name": "Kim"}],
    "instructions": ["Name a colour.", "Name a river.", "Name a city.", "Name a tree."],
}


def duel(**fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    return Duel(config)


@pytest.mark.parametrize(("least", "tied"), [(0.0, False), (0.4, False), (0.5, True)])
@pytest.mark.parametrize("ratings", ["sparta", "elo"])
def test_a_margin_that_rounding_alone_may_make_is_a_tie_and_moves_nothing(
    least: float, tied: bool, ratings: str
) -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        lifted = 0.42 * (str(call.about["of"]) == "Ann")
        return reply("5", [0, 0, 0, 0, 1 - lifted, lifted, 0, 0, 0, 0])

    played = duel(ties_below=least, ratings=ratings)
    play_out(played, answer)
    margins = [match.margin for match in events(played, Match)]
    assert [margin == 0 for margin in margins] == [tied] * 4
    assert (played.outcome["ties"] == 1) == tied
    assert (len(set(played.ratings.values())) == 1) == tied
    for match in events(played, Match):
        assert match.first_score is not None
        assert match.second_score is not None
        assert abs(match.first_score - match.second_score) == pytest.approx(0.42)


def test_a_tie_by_comparison_is_half_a_win() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        of_ann = str(call.about["of"]).startswith("Ann")
        return reply("first", [0.52, 0.48] if of_ann else [0.48, 0.52])

    file = {"judging": "pairwise", "ratings": "elo"}
    moved, still = duel(**file), duel(**file, ties_below=0.1)
    for played in (moved, still):
        play_out(played, answer)
    assert moved.ratings["Ann"] > 1000
    assert set(still.ratings.values()) == {1000.0}
