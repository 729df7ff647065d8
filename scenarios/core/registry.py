"""The scenarios there are: ours, and those that other packages register.

A scenario of ours is a folder whose `rules.py` holds an `Episode` class of its name as `kind`. Another
package adds its own by an entry point in the group `palaestra.scenarios`:
`mygame = "mypackage.mygame:MyGame"`, an `Episode` class. Beside its `prompts.yaml` may lie ready files.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from palaestra.agents.extensions import Extensions, Place
from palaestra.scenarios.core.episode import Episode


def _episode_class(place: Place) -> type[Episode[Any]]:
    """The rules at `place`."""
    if place.attribute:
        found = getattr(import_module(place.module), place.attribute)
    else:
        classes = vars(import_module(f"{place.module}.rules")).values()
        found = next(cls for cls in classes if getattr(cls, "kind", None) == place.name)
    if not (isinstance(found, type) and issubclass(found, Episode)):
        raise TypeError(f"{place} is {found!r}, no Episode class")
    return found


SCENARIOS: Extensions[type[Episode[Any]]] = Extensions(
    "palaestra.scenarios", "scenario", "palaestra.scenarios", _episode_class, marker="rules.py"
)
"""All scenarios, by name; one that is unknown or doesn't load raises `BadInput` or `ExtensionFault`."""
