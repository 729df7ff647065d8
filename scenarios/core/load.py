"""From a scenario file to a checked configuration, with errors that point at the line.

YAML 1.2: `yes`, `no` and `on` are text. Every problem is told with file, line, column,
what is wrong and, for a misspelt name, the nearest valid one; then nothing is started.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from palaestra.agents.bounded_yaml import NotYaml, read
from palaestra.agents.declared import Where, parse, tell
from palaestra.agents.engine import require_allowed
from palaestra.agents.failures import BadInput
from palaestra.agents.prompts import read_prompts
from palaestra.agents.trust import Allowed
from palaestra.scenarios.core.config import Location, ScenarioConfig
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.registry import SCENARIOS, rules_border

MOST_TOLD = 20
"""Problems of one file; who mends these sees the others."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario ready to play: its file's name, its rules, its configuration."""

    file: str
    rules: type[Episode[Any]]
    config: ScenarioConfig

    def on_scripted_engines(self) -> Scenario:
        """The same on scripted engines, without what these don't have: adapters, thoughts of their own."""
        data = self.config.model_dump(mode="json")
        data["engines"] = {
            name: {"kind": "scripted", "prices": engine["prices"]} for name, engine in data["engines"].items()
        }
        for policy in data["policies"].values():
            policy["adapter"] = None
            if policy["think"]["kind"] == "native":
                policy["think"]["kind"] = "off"
        return check(data, self.file)

    def require_allowed(self, allowed: Allowed) -> None:
        """Raise `BadInput` where its engines need more than a person has allowed."""
        require_allowed(self.config.used_engines(), allowed, self.file)


def load(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """Read and check the scenario file `path`.

    Args:
        path: the YAML file.
        settings: `key=value` overrides; keys are dotted paths (`engines.default.kind`,
            `debaters.0.name`), values are YAML.

    Raises:
        BadInput: anything is wrong with the file or an override.
    """
    data = parse(path, "a scenario file", listed="palaestra scenarios", begin="scenario: debate")
    overridden = override(data, settings)
    scenario = check(data, str(path), overridden)
    refuse_moot(scenario, Where(str(path), data, overridden))
    return scenario


def refuse_moot(scenario: Scenario, where: Where) -> None:
    """Raise `BadInput` where what a scenario would tell is moot, see `ScenarioConfig.moot`."""
    moot = [f"{where.of(location)}: {message}" for location, message in scenario.config.moot()]
    if moot:
        raise BadInput("\n".join(moot[:MOST_TOLD]))


def override(data: dict[str, Any], settings: Sequence[str]) -> dict[Location, str]:
    """Set each `key=value` of `settings` in `data`; where each was set.

    Raises:
        BadInput: a setting that is none, or whose key leads nowhere.
    """
    return {_apply(data, setting): setting for setting in settings}


def check(
    data: dict[str, Any],
    file: str,
    overridden: dict[Location, str] | None = None,
    folder: Path | None = None,
) -> Scenario:
    """Check a scenario that is already read.

    Args:
        data: the file's content.
        file: its name, for messages.
        overridden: locations that overrides set, with what was said.
        folder: where the texts lie that it may name; by default the file's. Needed where `file` is only told.

    Raises:
        BadInput: it is not a valid scenario.
        ExtensionFault: the scenario's own code fails at it.
    """
    where = Where(file, data, overridden or {})
    if "scenario" not in data:
        raise BadInput(f"{where.of(())}: `scenario` is missing", "Begin the file with, say: scenario: debate")
    try:
        rules = SCENARIOS[str(data["scenario"])]
    except BadInput as error:
        raise BadInput(f"{where.of(('scenario',))}: {error.args[0]}", error.remedy) from error
    with rules_border(rules, f"the check of {file}"):
        try:
            context = {"folder": Path(file).parent if folder is None else folder}
            config = rules.config_type.model_validate(data, context=context)
        except ValidationError as error:
            problems = error.errors()
            told = [tell(problem, rules.config_type, where) for problem in problems[:MOST_TOLD]]
            if len(problems) > MOST_TOLD:
                told.append(f"… and {len(problems) - MOST_TOLD:,} more")
            remedy = f"All fields: palaestra schema {data['scenario']}"
            raise BadInput("\n".join(told), remedy) from error
        read_prompts(rules.prompts_file, (), rules.topic_variables)
    for purpose, text in config.prompts.items():
        try:
            read_prompts(rules.prompts_file, ((purpose, text),), rules.topic_variables)
        except BadInput as error:
            raise BadInput(f"{where.of(('prompts', purpose))}: {error.args[0]}", error.remedy) from error
    return Scenario(file, rules, config)


def _apply(data: Any, setting: str) -> Location:
    """Set one `key=value` in `data`; return where it was set."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise BadInput(f"--set {setting}: this is no key=value", "For example: --set rounds=5")
    try:
        value = read(text)
    except NotYaml as error:
        raise BadInput(f"--set {setting}: {error}") from error
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
