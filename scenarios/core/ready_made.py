"""The scenario files that come with the packages: each scenario's folder holds some."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from inspect import getmodule
from pathlib import Path
from sys import modules

from palaestra.agents.bounded_yaml import read
from palaestra.agents.failures import BadInput, PalaestraError
from palaestra.agents.limits import read_text
from palaestra.scenarios.core.registry import SCENARIOS

FOLDER = "ready"


def summaries() -> Iterator[tuple[str, str]]:
    """Each scenario with the first line of its package's docstring."""
    for name in SCENARIOS:
        try:
            module = getmodule(SCENARIOS[name])
        except PalaestraError as error:
            yield name, error.args[0]
            continue
        package = modules[module.__package__] if module and module.__package__ else module
        yield name, (getattr(package, "__doc__", "") or "").strip().split("\n")[0]


def ready_made(scenario: str) -> Iterator[tuple[str, str]]:
    """The names of a scenario's ready-made files, with their titles."""
    for file in _files(scenario):
        yield file.stem, str(read(read_text(file)).get("title", ""))


def find(name: str) -> Path:
    """The scenario file that `name` names: a path, or a ready-made one's name.

    Raises:
        BadInput: there is neither.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    known = files()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise BadInput(
        f"there is no file {name}, nor a ready-made scenario of that name",
        f"{hint}Ready-made: {', '.join(known)}.",
    )


def files() -> dict[str, Path]:
    """All ready-made files, by name."""
    return {file.stem: file for scenario in SCENARIOS for file in _files(scenario)}


def text_of(name: str) -> str:
    """The scenario file that `name` names, as it is written; raises `BadInput` when there is none."""
    path = find(name)
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} can't be read: {error}") from error


def _files(scenario: str) -> list[Path]:
    place = SCENARIOS.places[scenario]
    if not (place.attribute or place.package):  # ours: its rules and all that they import aren't needed
        beside = Path(import_module(place.module).__path__[0])
    else:
        try:
            beside = SCENARIOS[scenario].prompts_file.parent
        except PalaestraError:  # a stranger's package that doesn't load must not hide the others
            return []
    return sorted((beside / FOLDER).glob("*.yaml"))
