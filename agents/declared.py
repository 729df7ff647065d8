"""Declarations in YAML: read, and told where they are wrong, with file, line and column.

YAML 1.2: `yes`, `no` and `on` are text. Every problem is told with its place, what is wrong
and, for a misspelt name, the nearest valid one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from palaestra.agents.bounded_yaml import NotYaml, Place, PlacedList, PlacedMap, read
from palaestra.agents.failures import BadInput
from palaestra.agents.limits import read_text

Location = tuple[str | int, ...]
Problems = Iterator[tuple[Location, str]]
"""Impossible combinations: where in a declaration, and what is wrong."""


def parse(path: Path, kind: str, *, listed: str, begin: str) -> PlacedMap:
    """The mapping in the YAML file `path`.

    Args:
        path: the file.
        kind: what it is, such as "a scenario file".
        listed: the command that lists ready-made ones.
        begin: a first line of such a file.

    Raises:
        BadInput: it can't be read, or is no mapping in YAML.
    """
    try:
        data = read(read_text(path))
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}", f"Ready-made ones are listed by: {listed}") from error
    except (OSError, ValueError) as error:  # such as a name with a null character
        raise BadInput(f"{path} can't be read: {error}") from error
    except NotYaml as error:
        place = f"{path}:{error.line}:{error.column}" if error.line else str(path)
        raise BadInput(f"{place}: {error}") from error
    if not isinstance(data, PlacedMap):
        raise BadInput(f"{path}:1:1: {kind} is a mapping of fields", f"Begin with, say: {begin}")
    return data


def refuse(problems: Problems) -> None:
    """Raise the first of `problems` in a way that `tell` understands, from within a validator."""
    for location, message in problems:
        raise PydanticCustomError("impossible", "{message}", {"message": message, "location": location})


@dataclass(frozen=True, slots=True)
class Where:
    """Tells where in the file a location is."""

    file: str
    data: Any
    overridden: dict[Location, str]

    def of(self, location: Location) -> str:
        """`file:line:column` of a location, or the override that set it."""
        line, column, node = 1, 1, self.data
        given: Location = ()
        told = ""
        for part in location:
            in_map = isinstance(node, dict) and part in node
            in_list = isinstance(node, list) and isinstance(part, int) and part < len(node)
            if in_map or in_list:  # else a union's tag, or a missing field: its parent's place
                line, column = self._place(node, part) or (line, column)
                node = node[part]
                given = (*given, part)
                told = self.overridden.get(given, told)
        if told:
            return f"--set {told}"
        return f"{self.file}:{line}:{column}"

    def path(self, location: Location) -> str:
        """The dotted path of a location as the file has it: without the tags of unions."""
        parts: list[str] = []
        node = self.data
        for i, part in enumerate(location):
            in_map = isinstance(node, dict) and part in node
            in_list = isinstance(node, list) and isinstance(part, int)
            if in_map or in_list or node is None or i + 1 == len(location):
                parts.append(str(part))
                node = node[part] if in_map or in_list else None
        return ".".join(parts)

    @staticmethod
    def _place(node: object, part: str | int) -> Place | None:
        """Where `part` of `node` is in the file; None below what an override added."""
        if isinstance(node, PlacedMap):
            return node.places.get(part)
        return node.places[part] if isinstance(node, PlacedList) and isinstance(part, int) else None


def tell(problem: Any, model: type[BaseModel], where: Where) -> str:
    """One problem of pydantic's, found in a file that declares a `model`, as a line with its place."""
    location: Location = problem["loc"]
    kind = problem["type"]
    if kind == "impossible":
        return f"{where.of((*location, *problem['ctx']['location']))}: {problem['ctx']['message']}"
    if kind == "union_tag_invalid":
        tag, tags = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
        near = get_close_matches(tag, re.findall(r"\w+", tags), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the kinds are: {tags}"
        return f"{where.of((*location, 'kind'))}: there is no kind {tag!r}; {hint}"
    place = where.of(location)
    name = location[-1] if location else ""
    if kind == "extra_forbidden":
        known = _fields(model, location[:-1])
        near = get_close_matches(str(name), known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"fields here: {', '.join(known)}"
        return f"{place}: unknown field `{name}`; {hint}"
    if kind == "missing":
        return f"{place}: `{name}` is missing"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem.get("input")
    plain = kind != "value_error" and isinstance(given, (str, int, float, bool, type(None)))
    shown = f", not {given!r}" if plain else ""
    return f"{place}: `{where.path(location)}`: {message[0].lower()}{message[1:]}{shown}"


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    """The fields that may stand at `location` below `model`."""
    kinds: list[Any] = [model]
    for part in location:
        deeper: list[Any] = []
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                if part in kind.model_fields:
                    deeper += _within(kind.model_fields[str(part)].annotation)
                else:
                    deeper += [each for each in (kind, *kind.__subclasses__()) if _is_tagged(each, part)]
        kinds = deeper or kinds
    names = [
        n
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for n in kind.model_fields
    ]
    return list(dict.fromkeys(names))


def _is_tagged(model: type[BaseModel], tag: str | int) -> bool:
    """Whether `tag` is what `kind` says in a `model`."""
    return "kind" in model.model_fields and tag in get_args(model.model_fields["kind"].annotation)


def _within(annotation: Any) -> list[Any]:
    """The models inside an annotation, however nested."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _within(inner)]


def text_beside(given: str, folder: Path) -> str:
    """The text of a file that a scenario file names.

    Args:
        given: its path, from `folder`.
        folder: the scenario file's. What is read is sent to models, perhaps to a server that a stranger's
            file names, so nothing is read from elsewhere.

    Raises:
        ValueError: the file lies elsewhere, or can't be read.
    """
    path = folder / given
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} lies outside the scenario file's folder; copy it there")
    try:
        return read_text(path)
    except BadInput as error:
        raise ValueError(error.args[0]) from error
    except FileNotFoundError as error:
        raise ValueError(f"there is no file {path}; a path begins at the scenario file's folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} can't be read as text: {error}") from error
