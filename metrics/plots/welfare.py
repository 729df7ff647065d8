"""Welfare drawn: each answer by what it is worth to the user and to the assistant."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.families.pareto import Point, front
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.means import counted
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, INK, LINE, MARKERS, SINGLE, SMALL, figure


@plot("welfare.agent welfare.user welfare.llm")
def welfare_plane(tables: Tables) -> Figure:
    """Answers by their worth (0–1) to the user and to the LLM, an agent a colour, with the joint front.

    The front is that of all answers drawn; what lies below and left of it is no better than some
    answer in either reward.

    Raises:
        Unmeasurable: of no answer the worth is known.
    """
    rows = some(tables["welfare"].drop_nulls(["user", "llm"]), "of no answer the worth is known")
    episodes = counted(rows["episode"].n_unique(), "episode")
    drawn = figure(
        SINGLE, 2.9, subtitle=f"{counted(len(rows), 'answer')} of {episodes}; line: front of all of them"
    )
    (axes,) = drawn.axes
    for number, agent in enumerate(rows["agent"].unique(maintain_order=True)):
        own = rows.filter(pl.col("agent") == agent)
        axes.scatter(
            own["user"].to_list(),
            own["llm"].to_list(),
            s=16,
            marker=MARKERS[number % len(MARKERS)],
            facecolor="none",
            edgecolor=COLOURS[number % len(COLOURS)],
            linewidth=0.9,
            label=agent,
            zorder=3,
        )
    _front(axes, list(rows.select("user", "llm").iter_rows()))
    axes.set_xlabel("worth to the user (0–1)")
    axes.set_ylabel("worth to the LLM (0–1)")
    drawn.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return drawn


def _front(axes: Axes, points: list[Point]) -> None:
    """The edge of the area under the front, from the left to the bottom of the axes."""
    low_x, low_y = axes.get_xlim()[0], axes.get_ylim()[0]
    best = front(points)[::-1]
    corners = [(low_x, best[0][1]), *best, (best[-1][0], low_y)]
    axes.plot(
        [x for x, _ in corners],
        [y for _, y in corners],
        drawstyle="steps-pre",
        color=INK,
        linewidth=LINE,
        linestyle="--",
        label="joint front",
        zorder=2,
    )
    axes.set_xlim(left=low_x)
    axes.set_ylim(bottom=low_y)
