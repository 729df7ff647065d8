"""The scenarios there are: ours, and those that other packages register.

Another package adds its own by an entry point in the group `palaestra.scenarios`:
`mygame = "mypackage.mygame:MyGame"`, an `Episode` class.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from agents.failures import BadInput
from scenarios.episode import Episode

BUILT_IN = {
    "debate": "scenarios.debate.rules:Debate",
}


def registered() -> dict[str, str]:
    """Names of all scenarios, each with the `module:Class` that holds its rules."""
    others = {point.name: point.value for point in entry_points(group="palaestra.scenarios")}
    return others | BUILT_IN


def scenario_class(name: str) -> type[Episode[Any]]:
    """The episode class of the scenario `name`; raises `BadInput` when there is none."""
    found = registered()
    if name not in found:
        near = get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise BadInput(f"there is no scenario {name!r}", f"{hint}The scenarios are: {', '.join(found)}.")
    module, _, attribute = found[name].partition(":")
    cls: type[Episode[Any]] = getattr(import_module(module), attribute)
    return cls
