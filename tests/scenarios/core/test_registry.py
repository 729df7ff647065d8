"""Scenarios that other packages register are found, and never replace ours."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from palaestra.agents import extensions
from palaestra.agents.failures import ExtensionFault
from palaestra.scenarios.core import ready_made
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.debate.rules import Debate
from support import stranger

Register = Callable[[str, str], None]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Lets another package register a scenario."""

    def registering(name: str, value: str) -> None:
        point = EntryPoint(name, value, "palaestra.scenarios")
        monkeypatch.setattr(extensions, "entry_points", lambda group: [point] if group == point.group else [])
        monkeypatch.setattr(SCENARIOS, "places", SCENARIOS.find())

    return registering


def test_another_package_adds_a_scenario(tmp_path: Path) -> None:
    stranger.write(tmp_path)
    with stranger.installed(tmp_path):
        assert SCENARIOS["tictac"].kind == "tictac"
        assert SCENARIOS.places["tictac"].package == "tictac"
    assert "tictac" not in SCENARIOS


def test_ours_stay_what_they_are(register: Register) -> None:
    register("debate", "palaestra.scenarios.random_numbers.rules:RandomNumbers")
    assert SCENARIOS["debate"] is Debate


@pytest.mark.parametrize("value", ["no_such_module:Dice", "palaestra.scenarios.debate.rules:Dice"])
def test_one_that_does_not_load_is_refused_and_hides_no_other(value: str, register: Register) -> None:
    register("dice", value)
    with pytest.raises(
        ExtensionFault, match=rf"scenario 'dice' \({value}\) failed.*: .*(.|\n)*Mend it there"
    ):
        SCENARIOS["dice"]
    assert value in dict(ready_made.summaries())["dice"]
    assert ready_made.find("debate").name == "debate.yaml"
