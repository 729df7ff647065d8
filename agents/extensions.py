"""Extensions: one value each, ours found in a room of the packages, others' by entry point.

| entry points | an extension is | our own are |
|---|---|---|
| `palaestra.scenarios` | an `Episode` class, beside its prompts | folders of `palaestra.scenarios` |
| `palaestra.engines` | an `EngineKind` | modules of `palaestra.agents.engines` |
| `palaestra.formats` | an export `Format` | modules of `palaestra.runs.exports.formats` |
| `palaestra.metrics` | a module: its `Metric`s and `Plot`s | modules of `palaestra.metrics.families` |

No list names them: who adds one touches its own file. Names are known without importing anything.
Code of an extension runs inside `border`, so that its faults name it, the line and a remedy.
"""

from __future__ import annotations

import contextlib
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

from palaestra.agents.failures import BadInput, ExtensionFault, PalaestraError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an extension is.

    Attributes:
        name: of the extension.
        module: that holds it.
        attribute: of the module; "" where the module itself, or what it is known for, is the extension.
        package: the installed package that registers it; "" for ours.
    """

    name: str
    module: str
    attribute: str = ""
    package: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


class Extensions(Generic[Value]):
    """All extensions of one kind.

    Args:
        group: of entry points.
        what: the kind in words, such as "scenario".
        room: our package whose modules are such extensions.
        load: makes the value from its place; what it raises is told as the extension's fault.
        marker: a file that makes a folder of our room an extension; "" where single modules are.
    """

    def __init__(
        self, group: str, what: str, room: str, load: Callable[[Place], Value], *, marker: str = ""
    ) -> None:
        self.group = group
        self.what = what
        self._room = room
        self._load = load
        self._marker = marker
        self._loaded: dict[Place, Value] = {}

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Where each extension is, by name; looked for once in a process."""
        return self.find()

    def find(self) -> Mapping[str, Place]:
        """Look where each extension is; ours come first, and no other replaces them."""
        found = {place.name: place for place in self._own()}
        for point in entry_points(group=self.group):
            package = point.dist.name if point.dist else ""
            module, _, attribute = point.value.partition(":")
            found.setdefault(point.name, Place(point.name, module, attribute, package))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __getitem__(self, name: str) -> Value:
        """The extension `name`.

        Raises:
            BadInput: there is none.
            ExtensionFault: there is one, but it can't be loaded.
        """
        if name not in self.places:
            near = get_close_matches(name, self.places, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            remedy = f"{hint}The {self.what}s are: {', '.join(self)}."
            raise BadInput(f"there is no {self.what} {name!r}", remedy)
        place = self.places[name]
        if place not in self._loaded:
            with border(f"{self.what} {name!r}", place):
                self._loaded[place] = self._load(place)
        return self._loaded[place]

    def items(self) -> Iterator[tuple[str, Value]]:
        """Those that load, by name; a warning tells of each other."""
        for name in self.places:
            try:
                yield name, self[name]
            except ExtensionFault as fault:
                warnings.warn(f"left out: {fault}", stacklevel=2)

    def _own(self) -> Iterator[Place]:
        spec = find_spec(self._room)
        for folder in (spec and spec.submodule_search_locations) or ():
            for module in iter_modules([folder]):
                marked = Path(folder, module.name, self._marker).is_file()
                if marked if self._marker else not module.ispkg:
                    yield Place(module.name, f"{self._room}.{module.name}")


def imported(target: str) -> Any:
    """What "module:attribute" names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def loaded(place: Place, kind: type[Value], attribute: str = "") -> Value:
    """The value at `place`, which must be a `kind`.

    Args:
        place: of an extension.
        kind: what it must be an instance of.
        attribute: of its module, where the place names none.

    Raises:
        TypeError: it is something else.
    """
    value = getattr(import_module(place.module), place.attribute or attribute)
    if not isinstance(value, kind):
        raise TypeError(f"{place} is {value!r}, no {kind.__name__}")
    return value


@contextlib.contextmanager
def border(extension: str, place: Place, doing: str = "") -> Iterator[None]:
    """Tell what goes wrong within as a fault of an extension.

    Args:
        extension: in words, such as "scenario 'chess'".
        place: of the extension.
        doing: what it was doing, such as "episode 3"; "" for loading.

    Raises:
        ExtensionFault: whatever was raised that is no failure with words of its own.
    """
    try:
        yield
    except (PalaestraError, MemoryError):  # a memory that is full is nobody's fault in particular
        raise
    except Exception as error:
        raise fault(extension, place, error, doing) from error


def fault(extension: str, place: Place, error: Exception, doing: str = "") -> ExtensionFault:
    """What `error` is, raised by the code of an extension: who is to blame, where, and what to do."""
    remedy = f"Mend it there{f', or: pip uninstall {place.package}' if place.package else ''}."
    told = f"{type(error).__name__}: {error}"
    where = f"{_line(place, error)}{f' in {doing}' if doing else ''}"
    return ExtensionFault(f"the {extension} ({place}) failed{where}: {told}", remedy)


def _line(place: Place, error: Exception) -> str:
    """Where in the extension's own files `error` came up, " at file:line"; "" where in none."""
    if isinstance(error, SyntaxError):
        return f" at {error.filename}:{error.lineno}"
    roots = [Path(root).resolve() for root in _folders(place)]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if any(Path(f.filename).resolve().is_relative_to(root) for root in roots)]
    return f" at {own[-1].filename}:{own[-1].lineno}" if own else ""


def _folders(place: Place) -> list[str]:
    """What holds an extension's code: the folders of its package or its file; of ours, its own alone."""
    top, _, rest = place.module.partition(".")
    spec = find_spec(top)
    if spec is None:
        return []
    if not spec.submodule_search_locations:
        return [spec.origin or ""]
    if top != "palaestra":
        return list(spec.submodule_search_locations)
    inside = [Path(folder, *rest.split(".")) for folder in spec.submodule_search_locations]
    return [str(path) for folder in inside for path in (folder, folder.with_suffix(".py"))]
