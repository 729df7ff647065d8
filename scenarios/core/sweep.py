"""A scenario file's sweep: the scenarios that it stands for, one for each combination of settings.

All play with the file's seed, so that their episodes pair up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from palaestra.agents.declared import Where
from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.load import Scenario, check, override, refuse_moot


@dataclass(frozen=True, slots=True)
class Point:
    """One scenario of a sweep.

    Attributes:
        settings: what it sets, by dotted path.
        scenario: with these set.
    """

    settings: dict[str, Any]
    scenario: Scenario

    @property
    def name(self) -> str:
        """Its settings in words: "rounds=3 layout=persona_first"."""
        return " ".join(f"{key}={_plain(value)}" for key, value in self.settings.items())


def points(scenario: Scenario, dry_run: bool = False) -> list[Point]:
    """The points of a scenario's sweep, the first being what the others are compared with.

    Args:
        scenario: with a sweep.
        dry_run: play each on made-up replies, whatever engine it names.

    Raises:
        BadInput: a setting that is none, or that makes the scenario invalid.
    """
    told = scenario.config.sweep
    if isinstance(told, dict):
        combinations = [dict(zip(told, values, strict=True)) for values in product(*told.values())]
    else:
        combinations = list(told)
    swept = [Point(settings, _with(scenario, settings)) for settings in combinations]
    if not dry_run:
        return swept
    return [replace(point, scenario=point.scenario.on_scripted_engines()) for point in swept]


def _with(scenario: Scenario, settings: dict[str, Any]) -> Scenario:
    data = scenario.config.model_dump(mode="json", exclude={"sweep"})
    try:
        overridden = override(
            data, [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
        )
        point = check(data, scenario.file, overridden)
        refuse_moot(point, Where(scenario.file, data, overridden))
        return point
    except BadInput as error:
        place = f"{scenario.file}: in the sweep, at {Point(settings, scenario).name}"
        raise BadInput(f"{place}:\n{error.args[0]}", error.remedy) from error


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
