"""Small runs to export, and the rows of an export of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from support.exported import Row, rows

Play = Callable[..., Path]
QUESTIONS = [f"Question {number}?" for number in range(12)]
TRIBE = [{"name": name, "policy": name.lower()} for name in ("Ann", "Bo", "Cem", "Dee")]
POLICIES: dict[str, Any] = {"policies": {name: {} for name in ("default", "ann", "bo", "cem", "dee")}}
DUEL = {"scenario": "duel", "fighters": TRIBE, "instructions": QUESTIONS, **POLICIES}
PEERS = [{"name": f"Peer {number}"} for number in range(9)]


def exported(run: Path, *formats: str, **options: Any) -> dict[str, list[Row]]:
    """The rows of each format, both splits together, each with its split."""
    out = run.parent / f"export-{'-'.join(formats)}-{len(list(run.parent.iterdir()))}"
    export([run], out, ExportOptions(formats, **options))
    return {name: rows(out, name) for name in formats}
