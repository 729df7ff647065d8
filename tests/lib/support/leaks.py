"""Where a thought got out: every place that a run leaves behind, but those that are thoughts'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.record import log as run_log
from palaestra.runs.report.page import page
from palaestra.runs.report.transcripts import run_data
from palaestra.runs.run import Run
from palaestra.sims.engines.prompt_encoder import prompt_encoder
from support.command_line import palaestra


@dataclass(slots=True)
class Places:
    """Where a word stands that only thoughts may hold.

    Attributes:
        searched: the formats that the run could be exported in.
        found: each place that has it.
    """

    searched: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


def places(folder: Path, word: str) -> Places:
    """Where `word` stands outside of thoughts in a run, and in what is made of it (beside its folder)."""
    told = Places()
    run = Run(folder)
    told.found += [place for place, text in _texts(run) if word in text]
    for name in FORMATS:
        out = folder.parent / f"{folder.name}-{name}"
        try:
            export([folder], out, ExportOptions((name,)), prompt_encoder([folder]))
        except BadInput:
            continue  # the scenario has none of these
        told.searched.append(name)
        files = [file for file in out.rglob("*") if file.is_file()]
        told.found += [f"export {file.relative_to(out)}" for file in files if word in file.read_text()]
    return told


def _texts(run: Run) -> Iterator[tuple[str, str]]:
    """Every text that isn't a thought, with where it stands."""
    for number, record in enumerate(run_log.read(run.folder)):
        yield f"log {number}", json.dumps({key: said for key, said in record.items() if key != "thought"})
    for name, table in run.tables.items():
        for column in table.columns:
            if (name, column) != ("calls", "thought"):
                yield f"table {name}.{column}", table.select(column).write_json()
    for episode, call in run.calls.select("episode", "call").iter_rows():
        yield f"prompt {episode}.{call}", json.dumps(run.prompt(episode, call))
    for episode in run.episodes["episode"]:
        yield f"show {episode}", palaestra("show", run.folder, "--episode", str(episode), "--events").out
    yield "report", _without_thoughts(page([run]), run)


def _without_thoughts(html: str, run: Run) -> str:
    """A report without the texts that stand in it as thoughts."""
    data: dict[str, Any] = run_data(run)
    for number in sorted(set(data["calls"]["thought"].values()), reverse=True):
        written = json.dumps(data["strings"][number], ensure_ascii=False)[1:-1].replace("<", "\\u003c")
        html = html.replace(f'"{written}"', '""')
    return html
