"""A rehearsal drawn: what became of the actions, and which answer the judges prefer."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from palaestra.metrics.families.rehearsal import COMPARED, preferred
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import curve, dots, name_rows
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, MUTED, SMALL, figure

TRIED, HAPPENED = "tried", "happened"


@plot(f"{COMPARED} action.round action.happened")
def rehearsals(tables: Tables) -> Figure:
    """Judges' preference for the revised answer, by criterion, and actions tried and let happen, by round.

    Means over episodes. A preference of 0.5 (dotted) favours neither answer.

    Raises:
        Unmeasurable: no judge was understood in both orders, or nobody acted.
    """
    rows = preferred(tables["rehearsed_answer"], tables["preference"])
    judged = means(some(rows, "no judge was understood in both orders"), ["criterion"], bounds=(0, 1))
    acted = means(some(_counts(tables["action"]), "nobody acted"), ["what", "round"])
    drawn = figure(DOUBLE, 2.0, 1, 2, subtitle=told(judged, "lines and bands"))
    left, right = drawn.axes
    dots(left, judged, range(len(judged)))
    name_rows(left, judged["criterion"].to_list())
    left.axvline(0.5, color=MUTED, linestyle=":", linewidth=0.9, zorder=1)
    left.set_xlim(0, 1)
    left.set_xlabel("preference for the revised answer (probability)")
    _actions(right, acted)
    return drawn


def _counts(action: pl.DataFrame) -> pl.DataFrame:
    """How many actions were tried and happened in each round: `episode`, `round`, `what`, `value`."""
    counts = action.group_by("episode", "round").agg(
        pl.len().cast(pl.Float64).alias(TRIED), pl.col("happened").sum().cast(pl.Float64).alias(HAPPENED)
    )
    return counts.unpivot([TRIED, HAPPENED], index=["episode", "round"], variable_name="what")


def _actions(axes: Axes, found: pl.DataFrame) -> None:
    for number, what in enumerate((TRIED, HAPPENED)):
        curve(axes, found.filter(pl.col("what") == what), "round", what, number, hatched=True)
    axes.set_xlabel("round (0: the opening step)")
    axes.set_ylabel("actions in a round")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=SMALL, frameon=False)
