"""Opinions drawn: where every agent started and ended, and who drew whom."""

from __future__ import annotations

from math import sqrt
from textwrap import fill

import networkx as nx
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from palaestra.metrics.families.influence import centralities, influence, influence_graph
from palaestra.metrics.families.opinions import NEEDS, WIDEST, changes
from palaestra.metrics.metric import Tables, Unmeasurable
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, HALO, INK, LINE, MUTED, SINGLE, SMALL, TEXT, figure

PANELS = ("stance", "motion", "topic")
MOST_PANELS = 4
MOST_COUNTS = 8
"""Opinions beside which the number of agents is written; with more of them there is no room."""
POINTS = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]


@plot(NEEDS)
def opinions(tables: Tables, *, by: str | None = None) -> Figure:
    """Opinions before and after of all agents, in points of −2.5 (disagree) to 2.5 (agree).

    A grey line is as thick as agents went that way, and numbers at both ends count the agents
    with that opinion. The thick line is the mean of the episodes' means.

    Args:
        tables: with `opinion`; `episodes`, where panels are by its columns.
        by: the column of `opinion` or `episodes` that makes panels; "" for none. By default the
            first of stance, motion and topic that has two to four values.

    Raises:
        Unmeasurable: nobody told both opinions, or there is no column `by`.
    """
    rows = some(_with_panels(tables, by), "no agent told its opinion both before and after")
    names = rows["panel"].unique(maintain_order=True).to_list()
    ends = rows.unpivot(
        ["before", "after"], index=["episode", "panel"], variable_name="moment", value_name="value"
    )
    found = means(ends, ["panel", "moment"], bounds=(-WIDEST, WIDEST))
    size = SINGLE if len(names) == 1 else DOUBLE
    titles = [_title(str(name), int((rows["panel"] == name).sum())) for name in names]
    height = 2.3 + 0.12 * max(title.count("\n") for title in titles)
    drawn = figure(
        size, height, 1, len(names), subtitle=f"dots: {told(found, 'bars')}; grey: agents, by number"
    )
    for axes, name, title in zip(drawn.axes, names, titles, strict=True):
        own = rows.filter(pl.col("panel") == name)
        _paths(axes, own)
        _mean_path(axes, found.filter(pl.col("panel") == name))
        axes.set_title(title, fontsize=TEXT, loc="left", color=INK)
    drawn.axes[0].set_ylabel("opinion (points)\n−2.5 disagree … 2.5 agree")
    return drawn


def _with_panels(tables: Tables, by: str | None) -> pl.DataFrame:
    """Who thought what before and after: `changes` with the column `panel`, "" without panels."""
    opinion = tables["opinion"]
    rows = changes(opinion)
    for source, key in ((opinion, ["episode", "agent"]), (tables.get("episodes"), ["episode"])):
        if source is not None:
            names = [name for name in PANELS if by is None] + [by for _ in [by] if by]
            own = [name for name in names if name in source.columns and name not in rows.columns]
            rows = rows.join(source.select(*key, *own).unique(key), on=key, how="left", maintain_order="left")
    if by and by not in rows.columns:
        raise Unmeasurable(f"opinions can't be drawn by {by!r}: no such column in 'opinion' or 'episodes'")
    few = [name for name in PANELS if name in rows.columns and 2 <= rows[name].n_unique() <= MOST_PANELS]
    chosen = few[0] if by is None and few else by
    panel = pl.col(chosen).cast(pl.String).fill_null("none") if chosen else pl.lit("")
    return rows.with_columns(panel.alias("panel"))


def _title(name: str, agents: int) -> str:
    told = counted(agents, "opinion")
    return f"{fill(name, 32)}\n({told})" if name else told


def _paths(axes: Axes, rows: pl.DataFrame) -> None:
    ways = rows.group_by("before", "after").agg(pl.len().alias("agents")).sort("before", "after")
    most = max(ways["agents"].to_list())
    for before, after, agents in ways.iter_rows():
        width = agents * min(1.0, 4 / most)
        axes.plot([0, 1], [before, after], color="#9A9A9A", alpha=0.55, linewidth=width, zorder=2)
    for x, moment, side in ((-0.04, "before", "right"), (1.04, "after", "left")):
        counts = rows.group_by(moment).agg(pl.len()).sort(moment)
        if len(counts) <= MOST_COUNTS:
            for value, agents in counts.iter_rows():
                axes.text(x, value, str(agents), fontsize=SMALL, color=MUTED, ha=side, va="center")
    axes.set_xlim(-0.25, 1.25)
    axes.set_ylim(-WIDEST - 0.3, WIDEST + 0.3)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.set_yticks(POINTS)
    axes.grid(visible=False, axis="x")


def _mean_path(axes: Axes, found: pl.DataFrame) -> None:
    both = pl.concat([found.filter(pl.col("moment") == moment) for moment in ("before", "after")])
    axes.plot(
        [0, 1],
        both["mean"].to_list(),
        color=COLOURS[2],
        linewidth=2.2,
        marker="o",
        markersize=4.5,
        label="mean",
        zorder=4,
    )
    for x, row in zip((0, 1), both.iter_rows(named=True), strict=True):
        if row["low"] is not None:
            ends = [row["low"], row["high"]]
            axes.plot([x, x], ends, color=COLOURS[2], linewidth=LINE, marker="_", markersize=6, zorder=4)


@plot(NEEDS)
def influence_network(tables: Tables) -> Figure:
    """Who drew whom: an arrow from each agent to those whose opinions moved towards its own.

    Agents stand in a circle, by name. An arrow is as wide as its weight (share of the gap that it
    closed, see
    `palaestra.metrics.families.influence`); a circle's area grows with the weights that leave it. Agents
    are known by name over all episodes.

    Raises:
        Unmeasurable: nobody moved towards anybody, or the episodes can't tell.
    """
    edges = influence(tables["opinion"])
    graph = influence_graph(edges)
    known = some(edges.drop_nulls("weight"), "the episodes are too few or too alike to tell who drew whom")
    some(known.filter(pl.col("weight") > 0), "no agent's opinion moved towards another's")
    weights: dict[tuple[str, str], float] = nx.get_edge_attributes(graph, "weight")
    places = {agent: (float(x), float(y)) for agent, (x, y) in nx.circular_layout(graph).items()}
    strength = dict(centralities(graph).select("agent", "out_strength").iter_rows())
    widest, strongest = max(weights.values()), max(strength.values())
    episodes = counted(tables["opinion"]["episode"].n_unique(), "episode")
    drawn = figure(
        SINGLE,
        3.0,
        subtitle=f"{episodes}; widest arrow: {widest:.2f} of the gap closed; largest circle: out-strength "
        f"{strongest:.2f}; weights that are unknown or below 0 aren't drawn",
    )
    (axes,) = drawn.axes
    areas = {agent: 150 + 400 * strength[agent] / strongest for agent in graph}
    for (source, target), weight in sorted(weights.items(), key=lambda edge: edge[1]):
        axes.add_patch(
            FancyArrowPatch(
                places[source],
                places[target],
                connectionstyle="arc3,rad=0.12",
                arrowstyle="-|>",
                mutation_scale=5 + 4 * weight / widest,
                linewidth=0.3 + 2.7 * weight / widest,
                color=COLOURS[0],
                alpha=0.25 + 0.6 * weight / widest,
                shrinkA=sqrt(areas[source]) / 2,
                shrinkB=sqrt(areas[target]) / 2 + 1,
            )
        )
    for agent, (x, y) in places.items():
        axes.scatter(x, y, s=areas[agent], facecolor="#F3E3B8", edgecolor=INK, linewidth=0.6, zorder=3)
        axes.annotate(
            agent,
            (x, y),
            fontsize=SMALL,
            color=INK,
            ha="center",
            va="center",
            zorder=4,
            path_effects=HALO,
        )
    axes.margins(0.12)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return drawn
