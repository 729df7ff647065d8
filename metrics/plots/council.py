"""Councils drawn: the citizens' welfare and whom acts serve, session by session."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import curve
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, SMALL, figure

LABELS = {"power": "power-preserving", "welfare": "serving welfare"}


@plot("welfare.session welfare.group welfare.welfare label.session label.power label.welfare")
def council_sessions(tables: Tables) -> Figure:
    """Welfare of each group of citizens (0–100), and how far acts preserve power or serve welfare (0–1).

    Both by session; acts are labelled blind, and where the labeller's probabilities are known, they count.

    Raises:
        Unmeasurable: no act has a label.
    """
    labels = some(tables["label"].drop_nulls(["power", "welfare"]), "no act has a label")
    columns = ["episode", "session", *LABELS]
    acts = labels.select(columns).unpivot(list(LABELS), index=columns[:2], variable_name="label")
    welfare = means(tables["welfare"].rename({"welfare": "value"}), ["group", "session"], bounds=(0, 100))
    shares = means(acts, ["label", "session"], bounds=(0, 1))
    drawn = figure(DOUBLE, 2.3, 1, 2, subtitle=told(welfare, "bands"))
    left, right = drawn.axes
    for number, group in enumerate(tables["welfare"]["group"].unique(maintain_order=True)):
        curve(left, welfare.filter(pl.col("group") == group), "session", group, number, hatched=False)
    for number, (label, name) in enumerate(LABELS.items()):
        curve(right, shares.filter(pl.col("label") == label), "session", name, number, hatched=True)
    left.set_ylabel("welfare (points, 0–100)")
    right.set_ylabel("label of acts (mean, 0–1)")
    right.set_ylim(-0.03, 1.03)
    for axes in drawn.axes:
        axes.set_xlabel("session")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=SMALL, frameon=False)
    return drawn
