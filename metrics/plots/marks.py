"""Marks that several figures share: a curve with its band, dots with intervals, a heat map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from palaestra.metrics.plots.style import (
    COLOURS,
    HATCHES,
    HEAT,
    INK,
    LINE,
    LINES,
    MARK,
    MARKERS,
    MISSING,
    SMALL,
    TEXT,
)

MARKS = 8
"""Markers along a curve, at most about."""


def curve(axes: Axes, found: pl.DataFrame, x: str, label: str, number: int, *, hatched: bool) -> None:
    """The means of `plots.means.means` over the column `x`, with a band where there are intervals.

    Args:
        axes: to draw on.
        found: one row for each value of `x`, in order.
        x: name of a column.
        label: for the legend.
        number: of the series, from 0, which sets its look.
        hatched: whether the band is, which helps where there are two and confuses where there are more.
    """
    places, colour = found[x].to_list(), COLOURS[number % len(COLOURS)]
    if found["low"].null_count() < len(found):
        low, high = (found[bound].fill_null(found["mean"]).to_list() for bound in ("low", "high"))
        axes.fill_between(
            places,
            low,
            high,
            facecolor=colour,
            edgecolor=colour,
            alpha=0.2 if hatched else 0.12,
            linewidth=0.3,
            hatch=HATCHES[number % len(HATCHES)] if hatched else None,
        )
    axes.plot(
        places,
        found["mean"].to_list(),
        color=colour,
        linestyle=LINES[number % len(LINES)],
        linewidth=LINE,
        marker=MARKERS[number % len(MARKERS)],
        markersize=MARK,
        markevery=max(1, len(places) // MARKS),
        label=label,
    )


def dots(
    axes: Axes,
    found: pl.DataFrame,
    rows: Sequence[int | float],
    *,
    number: int = 0,
    label: str = "",
    filled: Sequence[bool] = (),
) -> None:
    """A dot for each mean, at its row, and a line along its interval where there is one.

    Args:
        axes: to draw on.
        found: `mean`, `low` and `high`.
        rows: where on the y-axis each is.
        number: of the series, from 0, which sets its look.
        label: for the legend.
        filled: whether each dot is; all by default.
    """
    colour = COLOURS[number % len(COLOURS)]
    for row, low, high in zip(rows, found["low"], found["high"], strict=True):
        if low is not None:
            axes.plot([low, high], [row, row], color=colour, linewidth=LINE, zorder=2)
    faces = [colour if full else "white" for full in filled] or colour
    axes.scatter(
        found["mean"].to_list(),
        list(rows),
        s=18,
        marker=MARKERS[number % len(MARKERS)],
        facecolor=faces,
        edgecolor=colour,
        linewidth=0.9,
        zorder=3,
        label=label,
    )


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Names along the y-axis, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def heat(axes: Axes, cells: pl.DataFrame, names: Sequence[str]) -> AxesImage:
    """A heat map of shares of a group among itself; what there is no number of stays hatched.

    Args:
        axes: to draw on.
        cells: row's name, column's name and value 0–1.
        names: of rows and columns, in order.
    """
    matrix = np.full((len(names), len(names)), np.nan)
    for row, column, value in cells.iter_rows():
        matrix[names.index(row), names.index(column)] = value
    axes.patch.set(**MISSING)
    axes.grid(visible=False)
    image = axes.imshow(matrix, cmap=HEAT, vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 4 else 0)
    axes.set_yticks(range(len(names)), names)
    return image


def scale(drawn: Figure, image: AxesImage, label: str) -> None:
    """The colour scale of a figure's heat maps."""
    bar = drawn.colorbar(image, ax=list(drawn.axes), shrink=0.8, aspect=25)
    bar.set_label(label, fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=SMALL, length=2.5)
    bar.outline.set(linewidth=0)
