"""The report as a file: template, style, script, overviews and data put together, nothing else needed.

What is too much for one page stands beside it: scripts of a folder, each with the data of some episodes, that
the page loads where they are read. (A page that is opened from a disk may load scripts, and nothing else.)
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b, sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from shlex import quote
from string import Template
from typing import Any
from urllib.parse import quote as quote_url

import orjson

from palaestra.agents.failures import BadInput
from palaestra.runs.record.disk import refuse_link, replace, unwritable
from palaestra.runs.report.overview import overview
from palaestra.runs.report.transcripts import Data, chapters, contents, run_data, size
from palaestra.runs.run import Run

SCRIPT = ("data", "lists", "reading", "controls")
"""The parts of the script, which share one scope, in their order."""
LARGEST = 4_000_000
"""Bytes of texts that stand in the page itself."""
CHAPTER = 500_000
"""Bytes of texts that are loaded at once where they don't."""
NAMED = re.compile(r"\d+-\d+-[0-9a-f]{16}\.js")
"""How files of chapters are called: run, chapter, hash. So none is taken for one of another report."""


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
    beside = out.with_name(f"{out.name}-data")
    large = sum(map(size, runs)) > LARGEST
    try:
        if large:
            refuse_link(beside)
        (beside if large else out.parent).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error
    told = [_apart(number, run, beside) if large else run_data(run) for number, run in enumerate(runs)]
    replace(out, page(runs, told).encode())
    _clean(beside, {file for one in told for _, file in one.get("chapters", ())})
    return out


def _apart(number: int, run: Run, folder: Path) -> Data:
    """The contents of a run whose chapters are written into `folder`: of each its first episode and file."""
    written: list[tuple[int, str]] = []
    for first, chapter in chapters(run, CHAPTER):
        place = f"{number},{len(written)}"
        script = f"palaestraChapter({place},{orjson.dumps(_json(chapter)).decode()});\n".encode()
        name = f"{place.replace(',', '-')}-{blake2b(script, digest_size=8).hexdigest()}.js"
        replace(folder / name, script)
        written.append((first, name))
    return contents(run) | {"folder": quote_url(folder.name), "chapters": written}


def _clean(folder: Path, kept: set[str]) -> None:
    """Remove the chapters of an earlier report, and their folder where nothing else is left in it."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(OSError):
        for path in folder.iterdir():
            if NAMED.fullmatch(path.name) and path.name not in kept:
                path.unlink()
        if not kept:
            folder.rmdir()


def page(runs: Sequence[Run], data: Sequence[Data] | None = None) -> str:
    """The report as HTML.

    Args:
        runs: the runs, at least one.
        data: what stands in it of each; all that can be read by default.
    """
    told = list(map(run_data, runs)) if data is None else data
    # What the page's own script loads may run, as it loads chapters; nothing else may.
    apart = " 'strict-dynamic'" if any("chapters" in one for one in told) else ""
    style = _part("report.css")
    script = f'"use strict";\n(() => {{\n{"".join(_part(f"script/{name}.js") for name in SCRIPT)}}})();\n'
    names = [run.folder.resolve().name for run in runs]
    title = runs[0].state.scenario.title or names[0]
    return Template(_part("report.html")).substitute(
        title=escape(title if len(runs) == 1 else f"{len(runs)} runs: {', '.join(names)}"),
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}{apart}; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        runs="".join(f'<option value="{i}">{escape(name)}</option>' for i, name in enumerate(names)),
        overviews="".join(overview(run, i) for i, run in enumerate(runs)),
        data="\n".join(
            f'<script type="application/json" id="data-{i}">{embedded(one)}</script>'
            for i, one in enumerate(told)
        ),
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: no text in it can end the element or open a comment."""
    return _json(data).replace("<", "\\u003c")


def _json(data: Mapping[str, Any]) -> str:
    return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode()


def _part(name: str) -> str:
    return (files("palaestra.runs.report") / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a content security policy calls this inline style or script."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
