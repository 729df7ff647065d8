"""Random numbers, drawn on replies made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import random_numbers
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.parts.picking import Pick, Probability
from palaestra.scenarios.random_numbers.config import RandomNumbersConfig
from palaestra.scenarios.random_numbers.rules import RandomNumbers
from support.scripted_debates import failure, play_out, reply

[READY] = (Path(random_numbers.__file__).parent / "ready").glob("*.yaml")
NUMBERS: dict[str, Any] = {
    "scenario": "random_numbers",
    "low": 3,
    "high": 7,
    "draws": 3,
    "players": [{"name": "Ann", "persona": "A die."}],
}


def drawing(**fields: Any) -> RandomNumbers:
    config = check(deepcopy(NUMBERS) | fields, "test.yaml").config
    assert isinstance(config, RandomNumbersConfig)
    return RandomNumbers(config, index=0)


def telling(numbers: Sequence[str | None]) -> Callable[[Call], Reply]:
    left = iter(numbers)

    def answer(_: Call) -> Reply:
        number = next(left)
        return failure("mumble") if number is None else reply(number)

    return answer


def requests(calls: Sequence[Call]) -> list[str]:
    return [call.prompt[-1].text.split(" Draw")[0] for call in calls]


def test_a_player_sees_the_numbers_that_it_drew_before_and_a_missing_one_is_not_among_them() -> None:
    episode = drawing(draws=4)
    calls = play_out(episode, telling(["5", None, "5", "7"]))["draw"]
    assert requests(calls) == [
        "This is draw 1 of 4.",
        "This is draw 2 of 4. Your numbers so far: 5.",
        "This is draw 3 of 4. Your numbers so far: 5.",
        "This is draw 4 of 4. Your numbers so far: 5, 5.",
    ]
    assert episode.outcome == {"numbers": 3, "distinct": 2, "unanswered": 1}


def test_without_history_only_the_number_of_the_draw_is_told() -> None:
    calls = play_out(drawing(asked="without_history"), telling(["5", "6", "7"]))["draw"]
    assert requests(calls) == [f"This is draw {draw} of 3." for draw in (1, 2, 3)]


def test_independent_draws_are_asked_for_at_once_in_the_same_words() -> None:
    episode = drawing(asked="independently")
    assert len(episode.pending) == 3
    assert len({call.prompt for call in episode.pending}) == 1
    assert len({call.seed for call in episode.pending}) == 3
    assert episode.pending[0].prompt[-1].text.startswith("Draw a random number from 3 to 7.")
    play_out(episode, telling(["5", "5", "3"]))
    assert [event.round for _, event in episode.events if isinstance(event, Pick)] == [1, 2, 3]
    assert episode.outcome["distinct"] == 2


def test_the_distribution_of_each_draw_is_recorded() -> None:
    episode = drawing(draws=1)
    play_out(episode, lambda _: reply("4", [0.1, 0.5, 0.2, 0.2, 0.0]))
    picked, *likely = [event for _, event in episode.events]
    assert picked == Pick("Ann", 1, "4", 1, 5, "probabilities", 1)
    assert likely == [
        Probability("Ann", 1, number, position, share)
        for position, (number, share) in enumerate(zip("34567", (0.1, 0.5, 0.2, 0.2, 0.0), strict=True))
    ]


def test_players_do_not_see_each_others_numbers() -> None:
    episode = drawing(draws=2, players=[{"name": "Ann"}, {"name": "Bo"}])
    calls = play_out(episode, lambda call: reply("3" if call.agent == "Ann" else "6"))["draw"]
    assert requests(calls)[2:] == [
        "This is draw 2 of 2. Your numbers so far: 3.",
        "This is draw 2 of 2. Your numbers so far: 6.",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"high": 3}, "the range ends at 3, which is not above 3"),
        ({"high": 24}, "3 to 24 are 22 integers; at most 21"),
        ({"draws": 0}, "greater than or equal to 1"),
        ({"asked": "twice"}, "`asked`: input should be"),
        ({"players": [{"name": "Ann"}, {"name": "Ann"}]}, "two agents are named"),
        ({"players": [{"name": "Ann", "policy": "red"}]}, "no policy 'red'"),
    ],
)
def test_impossible_files_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        drawing(**fields)
    assert words in str(error.value)


def test_the_ready_file_plays_to_its_end() -> None:
    scenario = load(READY)
    episode = scenario.rules(scenario.config, index=0)
    while episode.pending:
        episode.advance(scripted_replies(episode.pending))
    assert episode.outcome["numbers"] == 20


@pytest.mark.parametrize("asked", ["with_history", "without_history", "independently"])
def test_the_contract(asked: str) -> None:
    check_contract(
        NUMBERS | {"asked": asked, "samples": 2},
        may_read=lambda _episode, _call: set(),
        refused=[({"players": []}, "at least 1"), ({"low": 9}, "which is not above 9")],
    )
