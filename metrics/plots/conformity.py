"""Conformity drawn: how often answers are corrected and corrupted, with and without pressure."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics import comparison
from palaestra.metrics.catalogue import families
from palaestra.metrics.families.conformity import ANSWER
from palaestra.metrics.families.opinions import NEEDS
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.levels import intervals, why
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import SINGLE, figure

RATES = {
    "initial_accuracy": "right at first",
    "team_accuracy": "team right at last",
    "exact_solve": "whole puzzle right",
    "correction": "wrong → right (correction)",
    "correction_under_pressure": "… against a wrong majority",
    "corruption": "right → wrong (corruption)",
    "corruption_under_pressure": "… under a wrong majority",
    "overturn": "wrong majority overturned",
    "conformity": "gave in to the majority",
}
"""What a metric is called in the figure, from top to bottom."""


@plot(ANSWER, NEEDS)
def conformity(tables: Tables) -> Figure:
    """Shares (0–1) of answers that are right, corrected and corrupted, or of agents who gave in.

    Raises:
        Unmeasurable: there was no occasion for any of them.
    """
    known = [metric for metric in families()["conformity"] if not metric.lacks(tables)]
    return rates(comparison.levels(known, tables))


def rates(levels: pl.DataFrame) -> Figure:
    """The rates of conformity as dots with their 95 % intervals.

    Args:
        levels: what `palaestra.metrics.comparison.levels` gives; metrics of other families are left out.

    Raises:
        Unmeasurable: none of the rates has a value.
    """
    order = pl.DataFrame({"metric": list(RATES), "name": list(RATES.values())})
    asked = order.join(levels, on="metric", maintain_order="left")
    rows = some(asked.drop_nulls("value"), why(asked))
    missing = asked.filter(pl.col("value").is_null())["name"].to_list()
    note = f"{counted(max(rows['episodes'].to_list()), 'episode')}; {intervals(rows)}" + (
        f"; no occasion for: {', '.join(missing)}" if missing else ""
    )
    drawn = figure(SINGLE, 0.45 + 0.19 * len(rows), subtitle=note)
    (axes,) = drawn.axes
    dots(axes, rows.with_columns(mean="value"), range(len(rows)))
    name_rows(axes, rows["name"].to_list())
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("share (0–1)")
    return drawn
