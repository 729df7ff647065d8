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
from palaestra.scenarios.parts.planted import BATTERY

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
    """Keep an audit where later commands find it, unless a better one is there; raises `RunUnwritable`."""
    for folder in places(run):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        if (known := find(audit.fingerprint, [folder])) is None or _worth(known) <= _worth(audit):
            write_json(folder / f"{audit.fingerprint}.json", audit.model_dump(mode="json"))


def find(fingerprint: str, folders: Iterable[Path]) -> JudgeAudit | None:
    """The best audit of this fingerprint in the folders: of most pairs, then the newest.

    One that is damaged, or of another battery than this version's, is none.
    """
    return max(
        filter(None, (_read(folder / f"{fingerprint}.json") for folder in folders)), key=_worth, default=None
    )


def _read(file: Path) -> JudgeAudit | None:
    try:
        found = JudgeAudit.model_validate_json(file.read_bytes())
        whole = found.fingerprint == file.stem and found.battery == BATTERY and len(found.table)
    except (OSError, ValidationError, pl.exceptions.PolarsError, TypeError):
        return None
    return found if whole else None


def _worth(audit: JudgeAudit) -> tuple[int, str]:
    return len(audit.table), audit.when
