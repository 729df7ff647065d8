"""Files of bargaining: the rounds that they set, the ready-made, and what can't be played."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import negotiation
from palaestra.scenarios.core.load import check, load
from support.episodes.negotiation import PRICE, WORK, Played, bargaining, options

READY = sorted((Path(negotiation.__file__).parent / "ready").glob("*.yaml"))


def test_one_may_walk_away_from_the_round_that_the_file_says() -> None:
    played = Played(PRICE, ["propose", "6000 dollars", "walk away"], walk_from=1)
    assert [options(call) for call in played.calls["move"]] == [
        ["propose", "walk away"],
        ["propose", "accept", "walk away"],
    ]


@pytest.mark.parametrize(("opening", "openers"), [("listed", "SSSS"), ("alternate", "SBSB")])
def test_the_second_party_opens_odd_episodes_if_the_file_says_so(opening: str, openers: str) -> None:
    opened = [bargaining(PRICE, index, opening=opening).pending[0].agent[0] for index in range(4)]
    assert "".join(opened) == openers


def refusal(file: dict[str, Any], path: str, value: Any) -> str:
    """What is said about the file with `value` at the dotted `path`; ... deletes it."""
    changed: Any = deepcopy(file)
    node = changed
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    with pytest.raises(BadInput) as error:
        check(changed, "test.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("file", "path", "value", "words"),
    [
        (PRICE, "parties/0/limit", 3999, "Sal's limit 3999 is outside the range 4000 to 7000"),
        (PRICE, "parties/1/limit", 7001, "Bea's limit 7001 is outside"),
        (PRICE, "parties/1/limit", ..., "Bea needs a `limit`"),
        (PRICE, "parties/1/wants", {}, "`wants` lacks price"),
        (PRICE, "parties/1/wants", {"price": "low", "speed": "low"}, "`wants` names 'speed'"),
        (PRICE, "parties/0/weights", {"price": 1}, "a price alone needs no weights"),
        (PRICE, "parties/0/reservation", 9, "a price alone needs no reservation"),
        (PRICE, "issues/0/high", 4000, "ends at 4000, which is not above 4000"),
        (PRICE, "issues/0/step", 700, "steps of 700 from 4000 don't meet 7000"),
        (PRICE, "issues/0/high", 900_000_000, "take a longer step"),
        (PRICE, "issues/0/low", ..., "needs `options`, or `low` and `high`"),
        (PRICE, "parties/1/name", " sal", "two agents are named"),
        (PRICE, "parties/1/policy", "red", "no policy 'red'"),
        (WORK, "issues/0/options", ["few"], "days has 1 options; an issue needs two or more"),
        (WORK, "issues/0/options", ["few", "Few"], "days has the option 'Few' twice"),
        (WORK, "issues/0/options", ["few", " many"], "outer spaces"),
        (WORK, "issues/0/low", 3, "options and a range"),
        (WORK, "issues/1/name", "Days", "two issues are named 'Days'"),
        (WORK, "parties/0/values/days", {"few": 0}, "`days` lacks many"),
        (WORK, "parties/0/values/days/lots", 3, "`days` names 'lots'; the names are: few, many"),
        (WORK, "parties/0/values/place", ..., "`values` lacks place"),
        (WORK, "parties/1/weights/days", ..., "`weights` lacks days"),
        (WORK, "parties/1/weights/mood", 1, "`weights` names 'mood'"),
        (WORK, "parties/1/weights/days", 0, "greater than 0"),
        (WORK, "parties/1/reservation", ..., "Joe needs a `reservation`"),
        (WORK, "parties/1/reservation", 9, "Joe's reservation 9 is outside 0 to 5"),
        (WORK, "parties/0/reservation", -1, "Ida's reservation -1 is outside 0 to 10"),
        (WORK, "parties/0/limit", 5, "a limit is for a price alone"),
        (WORK, "parties", WORK["parties"][:1], "at least 2"),
    ],
)
def test_impossible_files_are_refused(file: dict[str, Any], path: str, value: Any, words: str) -> None:
    assert words in refusal(file, path, value)


def test_a_refusal_points_at_the_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(READY[1].read_text().replace("limit: 6100", "limit: 9000"))
    with pytest.raises(BadInput, match=r"bad\.yaml:\d+:5: Tom's limit 9000 is outside the range"):
        load(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert episode.outcome["zone"]
