"""Personas drawn: how much of them is kept, round by round."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.families.personas import KEPT, again
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import curve
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import MUTED, SINGLE, SMALL, figure


@plot(f"{KEPT} answered.answer answered.options")
def personas(tables: Tables) -> Figure:
    """Shares of answers that are what the persona says, and what was said first, over rounds of talk.

    The grey line is what guessing makes right.

    Raises:
        Unmeasurable: no answer could be parsed.
    """
    answered = some(tables["answered"].drop_nulls("correct"), "no answer could be parsed")
    kept = means(answered.select("episode", "round", value=pl.col("correct")), ["round"], bounds=(0.0, 1.0))
    same = again(answered).select("episode", "round", value=pl.col("first") == pl.col("again"))
    drawn = figure(SINGLE, 2.2, subtitle=told(kept, "bands"))
    (axes,) = drawn.axes
    curve(axes, kept, "round", "as the persona says", 0, hatched=True)
    if len(same):
        curve(axes, means(same, ["round"], bounds=(0.0, 1.0)), "round", "as said first", 1, hatched=True)
    guess = answered.select((1 / pl.col("options")).mean()).item()
    axes.axhline(guess, color=MUTED, linewidth=0.8, linestyle=":", label="guessing")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(sorted(answered["round"].unique().to_list()))
    axes.set_xlabel("rounds of talk before the questions")
    axes.set_ylabel("share of answers")
    drawn.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return drawn
