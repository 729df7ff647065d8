"""Persuasion drawn: how willing the persuadee is before and after, and how well its mind is read."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, LINE, MARK, MUTED, SMALL, figure

MOMENTS = {"first": "before the talk", "before": "uncorrected", "after": "after a correction"}
"""Of guesses, in the words of the legend."""
APART = 0.22
"""Distance of a slot's moments on the y-axis."""


@plot(
    "guess.state guess.part guess.moment guess.corrected guess.options guess.correct "
    "willingness.moment willingness.willingness"
)
def persuasion(tables: Tables) -> Figure:
    """Willingness (1–7) before and after the talk, and shares of right guesses for each belief and desire.

    Thin lines are episodes, the thick one their mean; the dotted line is the mean chance of a guess.
    Guesses that come before a correction but after an earlier one on the same thing aren't drawn.

    Raises:
        Unmeasurable: no episode has willingness both before and after, or no guess could be understood.
    """
    told_both = _willingness(tables["willingness"])
    later = (pl.col("moment") == "before") & pl.col("corrected")
    guesses = tables["guess"].filter(~later).drop_nulls("correct")
    guesses = some(guesses, "no guess could be understood")
    right = guesses.with_columns(pl.col("correct").cast(pl.Float64).alias("value"))
    found = means(right, ["state", "part", "moment"], bounds=(0, 1))
    drawn = figure(DOUBLE, 2.2, 1, 2, subtitle=f"{told(found, 'bars')}; thin lines: episodes; dotted: chance")
    left, axes = drawn.axes
    _slopes(left, told_both)
    _accuracies(axes, found)
    chance = guesses.select((1 / pl.col("options")).mean()).item()
    axes.axvline(chance, color=MUTED, linestyle=":", linewidth=0.9, zorder=1)
    drawn.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False
    )
    return drawn


def _willingness(willingness: pl.DataFrame) -> pl.DataFrame:
    """The episodes that have both: `episode`, `moment`, `value`."""
    each = willingness.drop_nulls("willingness").select("episode", "moment", value="willingness")
    both = each.filter(pl.col("moment").n_unique().over("episode") == 2)
    return some(both, "no episode has willingness both before and after")


def _slopes(axes: Axes, each: pl.DataFrame) -> None:
    wide = each.pivot("moment", index="episode", values="value").sort("episode")
    for before, after in wide.select("before", "after").iter_rows():
        axes.plot([0, 1], [before, after], color="#8C8C8C", linewidth=0.5, alpha=min(0.7, 12 / len(wide)))
    found = means(each, ["moment"], bounds=(1, 7)).sort("moment", descending=True)
    axes.plot(
        [0, 1],
        found["mean"].to_list(),
        color=COLOURS[0],
        linewidth=1.8,
        marker="o",
        markersize=MARK,
        zorder=3,
    )
    for place, low, high in zip((0, 1), found["low"], found["high"], strict=True):
        if low is not None:
            axes.plot([place, place], [low, high], color=COLOURS[0], linewidth=LINE, zorder=3)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.set_xlim(-0.3, 1.3)
    axes.set_ylim(0.8, 7.2)
    axes.set_ylabel("willingness (1–7)")
    axes.grid(visible=False, axis="x")


def _accuracies(axes: Axes, found: pl.DataFrame) -> None:
    slots = found.select("state", "part").unique().sort(["state", "part"], descending=[True, False]).rows()
    for number, (moment, label) in enumerate(MOMENTS.items()):
        own = found.filter(pl.col("moment") == moment)
        rows = [slots.index(slot) + (number - 1) * APART for slot in own.select("state", "part").iter_rows()]
        if rows:
            dots(axes, own, rows, number=number, label=label)
    name_rows(axes, [" ".join(slot) for slot in slots])
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("right guesses (share)")
