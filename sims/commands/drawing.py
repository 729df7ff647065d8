"""The commands that draw runs: figures for a paper, and a report to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from palaestra.agents.failures import BadInput
from palaestra.sims.commands.study import expanded, require_episodes
from palaestra.sims.terminal import DIM, say

drawing = typer.Typer()


@drawing.command(
    epilog="Examples: palaestra plots outputs/debate-… · palaestra plots RUN --only opinions --as png"
)
def plots(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Only this plot. Repeatable. Default: all that the run allows.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the figures. Default: plots in the run folder.")
    ] = None,
    file_type: Annotated[
        Literal["pdf", "svg", "png"], typer.Option("--as", help="Type of the figures.")
    ] = "pdf",
) -> None:
    """Draw a run: one figure for each family of metrics, for a paper."""
    from matplotlib import rc_context

    from palaestra.metrics.metric import Unmeasurable
    from palaestra.metrics.plots.style import made_up, plain_text
    from palaestra.runs import measures
    from palaestra.runs.record.disk import own_folder, refuse_link, unwritable
    from palaestra.runs.run import Run

    known = measures.plots()
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise BadInput(f"there is no plot {unknown[0]!r}", f"The plots are: {', '.join(known)}.")
    opened = Run(run)
    tables = opened.tables
    require_episodes(tables, run)
    folder = out or own_folder(run, "plots")
    chosen = {name: known[name] for name in only} if only else measures.drawable(tables)
    for name, plot in chosen.items():
        try:
            with made_up(opened.state.made_up):
                figure = plot(tables)
        except Unmeasurable as reason:
            if only:
                raise BadInput(f"{name}: {reason}") from reason
            say(f"{name} is left out: {reason}", DIM)
            continue
        path = folder / f"{name}.{file_type}"
        try:
            if out is None:
                refuse_link(path)
            folder.mkdir(parents=True, exist_ok=True)
            with plain_text(), rc_context({"pdf.fonttype": 42, "svg.hashsalt": "palaestra"}):
                figure.savefig(path, dpi=200)
        except OSError as error:
            raise unwritable(folder, error) from error
        say(path)


@drawing.command(
    epilog="Examples: palaestra report outputs/debate-… · palaestra report RUN RUN --out both.html"
)
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders; or a sweep's folder.")],
    out: Annotated[
        Path | None, typer.Option(help="The file. Default: report.html in the first folder.")
    ] = None,
) -> None:
    """Write runs as one HTML file: summary, figures, every transcript to read and search, exact prompts.

    Of long runs the transcripts lie in a folder beside it, and are loaded as they are read.
    """
    from palaestra.runs.report.page import write_report
    from palaestra.runs.run import Run

    target = out or runs[0] / "report.html"
    if target.is_dir():
        raise BadInput(f"--out {target} is a folder", f"Name a file, such as {target / 'report.html'}")
    say(f"report: {write_report([Run(folder) for folder in expanded(runs)], target)}")
