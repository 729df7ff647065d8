"""Files of bargaining over packages: their items, the ready-made, and what can't be played."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.answers import Json
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import package_bargaining
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.package_bargaining.rules import PackageBargaining
from support.episodes.package_bargaining import SQUARE, Played, bargaining
from support.scripted_debates import play_out

READY = sorted((Path(package_bargaining.__file__).parent / "ready").glob("*.yaml"))


def test_an_answer_has_one_word_about_each_item() -> None:
    played = Played([["ramp"]])
    for purpose, said in (("propose", "must have"), ("mediate", "essential")):
        answer = played.calls[purpose][0].answer
        assert isinstance(answer, Json)
        measures = answer.schema["properties"]["measures"]
        assert measures["required"] == ["ramp", "tree", "bench"]
        assert all(measures["properties"][item]["enum"][0] == said for item in measures["required"])
        if purpose == "mediate":
            assert answer.schema["properties"]["unresolved"]["items"]["enum"] == ["Old", "Art"]


def test_an_item_may_have_the_id_of_anything() -> None:
    items = deepcopy(SQUARE["items"])
    items[0]["id"], items[1]["id"] = "copy", "message"
    episode = bargaining(items=items)
    play_out(episode, lambda call: scripted_replies([call])[0])
    assert not episode.outcome["failures"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("budget", 1, "a budget of 1 buys nothing; the cheapest item costs 2"),
        ("items/1/id", "Ramp", "two items have the id 'Ramp'"),
        ("items/1/name", "a  RAMP", "two items have the name 'a  RAMP'"),
        ("items/1/id", "a ramp", "`items.1.id`"),
        ("items/0/cost", -1, "greater than or equal to 0"),
        ("items/0/scores/access", ..., "ramp lacks access"),
        ("items/0/scores/charm", 2, "there is no criterion 'charm'; the criteria are: access, beauty"),
        ("items/0/scores/access", -2, "greater than or equal to 0"),
        ("items", SQUARE["items"][:1], "at least 2"),
        ("stakeholders", SQUARE["stakeholders"][:1], "at least 2"),
        ("stakeholders/0/weights/beauty", ..., "Old lacks beauty"),
        ("stakeholders/0/weights", {"access": 0, "beauty": 0}, "Old gives weight to no criterion"),
        ("stakeholders/1/name", "old", "two agents are named"),
        ("mediator/name", "ART", "a stakeholder is named 'ART' too"),
        ("mediator/policy", "red", "no policy 'red'"),
        ("designs", {"green": ["tree", "lawn"]}, "there is no item 'lawn'; the items are: ramp, tree, bench"),
        ("designs", {"green": ["tree", "tree"]}, "tree is in green twice"),
        ("designs", {"rich": ["tree", "ramp"]}, "rich costs 7, over the budget of 6"),
    ],
)
def test_impossible_files_are_refused(path: str, value: Any, words: str) -> None:
    changed: Any = deepcopy(SQUARE)
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
    assert words in str(error.value)


def test_a_refusal_points_at_the_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(READY[0].read_text().replace("loading]", "lawn]"))
    with pytest.raises(BadInput, match=r"bad\.yaml:\d+:\d+: there is no item 'lawn'"):
        load(path)


def test_a_file_that_says_nothing_plays_the_default_street() -> None:
    episode = PackageBargaining(respond=scripted_replies)
    while episode.running:
        episode.step()
    assert len(episode.groups) == 6
    assert len(episode.ids) == 8


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        best, base = (episode.outcome[f"{which}_total"] for which in ("best", "base"))
        assert isinstance(best, float)
        assert isinstance(base, float)
        assert best >= base > 0
