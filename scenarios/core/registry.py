"""The scenarios there are: ours, and those that other packages register.

A scenario of ours is a folder whose `rules.py` holds an `Episode` class of its name as `kind`. Another
package adds its own by an entry point in the group `palaestra.scenarios`:
`mygame = "mypackage.mygame:MyGame"`, an `Episode` class. Beside its `prompts.yaml` may lie ready files.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from palaestra.agents.extensions import Extensions, Place, border, fault
from palaestra.agents.failures import ExtensionFault
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode, Event


def _episode_class(place: Place) -> type[Episode[Any]]:
    """The rules at `place`, which say all that rules must say."""
    if place.attribute:
        found = getattr(import_module(place.module), place.attribute)
    else:
        classes = vars(import_module(f"{place.module}.rules")).values()
        found = next(cls for cls in classes if getattr(cls, "kind", None) == place.name)
    if not (isinstance(found, type) and issubclass(found, Episode)):
        raise TypeError(f"{place} is {found!r}, no Episode class")
    _check(found, place.name)
    return found


def _check(rules: type[Episode[Any]], name: str) -> None:
    """Raise what a class of rules lacks."""
    for attribute in ("kind", "config_type", "event_types", "prompts_file"):
        if not hasattr(rules, attribute):
            raise TypeError(f"{rules.__name__} has no `{attribute}`")
    if rules.kind != name:
        raise TypeError(f"{rules.__name__}.kind is {rules.kind!r}, but it is registered as {name!r}")
    if not issubclass(rules.config_type, ScenarioConfig):
        raise TypeError(f"{rules.__name__}.config_type is {rules.config_type!r}, no ScenarioConfig")
    for event in rules.event_types:
        if not issubclass(event, Event):
            raise TypeError(f"{rules.__name__}.event_types holds {event!r}, no Event")
    if rules.__abstractmethods__:
        raise TypeError(f"{rules.__name__} lacks {', '.join(sorted(rules.__abstractmethods__))}")


SCENARIOS: Extensions[type[Episode[Any]]] = Extensions(
    "palaestra.scenarios", "scenario", "palaestra.scenarios", _episode_class, marker="rules.py"
)
"""All scenarios, by name; one that is unknown or doesn't load raises `BadInput` or `ExtensionFault`."""


def rules_border(rules: type[Episode[Any]], doing: str = "") -> AbstractContextManager[None]:
    """Tell what goes wrong within as a fault of the scenario whose `rules` run there.

    Args:
        rules: the class.
        doing: what they are asked to do, such as "episode 3".
    """
    return border(*_place(rules), doing)


def rules_fault(rules: type[Episode[Any]], error: Exception, doing: str = "") -> ExtensionFault:
    """What `error` is, raised by `rules`; see `rules_border`."""
    return fault(*_place(rules), error, doing)


def _place(rules: type[Episode[Any]]) -> tuple[str, Place]:
    kind = getattr(rules, "kind", rules.__name__)
    place = SCENARIOS.places.get(kind) or Place(kind, rules.__module__, rules.__qualname__)
    return f"scenario {kind!r}", place
