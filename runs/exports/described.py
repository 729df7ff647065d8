"""What an export says of itself: `export.json`.

| field | what |
|---|---|
| `palaestra`, `command` | version and command line that made it |
| `runs`, `scenario` | folders and kinds of scenarios that it is of |
| `formats` | rows of each format's splits |
| `cut` | of each format, how many rows hold an answer that was cut at its limit, where rows tell that |
| `left_out` | how many were left out, by format and reason |
| `turned` | how many pairs cleaning turned round, by treatment |
| `file_type` | "jsonl" or "parquet" |
| `policies` | who wrote it: of each its `model`, how its chat template was told, and its settings |
| `options` | what was asked for, see `palaestra.runs.exports.options` |
| `judges` | what was known of the judges of each run, see `palaestra.runs.audits.standing` |
| `filtered_from` | of what filters kept: the export that they filtered |
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field, JsonValue

from palaestra.agents.failures import BadInput, PalaestraError
from palaestra.runs.exports.options import FileType
from palaestra.runs.record.documents import KEPT, Document


class Author(BaseModel):
    """A policy that wrote rows, with its model and how that model's chat template was told."""

    model_config = KEPT
    model: str | None = None
    revision: str | None = None
    adapter: str | None = None
    temperature: float | None = None
    template_options: dict[str, JsonValue] = {}
    chat_template: str | None = None
    day: date | None = None


class Described(Document):
    """What `export.json` says."""

    file_name: ClassVar[str] = "export.json"
    folder_is: ClassVar[str] = "the folder of an export"
    remedy: ClassVar[str] = "Make one with: palaestra export RUN --to dpo"
    unreadable: ClassVar[type[PalaestraError]] = BadInput

    palaestra: str = ""
    command: str = ""
    runs: tuple[Path, ...] = ()
    scenario: str = ""
    formats: dict[str, dict[str, int]]
    cut: dict[str, int] = Field({})
    left_out: dict[str, dict[str, int]] = Field({})
    turned: dict[str, int] = Field({})
    file_type: FileType
    policies: dict[str, Author]
    options: dict[str, Any] = Field({})
    judges: tuple[str, ...] = ()
    filtered_from: Path | None = None
