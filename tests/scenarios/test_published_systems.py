"""The table of published systems says of fields and files what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import palaestra.scenarios
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.training.settings import TrainSettings

CHECKOUT = Path(__file__).parents[2]
TABLE = (CHECKOUT / "docs" / "published-systems.md").read_text(encoding="utf-8")
READY = {path.stem: path for path in Path(palaestra.scenarios.__file__).parent.glob("*/ready/*.yaml")}


@dataclass(frozen=True)
class System:
    """A row of the table."""

    name: str
    played: str
    kept: str
    differs: str

    @property
    def files(self) -> list[str]:
        return [name for name in re.findall(r"`([a-z0-9-]+)`", self.played) if name in READY]


def systems() -> list[System]:
    rows = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if line.startswith("| ")][1:]
    return [System(name, played, kept, differs) for name, _source, played, kept, differs in rows]


@cache
def configs(file: str) -> list[BaseModel]:
    """A ready file's configuration, and one of the same kind with every default."""
    found = load(READY[file])
    given = {name: getattr(found.config, name) for name in found.config.model_fields_set}
    kind = type(found.config)
    needed = {name: given[name] for name, field in kind.model_fields.items() if field.is_required()}
    return [found.config, kind.model_construct(**needed)]


def value(config: BaseModel, path: str) -> Any:
    found: Any = config
    for part in path.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    return found


FIELDS = [
    (system.name, system.files, path, told)
    for system in systems()
    for path, told in re.findall(r"`([a-z_0-9.]+): ([0-9./]+)`", system.kept + system.differs)
]


def test_fields_are_named() -> None:
    assert len(FIELDS) > 30
    assert {system for system, _, path, _ in FIELDS if path.split(".")[0] in TrainSettings.model_fields}


@pytest.mark.parametrize(("name", "files", "path", "told"), FIELDS, ids=[f"{f[0]}-{f[2]}" for f in FIELDS])
def test_a_field_that_the_table_names_has_the_value_that_it_says(
    name: str, files: list[str], path: str, told: str
) -> None:
    played = [config for file in files for config in configs(file)]
    found = [value(config, path) for config in (*played, TrainSettings()) if _has(config, path)]
    assert float(Fraction(told)) in found, (name, found)


def _has(config: BaseModel, path: str) -> bool:
    return path.split(".")[0] in type(config).model_fields


def test_every_ready_file_is_in_the_table_or_said_to_be_ours() -> None:
    in_rows = {file for system in systems() for file in system.files}
    ours = TABLE.split("Ours, after no paper:")[1]
    said_ours = {name for name in re.findall(r"`([a-z0-9-]+)`", ours) if name in READY}
    assert in_rows | said_ours == set(READY)
    assert not in_rows & said_ours


def test_every_scenario_that_is_named_exists_and_every_row_says_what_differs() -> None:
    for system in systems():
        for kind in re.findall(r"`([a-z_]+)`:", system.played):
            assert kind in SCENARIOS, system.name
        assert system.differs.startswith("1. "), system.name


def test_the_readme_claims_no_system_that_the_table_lacks() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert "`docs/published-systems.md`" in readme
    for system in (
        "SPARTA",
        "Stable Alignment",
        "Panel-of-Peers",
        "The Traitors",
        "DEBATE",
        "MATRIX",
        "GTAlign",
    ):
        assert any(system in row.name for row in systems())
