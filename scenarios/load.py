"""From a scenario file to a checked configuration, with errors that point at the line.

YAML 1.2: `yes`, `no` and `on` are text. Every problem is told with file, line, column,
what is wrong and, for a misspelt name, the nearest valid one; then nothing is started.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from agents.failures import BadInput
from agents.prompts import read_prompts
from scenarios.config import Location, ScenarioConfig
from scenarios.episode import Episode
from scenarios.registry import scenario_class


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario ready to play: its file's name, its rules, its configuration."""

    file: str
    rules: type[Episode[Any]]
    config: ScenarioConfig


def load(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """Read and check the scenario file `path`.

    Args:
        path: the YAML file.
        settings: `key=value` overrides; keys are dotted paths (`engines.default.kind`,
            `debaters.0.name`), values are YAML.

    Raises:
        BadInput: anything is wrong with the file or an override.
    """
    data = _parse(path)
    return check(data, str(path), override(data, settings))


def override(data: dict[str, Any], settings: Sequence[str]) -> dict[Location, str]:
    """Set each `key=value` of `settings` in `data`; where each was set.

    Raises:
        BadInput: a setting that is none, or whose key leads nowhere.
    """
    return {_apply(data, setting): setting for setting in settings}


def check(data: dict[str, Any], file: str, overridden: dict[Location, str] | None = None) -> Scenario:
    """Check a scenario that is already read.

    Args:
        data: the file's content.
        file: its name, for messages.
        overridden: locations that overrides set, with what was said.

    Raises:
        BadInput: it is not a valid scenario.
    """
    where = _Where(file, data, overridden or {})
    if "scenario" not in data:
        raise BadInput(f"{where.of(())}: `scenario` is missing", "Begin the file with, say: scenario: debate")
    try:
        rules = scenario_class(str(data["scenario"]))
    except BadInput as error:
        raise BadInput(f"{where.of(('scenario',))}: {error.args[0]}", error.remedy) from error
    try:
        config = rules.config_type.model_validate(data, context={"folder": Path(file).parent})
    except ValidationError as error:
        told = [_tell(problem, rules.config_type, where) for problem in error.errors()]
        remedy = f"All fields: palaestra schema {data['scenario']}"
        raise BadInput("\n".join(told), remedy) from error
    for purpose, text in config.prompts.items():
        try:
            read_prompts(rules.prompts_file, ((purpose, text),), rules.topic_variables)
        except BadInput as error:
            raise BadInput(f"{where.of(('prompts', purpose))}: {error.args[0]}", error.remedy) from error
    return Scenario(file, rules, config)


def _parse(path: Path) -> CommentedMap:
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(
            f"there is no file {path}", "Ready-made ones are listed by: palaestra scenarios"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} can't be read: {error}") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise BadInput(f"{place}: this is not YAML: {error.problem or error.context}") from error
    except (YAMLError, ValueError) as error:  # a date or number of YAML's that there is not
        raise BadInput(f"{path}: this is not YAML: {error}") from error
    if not isinstance(data, CommentedMap):
        raise BadInput(
            f"{path}:1:1: a scenario file is a mapping of fields", "Begin with, say: scenario: debate"
        )
    return data


def _apply(data: Any, setting: str) -> Location:
    """Set one `key=value` in `data`; return where it was set."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise BadInput(f"--set {setting}: this is no key=value", "For example: --set rounds=5")
    try:
        value = YAML(typ="safe").load(text)
    except (YAMLError, ValueError) as error:
        raise BadInput(f"--set {setting}: the value is not YAML") from error
    location: Location = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
    target = data
    for part in location[:-1]:
        if isinstance(target, list):
            if not isinstance(part, int) or part >= len(target):
                raise BadInput(f"--set {setting}: there is no item {part}", f"It has {len(target)}, from 0.")
            target = target[part]
        else:
            target = target.setdefault(part, {})
        if not isinstance(target, (dict, list)):
            raise BadInput(f"--set {setting}: {part} is no mapping or list")
    last = location[-1]
    if isinstance(target, list) and (not isinstance(last, int) or last >= len(target)):
        raise BadInput(f"--set {setting}: there is no item {last}", f"It has {len(target)}, from 0.")
    target[last] = value
    return location


@dataclass(frozen=True, slots=True)
class _Where:
    """Tells where in the file a location is."""

    file: str
    data: Any
    overridden: dict[Location, str]

    def of(self, location: Location) -> str:
        """`file:line:column` of a location, or the override that set it."""
        line, column, node = 0, 0, self.data
        given: Location = ()
        told = ""
        for part in location:
            in_map = isinstance(node, CommentedMap) and part in node
            in_list = isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
            if in_map or in_list:  # else a union's tag, or a missing field: its parent's place
                line, column = self._position(node, part) or (line, column)
                node = node[part]
                given = (*given, part)
                told = self.overridden.get(given, told)
            elif isinstance(node, dict) and part in node:  # below what an override added
                node = node[part]
                given = (*given, part)
                told = self.overridden.get(given, told)
        if told:
            return f"--set {told}"
        return f"{self.file}:{line + 1}:{column + 1}"

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
    def _position(node: CommentedBase, part: str | int) -> tuple[int, int] | None:
        try:
            line, column = node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part)
            return int(line), int(column)
        except (AttributeError, KeyError, TypeError):
            return None


def _tell(problem: Any, config: type[BaseModel], where: _Where) -> str:
    """One problem of pydantic's as a line with its place."""
    location: Location = problem["loc"]
    kind = problem["type"]
    if kind == "impossible":
        return f"{where.of(problem['ctx']['location'])}: {problem['ctx']['message']}"
    if kind == "union_tag_invalid":
        tag, tags = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
        near = get_close_matches(tag, re.findall(r"\w+", tags), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the kinds are: {tags}"
        return f"{where.of((*location, 'kind'))}: there is no kind {tag!r}; {hint}"
    place = where.of(location)
    name = location[-1] if location else ""
    if kind == "extra_forbidden":
        known = _fields(config, location[:-1])
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
                elif "kind" in kind.model_fields and part in get_args(kind.model_fields["kind"].annotation):
                    deeper.append(kind)
        kinds = deeper or kinds
    names = [
        n
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for n in kind.model_fields
    ]
    return list(dict.fromkeys(names))


def _within(annotation: Any) -> list[Any]:
    """The models inside an annotation, however nested."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _within(inner)]
