"""Plots as pictures inside the page: SVG, or PNG where an SVG would be large."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.metric import Tables, Unmeasurable
from palaestra.metrics.plots.levels import forest
from palaestra.metrics.plots.style import SINGLE, plain_text
from palaestra.runs.measures import drawable, levels

LARGEST_SVG = 400_000
"""Bytes; a plot of very many points is drawn as PNG instead."""
DOTS_PER_INCH = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot: what it shows, in words, its `source`, a data URI, and whether it takes the page's width."""

    title: str
    source: str
    wide: bool


def pictures(tables: Tables, measured: pl.DataFrame) -> list[Picture]:
    """The plots that a run's tables allow.

    Args:
        tables: the run's.
        measured: what `palaestra.metrics.comparison.levels` says of them, which takes long to find.
    """
    drawn = []
    for plot in drawable(tables).values():
        try:
            figure = forest(measured) if plot is levels else plot(tables)
        except Unmeasurable:
            continue
        drawn.append(Picture(plot.summary, embedded_figure(figure), figure.get_figwidth() > SINGLE))
    return drawn


def embedded_figure(figure: Figure) -> str:
    """`figure` as a data URI."""
    drawn, kind = _drawn(figure, "svg"), "svg+xml"
    if len(drawn) > LARGEST_SVG:
        drawn, kind = _drawn(figure, "png"), "png"
    return f"data:image/{kind};base64,{b64encode(drawn).decode()}"


def _drawn(figure: Figure, kind: str) -> bytes:
    file = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {}
    with plain_text():
        figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, facecolor="white", metadata=metadata)
    return file.getvalue()
