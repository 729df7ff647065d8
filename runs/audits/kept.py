"""Where audits are kept: one JSON file each, named by the judge's fingerprint, in the cache and beside a run.

| field | what |
|---|---|
| `fingerprint`, `judge`, `mode` | whose it is, see `palaestra.runs.audits.fingerprint` |
| `beside` | whether the judge read two answers together |
| `engine` | what answered, as it told itself |
| `palaestra`, `when` | version that made it, and the time |
| `battery`, `seed` | of the planted pairs, see `palaestra.scenarios.parts.planted` |
| `mass` | median share of the model's probability that the options held; None where nobody tells |
| `leaks` | names in what the judge is asked |
| `columns` | of the table that `palaestra.metrics.judge_audit` reads |
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
from pydantic import BaseModel, Field, JsonValue, ValidationError

from palaestra.metrics.judge_audit import SCHEMA
from palaestra.runs.record.cache import cache_folder
from palaestra.runs.record.disk import own_folder, unwritable
from palaestra.runs.record.documents import KEPT, write_json

FOLDER = "audits"


class JudgeAudit(BaseModel):
    """The audit of one judge in one way of judging."""

    model_config = KEPT
    fingerprint: str = Field(pattern="^[0-9a-f]{16}$")
    judge: str
    mode: str
    beside: bool
    engine: dict[str, JsonValue] = {}
    palaestra: str = ""
    when: str = ""
    battery: str
    seed: int
    mass: float | None = None
    leaks: tuple[str, ...] = ()
    columns: dict[str, list[int | float | str | None]]

    @property
    def table(self) -> pl.DataFrame:
        """What the judge said of each pair."""
        return pl.DataFrame(self.columns, schema=SCHEMA)


def places(run: Path | None) -> list[Path]:
    """The folders in which audits are looked for: of a run its own first."""
    return [*([own_folder(run, FOLDER)] if run is not None else []), cache_folder() / FOLDER]


def keep(audit: JudgeAudit, run: Path | None = None) -> None:
    """Keep an audit where later commands find it; raises `RunUnwritable`."""
    for folder in places(run):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        write_json(folder / f"{audit.fingerprint}.json", audit.model_dump(mode="json"))


def find(fingerprint: str, folders: Iterable[Path]) -> JudgeAudit | None:
    """The audit of this fingerprint in the first of the folders that has one; a damaged one is none."""
    for folder in folders:
        try:
            found = JudgeAudit.model_validate_json((folder / f"{fingerprint}.json").read_bytes())
            if found.fingerprint == fingerprint and len(found.table):
                return found
        except (OSError, ValidationError, pl.exceptions.PolarsError, TypeError):
            continue
    return None
