"""The commands that study runs: what they measured, and whether a manipulation mattered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import BadInput
from palaestra.sims.terminal import BOLD, DIM, say, table

if TYPE_CHECKING:
    import polars as pl

    from palaestra.metrics.metric import Metric, Tables
    from palaestra.runs.run import Run

study = typer.Typer()

LEAST_PERMUTATIONS = 2000
PERMUTATIONS_A_TEST = 100
"""So many that the smallest p-value passes the correction for all tests."""
LEAST_WIDTH = 130
"""Columns that the widest table needs."""

Chosen = Annotated[
    list[str] | None, typer.Option("--metric", "-m", help="Only this metric. Repeatable. Default: all.")
]
Embedding = Annotated[
    str | None,
    typer.Option(
        help="A sentence-transformers model, by name or folder: adds similarity by meaning to the metrics."
    ),
]
Table = Annotated[Path | None, typer.Option(help="Also write the table to this file: .csv or .parquet.")]


@study.command(
    name="metrics",
    epilog="Examples: palaestra metrics · palaestra metrics RUN · palaestra metrics RUN -m conformity",
)
def list_metrics(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="A run folder. Without one: what there is.")
    ] = None,
    metric: Chosen = None,
    embedding: Embedding = None,
    out: Table = None,
) -> None:
    """Measure a run, or list all metrics with their units, ranges and sources."""
    if run is None:
        _print_catalogue()
        return
    from palaestra.metrics.comparison import findings, levels
    from palaestra.runs.run import Run

    _check_table(out)
    opened = Run(run)
    tables = opened.tables
    require_episodes(tables, run)
    _say_made_up([opened])
    found = levels(_chosen(metric, [tables], embedding), tables)
    if metric and not found["episodes"].sum():
        notes = ". ".join(dict.fromkeys(found["note"]))
        raise BadInput(notes, f"What this run measures: palaestra metrics {quote(str(run))}")
    _write(found, out)
    rows = [
        (row["metric"], _told(row["value"]), _interval(row), row["unit"], str(row["episodes"]))
        for row in found.drop_nulls("value").iter_rows(named=True)
    ]
    _print_table(("metric", "value", "95 % interval", "unit", "episodes"), rows)
    if told := findings(found):
        say(told)
    _print_notes(found)


@study.command(
    epilog="Examples: palaestra compare RUN RUN · palaestra compare SWEEP -m conformity --out table.csv"
)
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Run folders, the baseline first; or a sweep's folder."),
    ],
    metric: Chosen = None,
    embedding: Embedding = None,
    out: Table = None,
) -> None:
    """Whether runs differ: each metric against the first run, with intervals, paired where seeds pair."""
    import polars as pl

    from palaestra.metrics.comparison import differences, holm
    from palaestra.runs.run import Run

    _check_table(out)
    folders = expanded(runs)
    if len(folders) < 2:
        raise BadInput(
            "a comparison takes two runs or more", "Name a baseline and others, or a sweep's folder."
        )
    opened = [Run(folder) for folder in folders]
    kinds = {run.state.kind for run in opened}
    if len(kinds) > 1:
        raise BadInput(
            f"these are runs of different scenarios: {', '.join(sorted(kinds))}",
            "Compare runs of one scenario.",
        )
    baseline, *others = _with_episodes(opened)
    _say_made_up([baseline, *others])
    chosen = _chosen(metric, [run.tables for run in (baseline, *others)], embedding)
    if not metric:
        chosen = [each for each in chosen if not each.restates]
    permutations = max(LEAST_PERMUTATIONS, PERMUTATIONS_A_TEST * len(chosen) * len(others))
    labels = _labels([run.folder for run in (baseline, *others)])
    found = pl.concat(
        differences(chosen, baseline.tables, run.tables, permutations=permutations).select(
            pl.lit(label).alias("run"), pl.all()
        )
        for run, label in zip(others, labels[1:], strict=True)
    )
    found = found.with_columns(pl.Series("p_corrected", holm(found["p"].to_list()), dtype=pl.Float64))
    _write(found, out)
    say(f"baseline: {labels[0]}", BOLD)
    for label in labels[1:]:
        _print_difference(label, found.filter(pl.col("run") == label))
    say(_caution(found))
    _print_notes(found)


def _print_difference(name: str, found: pl.DataFrame) -> None:
    rows = [
        (
            row["metric"],
            _told(row["first"]),
            _told(row["second"]),
            _told(row["difference"]),
            _interval(row),
            _told(row["p_corrected"]),
            _told(row["detectable"]),
            row["unit"],
            f"{row['episodes_first']} pairs"
            if row["paired"]
            else f"{row['episodes_first']} and {row['episodes_second']}",
        )
        for row in found.drop_nulls("difference").iter_rows(named=True)
    ]
    heads = (
        "metric",
        "baseline",
        "run",
        "difference",
        "95 % interval",
        "p",
        "detectable",
        "unit",
        "episodes",
    )
    _print_table(heads, rows, title=name)


def _caution(found: pl.DataFrame) -> str:
    """What the comparison can't show, in words."""
    from palaestra.metrics.comparison import SIGNIFICANT, least_p

    tested = found.drop_nulls("p").to_dicts()
    if not tested:
        more = "Play more with: palaestra resume RUN --set episodes=…"
        return f"Nothing could be tested: there are too few episodes, or all are the same. {more}"
    shown = [f"{row['metric']} ({row['run']})" for row in tested if row["p_corrected"] < SIGNIFICANT]
    tests = f"{len(tested)} test{'s' if len(tested) > 1 else ''}"
    told = [f"Differs (p < {SIGNIFICANT}, corrected for {tests} by Holm): {', '.join(shown) or 'nothing'}."]
    least = max(
        least_p(
            (row["items"] or row["episodes_first"], row["items"] or row["episodes_second"]), row["paired"]
        )
        for row in tested
    )
    if least * len(tested) >= SIGNIFICANT:
        told.append(
            f"With so few episodes some differences could not pass a correction for {tests}, however large:"
            " name fewer metrics with --metric, or play more episodes."
        )
    elif len(shown) < len(tested):
        told.append(
            "What isn't named may differ all the same: a true difference as large as `detectable` would be"
            " seen four times in five without correction, a smaller one less often, all less often with it."
        )
    return " ".join(told)


def _say_made_up(runs: list[Run]) -> None:
    """Say of which runs the replies are made up."""
    for run in runs:
        if run.state.made_up:
            say(f"{run.folder}: made-up replies; these numbers tell nothing of any model", DIM)


def _with_episodes(runs: list[Run]) -> list[Run]:
    """The baseline and the runs of which an episode has ended; the others are named.

    Raises:
        BadInput: no episode of the baseline has ended, or none of any other.
    """
    for run in runs[1:]:
        if not run.episodes["ended"].any():
            say(f"{run.folder} is left out: no episode of it has ended", DIM)
    ended = [run for run in runs[1:] if run.episodes["ended"].any()]
    for run in (runs[0], *(ended or runs[1:2])):
        require_episodes(run.tables, run.folder)
    return [runs[0], *ended]


def _labels(folders: list[Path]) -> list[str]:
    """The folders' names; their paths where two have the same name."""
    names = [folder.name for folder in folders]
    return [folder.name if names.count(folder.name) == 1 else str(folder) for folder in folders]


def expanded(folders: list[Path]) -> list[Path]:
    """The folders of runs, those of sweeps replaced by their runs."""
    from palaestra.runs.record.folder import SWEEP
    from palaestra.sims.playing.sweep import runs

    found: list[Path] = []
    for folder in folders:
        found += runs(folder) if (folder / SWEEP).exists() else [folder]
    return list({folder.resolve(): folder for folder in found}.values())


def _chosen(names: list[str] | None, tables: list[Tables], embedding: str | None) -> list[Metric]:
    """The metrics of these names, or all that the tables have the columns for."""
    from difflib import get_close_matches

    from palaestra.runs.measures import metrics

    known = metrics()
    if embedding is not None:
        known |= {metric.name: metric for metric in _semantic_metrics(embedding)}
    for name in names or ():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise BadInput(f"there is no metric {name!r}", f"{hint}All of them: palaestra metrics")
        for of in tables:
            if lacking := known[name].lacks(of):
                raise BadInput(
                    f"{name} can't be measured here: there is {lacking}", "See: palaestra metrics RUN"
                )
    if names:
        return [known[name] for name in names]
    return [metric for metric in known.values() if not any(metric.lacks(of) for of in tables)]


def _semantic_metrics(model: str) -> list[Metric]:
    from palaestra.metrics.families.speech import semantic_metrics, sentence_embedding
    from palaestra.metrics.families.utterances import semantic_utterances

    if (Path(model).is_absolute() or model.startswith((".", "~"))) and not Path(model).expanduser().is_dir():
        raise BadInput(f"--embedding: there is no folder {model}", "Name a model or its folder.")
    try:
        by = sentence_embedding(model), f"cosine of embeddings by {model}"
        return [*semantic_metrics(*by), *semantic_utterances(*by)]
    except ModuleNotFoundError as error:
        remedy = "Install it: pip install 'palaestra[embedding]'"
        raise BadInput(
            "--embedding takes the package sentence-transformers, which is not here", remedy
        ) from error
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise BadInput(
            f"--embedding {model}: it can't be loaded: {reason}", "Name a model or its folder."
        ) from error


def require_episodes(tables: Tables, folder: Path) -> None:
    """Raise `BadInput` where no episode of the run in `folder` has ended."""
    if not tables["episodes"]["ended"].any():
        raise BadInput(
            f"no episode of {folder} has ended", f"Go on with: palaestra resume {quote(str(folder))}"
        )


def _print_catalogue() -> None:
    from palaestra.runs.measures import families

    for name, family in families().items():
        say(name, BOLD)
        for metric in family.metrics:
            bounds = ["" if bound is None else f"{bound:g}" for bound in (metric.low, metric.high)]
            scale = f"{metric.unit}, {bounds[0]}…{bounds[1]}" if any(bounds) else metric.unit
            say(f"  {metric.name:<26} {metric.summary}")
            say(f"  {'':<26} {scale}; source: {metric.source}", DIM)


def _check_table(out: Path | None) -> None:
    """Refuse, before anything is computed, a file that no table can be written to."""
    if out is None:
        return
    if out.suffix not in (".csv", ".parquet"):
        raise BadInput(f"--out {out}: a table is written as .csv or .parquet")
    if not out.parent.is_dir():
        raise BadInput(f"--out {out}: there is no folder {out.parent}")


def _write(table: pl.DataFrame, out: Path | None) -> None:
    if out is None:
        return
    try:
        if out.suffix == ".csv":
            table.write_csv(out)
        else:
            table.write_parquet(out)
    except OSError as error:
        raise BadInput(f"--out {out} can't be written: {error.strerror or error}") from error


def _print_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], title: str = "") -> None:
    right = [head for head in heads if head not in ("metric", "unit")]
    table(heads, rows, title, right=right, whole=("metric",), least_width=LEAST_WIDTH)


def _print_notes(found: pl.DataFrame) -> None:
    """Why numbers are missing, each reason once, with the runs where they don't lack in all."""
    import polars as pl

    runs = found["run"].unique(maintain_order=True).to_list() if "run" in found.columns else []
    told = found.filter(pl.col("note").fill_null("") != "").with_columns(
        pl.col("run") if runs else pl.lit("").alias("run")
    )
    for note, metrics, where in (
        told.group_by("note", maintain_order=True)
        .agg(pl.col("metric", "run").unique(maintain_order=True))
        .iter_rows()
    ):
        names = "" if note.startswith(metrics[0]) else f"{', '.join(sorted(metrics))}: "
        place = f" (in {', '.join(where)})" if len(where) < len(runs) else ""
        say(f"{names}{note}{place}", DIM)


def _told(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"


def _interval(row: dict[str, float | None]) -> str:
    return "" if row["low"] is None else f"{row['low']:.3f} … {row['high']:.3f}"
