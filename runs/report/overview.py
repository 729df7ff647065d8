"""The upper half of a report: what was run, what came of it, what it measures. Static HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from palaestra.agents.budget import money
from palaestra.metrics.comparison import findings, levels
from palaestra.metrics.metric import Metric
from palaestra.metrics.outcomes import calls_by_purpose, outcome_summary
from palaestra.metrics.plots.style import made_up
from palaestra.runs.audits.standing import standing
from palaestra.runs.measures import readable
from palaestra.runs.record.state import SittingRecord
from palaestra.runs.report.pictures import Picture, pictures
from palaestra.runs.run import Run

Cells = Sequence[object]
MARKED = ("model", "device", "dtype", "kind")
"""What an engine's line begins with, of all that it says of itself."""


def overview(run: Run, number: int) -> str:
    """The section of a run, its place in the report `number`; all text in it is escaped."""
    scenario = run.state.scenario
    known = readable(run.tables) if run.episodes["ended"].any() else {}
    measured = levels(known.values(), run.tables)
    parts = [
        f"<h2>{escape(scenario.title or scenario.scenario)}</h2>",
        _facts(_what_was_run(run)),
        _numbers(run),
        '<div class="columns">',
        _table("Outcomes", outcome_summary(run.episodes).iter_rows(), ("outcome", "value", "episodes")),
        _calls(run.calls),
        "</div>",
        _metrics(known, measured),
        _plots(_pictures(run, measured)),
    ]
    return f'<section class="run" data-run="{number}">{"".join(parts)}</section>'


def _pictures(run: Run, measured: pl.DataFrame) -> list[Picture]:
    with made_up(run.state.made_up):
        return pictures(run.tables, measured)


def _what_was_run(run: Run) -> list[tuple[str, str]]:
    state = run.state
    facts = [
        ("scenario", state.kind),
        ("run", run.folder.resolve().name),
        *([("replies", "made up by a scripted engine: nothing here was said by a model")] * state.made_up),
        ("status", state.status + (f": {state.error}" if state.error else "")),
        ("seed", str(state.scenario.seed)),
        ("began", f"{state.started}, took {_duration(state.seconds)}"),
    ]
    last = state.sittings[-1] if state.sittings else SittingRecord(started="")
    for name, engine in last.engines.items():
        facts.append((f"engine {name}", _engine(engine)))
    for name, faults in state.faults.items():
        facts.append(
            (f"engine {name} met", ", ".join(f"{number} × {kind}" for kind, number in faults.items()))
        )
    for name, policy in state.scenario.policies.items():
        facts.append((f"policy {name}", ", ".join(f"{k} {v}" for k, v in policy.items() if v is not None)))
    if last.versions:
        facts.append(("versions", ", ".join(f"{name} {version}" for name, version in last.versions.items())))
    if len(state.sittings) > 1:
        facts.append(("sittings", str(len(state.sittings))))
    facts += [("judges", words) for words in standing(run.folder, state, run.tables)]
    facts += [("another answered", words) for sitting in state.sittings for words in sitting.changed]
    return facts


def _engine(said: Mapping[str, Any]) -> str:
    order = [key for key in MARKED if key in said] + [key for key in said if key not in MARKED]
    return ", ".join(f"{key} {said[key]}" for key in order if said[key] is not None)


def _numbers(run: Run) -> str:
    ended, begun, calls = run.episodes["ended"].sum(), len(run.episodes), run.calls
    tokens = {kind: int(calls[f"{kind}_tokens"].sum()) for kind in ("prompt", "cached", "output")}
    shown = [
        (
            "episodes",
            f"{ended:,}" + (f" of {begun:,} begun" if ended < begun else ""),
        ),
        ("calls", f"{len(calls):,}"),
        ("failed answers", f"{calls['failed'].sum():,}"),
        ("prompt tokens", f"{tokens['prompt']:,}"),
        ("of them cached", f"{tokens['cached'] / tokens['prompt']:.0%}" if tokens["prompt"] else "–"),
        ("output tokens", f"{tokens['output']:,}"),
    ]
    if (spend := run.spend) is not None:
        shown.append(("spent", money(spend)))
    cells = "".join(f"<div><dd>{escape(value)}</dd><dt>{name}</dt></div>" for name, value in shown)
    return f'<dl class="numbers">{cells}</dl>'


def _calls(calls: pl.DataFrame) -> str:
    rows = [
        (
            row["purpose"],
            row["calls"],
            row["failed"],
            row["basis"],
            "" if row["mass"] is None else f"{row['mass']:.2g}",
            f"{row['prompt_tokens']:.0f}",
            f"{row['output_tokens']:.1f}",
            "" if row["cached"] is None else f"{row['cached']:.0%}",
        )
        for row in calls_by_purpose(calls).iter_rows(named=True)
    ]
    heads = (
        "purpose",
        "calls",
        "failed",
        "rest on",
        "mass",
        "prompt tokens a call",
        "output tokens a call",
        "cached",
    )
    return _table("Calls", rows, heads)


def _metrics(known: Mapping[str, Metric], found: pl.DataFrame) -> str:
    """The metrics that have a number, and a folded note on those that have none."""
    measured = found.drop_nulls("value")
    rows = "".join(_metric(known[row["metric"]], row) for row in measured.iter_rows(named=True))
    missing = found.filter(pl.col("value").is_null())
    notes = "".join(
        f"<li><b>{escape(name.replace('_', ' '))}</b>: {escape(_reason(name, note))}</li>"
        for name, note in missing.select("metric", "note").iter_rows()
    )
    folded = f"<details><summary>{len(missing)} metrics without a number</summary><ul>{notes}</ul></details>"
    heads = {"metric": "", "value": "number", "95 % interval": "", "unit": "", "episodes": "number"}
    body = f'<div class="scroll">{_framed(heads, rows)}</div>' if rows else ""
    if told := findings(found):
        body += f"<p>{escape(told)}</p>"
    return f"<h3>Metrics</h3>{body}{folded if notes else ''}" if rows or notes else ""


def _reason(name: str, note: str) -> str:
    return note.removeprefix(f"{name} can't be measured here: ")


def _metric(metric: Metric, row: Mapping[str, Any]) -> str:
    interval = "" if row["low"] is None else f"{row['low']:.3f} … {row['high']:.3f}"
    note = row["note"] or ""
    cells = (f"{row['value']:.3f}", interval or note, row["unit"], row["episodes"])
    name = metric.name.replace("_", " ")
    about = f"<th scope='row'>{escape(name)}<small>{escape(metric.summary)}</small></th>"
    return f"<tr>{about}{''.join(_cell(cell, i == 1 and not interval) for i, cell in enumerate(cells))}</tr>"


def _plots(drawn: Sequence[Picture]) -> str:
    shown = "".join(map(_figure, drawn))
    return f'<h3>Plots</h3><div class="plots">{shown}</div>' if shown else ""


def _figure(picture: Picture) -> str:
    title, kind = escape(picture.title), "wide" if picture.wide else "column"
    image = f'<img alt="{title}" src="{picture.source}">'
    return f'<figure class="{kind}">{image}<figcaption>{title}</figcaption></figure>'


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _table(title: str, rows: Iterable[Cells], heads: Sequence[str]) -> str:
    told = list(rows)
    if not told:
        return ""
    kinds = {head: _kind(cell) for head, cell in zip(heads, told[0], strict=True)}
    table = _framed(kinds, "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in told))
    return f'<div><h3>{title}</h3><div class="scroll">{table}</div></div>'


def _framed(heads: Mapping[str, str], rows: str) -> str:
    """A table of `rows` under `heads`, each with the class of its column."""
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in heads.items())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object, quiet: bool = False) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return f'<td class="{"quiet" if quiet else _kind(value)}">{escape(text)}</td>'


def _kind(value: object) -> str:
    """The class of a cell: "number" where it holds one."""
    text = str(value).removesuffix("%").removeprefix("-")
    return "number" if text.replace(".", "", 1).isdecimal() else ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
