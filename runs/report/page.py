"""The report as a file: template, style, script, overviews and data put together, nothing else needed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from shlex import quote
from string import Template
from typing import Any

import orjson

from palaestra.agents.failures import BadInput
from palaestra.runs.record.disk import replace, unwritable
from palaestra.runs.report.overview import overview
from palaestra.runs.report.transcripts import run_data
from palaestra.runs.run import Run

SCRIPT = ("data", "lists", "reading", "controls")
"""The parts of the script, which share one scope, in their order."""


def write_report(runs: Sequence[Run], out: Path) -> Path:
    """Write one HTML file that holds `runs`: overview, plots and every transcript.

    Args:
        runs: the runs, at least one.
        out: the file; one that exists is replaced, whole or not at all.

    Returns:
        `out`.

    Raises:
        BadInput: there is no run, or nothing was recorded in one.
        RunUnwritable: `out` can't be written.
    """
    if not runs:
        raise BadInput("a report takes at least one run")
    for run in runs:
        if run.calls.is_empty() and not run.episodes["ended"].any():
            raise BadInput(
                f"nothing was recorded in {run.folder} yet",
                f"Go on with: palaestra resume {quote(str(run.folder))}",
            )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error
    replace(out, page(runs).encode())
    return out


def page(runs: Sequence[Run]) -> str:
    """The report as HTML."""
    style = _part("report.css")
    script = f'"use strict";\n(() => {{\n{"".join(_part(f"script/{name}.js") for name in SCRIPT)}}})();\n'
    names = [run.folder.resolve().name for run in runs]
    title = runs[0].state.scenario.title or names[0]
    return Template(_part("report.html")).substitute(
        title=escape(title if len(runs) == 1 else f"{len(runs)} runs: {', '.join(names)}"),
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        runs="".join(f'<option value="{i}">{escape(name)}</option>' for i, name in enumerate(names)),
        overviews="".join(overview(run, i) for i, run in enumerate(runs)),
        data="\n".join(
            f'<script type="application/json" id="data-{i}">{embedded(run_data(run))}</script>'
            for i, run in enumerate(runs)
        ),
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: no text in it can end the element or open a comment."""
    return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode().replace("<", "\\u003c")


def _part(name: str) -> str:
    return (files("palaestra.runs.report") / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a content security policy calls this inline style or script."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
