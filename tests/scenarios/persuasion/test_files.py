"""Files of persuasion: the ready-made, those that can't be played, and the contract."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import persuasion
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from support.episodes.persuasion import ASIDE, BARE, FILE
from support.rewards import rewards_of
from support.scripted_debates import play_out

READY = sorted((Path(persuasion.__file__).parent / "ready").glob("*.yaml"))


# Files


def changed(path: str, value: Any) -> dict[str, Any]:
    """The file with another value at `path`."""
    file: dict[str, Any] = deepcopy(FILE)
    node: Any = file
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    node[last] = value
    return file


COLD = {"default": {"temperature": 0}}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (changed("persuadee/name", "mia"), "two agents are named"),
        (changed("observer/name", "Mia (aside)"), "two agents are named 'Mia (aside)'"),
        (changed("writer/policy", "red"), "no policy 'red'"),
        (changed("situations", []), "at least 1"),
        (changed("situations/0/preventive/other_beliefs/1", "Sunshine will return."), "is the true belief"),
        (changed("situations/0/generative/other_desires", ["fly", "Fly"]), "'Fly' is there twice"),
        (changed("situations/0/generative/belief", None), "there is no true belief among them"),
        (changed("situations/0/preventive", "maybe"), "situations.0.preventive"),
        (changed("situations/0/generative/belief", " two"), "situations.0.generative.belief"),
        (changed("options", 9), "less than or equal to 8"),
        (changed("exchanges", 1), "greater than or equal to 2"),
        (changed("situations", [BARE]) | {"policies": COLD}, "name a policy with a higher one"),
        (FILE | {"options": 3, "policies": COLD}, "at temperature 0 all statements"),
    ],
)
def test_impossible_files_are_refused(file: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        check(file, "test.yaml")
    assert words in str(error.value)


def test_temperature_0_is_fine_where_all_is_told() -> None:
    check(FILE | {"policies": COLD}, "test.yaml")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end_in_a_few_calls(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        calls = play_out(episode, lambda call: scripted_replies([call])[0])
        assert sum(map(len, calls.values())) <= 80
        assert episode.outcome["unanswered"] == 0
        assert rewards_of(episode).keys() == {episode.config.persuader.name}


# The contract: sentinels prove who can read what


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """Talk is for all; predictions go to the observer, corrections to the persuader; the mind to neither."""
    everyone = {"Mia", "Ned", "Ola", ASIDE}
    if call.purpose in ("predict", "revise", "correct"):
        return {"Mia", "Ola", ASIDE} if call.purpose == "predict" else {"Mia", ASIDE}
    if call.purpose == "agree":
        return set()  # it ends the talk, nobody is asked after it
    if call.purpose.endswith("_content"):
        return everyone
    if call.agent == "Wim":
        return {"Ned", "Ola", ASIDE}
    return everyone


HIDDEN: dict[Location, set[str]] = {
    ("situations", 0, state, place): names
    for state in ("preventive", "generative")
    for place, names in {"belief": {"Ned", "Ola", ASIDE}, "desire": {"Ned", "Ola", ASIDE}}.items()
}
UNTRUE: dict[Location, set[str]] = {
    ("situations", 0, state, place, 0): {ASIDE}
    for state in ("preventive", "generative")
    for place in ("other_beliefs", "other_desires")
}


@pytest.mark.parametrize("fields", [{}, {"form": "free"}, {"layout": "persona_first"}])
def test_the_contract_with_a_mind_that_is_given(fields: dict[str, Any]) -> None:
    check_contract(
        FILE | fields,
        may_read=may_read,
        secrets={**HIDDEN, **UNTRUE},
        refused=[
            ({"persuadee": {"name": "Mia"}}, "two agents are named 'Mia'"),
            ({"situations": []}, "at least 1"),
            ({"situations": [BARE], "policies": COLD}, "at temperature 0"),
        ],
    )


@pytest.mark.parametrize("form", ["script", "free"])
def test_the_contract_with_a_mind_that_is_generated(form: str) -> None:
    check_contract(FILE | {"situations": [BARE], "form": form, "options": 4}, may_read=may_read)
