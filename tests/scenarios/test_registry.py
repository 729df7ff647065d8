"""Scenarios that other packages register are found, and never replace ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import pytest

from agents.failures import BadInput
from scenarios import registry
from scenarios.debate.rules import Debate
from scenarios.random_numbers.rules import RandomNumbers
from sims import ready_made

Register = Callable[[str, str], None]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """Lets another package register a scenario."""

    def registering(name: str, value: str) -> None:
        point = EntryPoint(name, value, "palaestra.scenarios")
        monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == point.group else [])
        registry.registered.cache_clear()

    yield registering
    registry.registered.cache_clear()


def test_another_package_adds_a_scenario(register: Register) -> None:
    register("dice", "scenarios.random_numbers.rules:RandomNumbers")
    assert registry.scenario_class("dice") is RandomNumbers


def test_ours_stay_what_they_are(register: Register) -> None:
    register("debate", "scenarios.random_numbers.rules:RandomNumbers")
    assert registry.scenario_class("debate") is Debate


@pytest.mark.parametrize("value", ["scenarios.no_such_module:Dice", "scenarios.debate.rules:Dice"])
def test_one_that_does_not_load_is_refused_with_what_to_do_and_hides_no_other(
    value: str, register: Register
) -> None:
    register("dice", value)
    with pytest.raises(BadInput, match=rf"'dice' can't be loaded from {value}: (.|\n)*uninstall the package"):
        registry.scenario_class("dice")
    assert value in dict(ready_made.summaries())["dice"]
    assert ready_made.find("debate").name == "debate.yaml"
