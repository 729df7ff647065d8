"""How private opinions move: shift, convergence, polarisation, and what goes with who moves.

Opinions are points of the DEBATE scale, −2.5 (certainly disagree) … 2.5 (certainly agree), told
before and after the talk. Source of the definitions, unless said otherwise: the DEBATE benchmark
of opinion dynamics (group metrics: change of mean and SD; individual metrics: correlation of
change with the initial opinion, and with the signed and absolute gap to the first partner).
"""

from __future__ import annotations

from math import sqrt
from textwrap import fill

import networkx as nx
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.influence import HEARD, centralities, heard, influence, influence_graph
from palaestra.metrics.metric import (
    CORRELATION,
    RATIO,
    ROUNDING,
    Statistic,
    Tables,
    Unmeasurable,
    lacking,
    metric,
)
from palaestra.metrics.opinion_changes import OPINION, changes, initial
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, HALO, INK, LINE, MUTED, SINGLE, SMALL, TEXT, figure

# Metrics

DEBATE = "DEBATE benchmark, group and individual metrics"
WIDEST = 2.5
"""The largest absolute opinion."""


def spread(opinion: pl.DataFrame) -> pl.DataFrame:
    """The groups' mean and standard deviation (population) before and after.

    Returns:
        `episode`, `mean_before`, `mean_after`, `sd_before`, `sd_after` (points), of the episodes
        in which at least two agents told both opinions.
    """
    return (
        changes(opinion)
        .group_by("episode", maintain_order=True)
        .agg(
            *(pl.col(moment).mean().alias(f"mean_{moment}") for moment in ("before", "after")),
            *(pl.col(moment).std(ddof=0).alias(f"sd_{moment}") for moment in ("before", "after")),
            pl.len().alias("agents"),
        )
        .filter(pl.col("agents") > 1)
        .drop("agents")
    )


@metric(OPINION, unit="points", low=-2 * WIDEST, high=2 * WIDEST, source=DEBATE, null=0)
def opinion_shift(opinion: pl.DataFrame) -> pl.DataFrame:
    """Mean change of opinion: after − before, over the agents of an episode."""
    return changes(opinion).select("episode", value="change")


@metric(OPINION, unit="points", low=0, high=2 * WIDEST)
def opinion_mobility(opinion: pl.DataFrame) -> pl.DataFrame:
    """Mean absolute change of opinion: |after − before|, over the agents of an episode."""
    return changes(opinion).select("episode", value=pl.col("change").abs())


@metric(OPINION, unit="points", low=-WIDEST, high=WIDEST, source=DEBATE, null=0)
def convergence(opinion: pl.DataFrame) -> pl.DataFrame:
    """How much closer opinions get: SD before − SD after; negative where the group drifts apart."""
    return spread(opinion).select("episode", value=pl.col("sd_before") - pl.col("sd_after"))


@metric(OPINION, unit="share", low=-1, high=1, null=0)
def polarisation(opinion: pl.DataFrame) -> pl.DataFrame:
    """Change of the variance as a share of its largest: (Var after − Var before) / 2.5².

    The largest variance is that of a group with one half at each end of the scale.
    """
    grown = pl.col("sd_after") ** 2 - pl.col("sd_before") ** 2
    return spread(opinion).select("episode", value=grown / WIDEST**2)


@metric(OPINION, unit="r", low=-1, high=1, statistic=CORRELATION, source=DEBATE)
def regression_to_mean(opinion: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of an agent's change with its own initial opinion; negative: extremes come back."""
    return changes(opinion).select("episode", x="before", y="change")


@metric(
    OPINION + " pairing.round pairing.first pairing.second",
    unit="r",
    low=-1,
    high=1,
    statistic=CORRELATION,
    source=DEBATE,
)
def partner_influence(opinion: pl.DataFrame, pairing: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of change with the gap to the first partner (partner's − own initial opinion).

    In a group that regresses to its own mean it is positive even where nobody listens: the gap holds
    the own opinion too. Read it beside `regression_to_mean`, or against a run of other partners.
    """
    return _partner_gaps(opinion, pairing).select("episode", x="gap", y="change")


@metric(
    OPINION + " pairing.round pairing.first pairing.second",
    unit="r",
    low=-1,
    high=1,
    statistic=CORRELATION,
    source=DEBATE,
)
def partner_distance(opinion: pl.DataFrame, pairing: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of change with the absolute gap to the first partner: a control of `partner_influence`."""
    return _partner_gaps(opinion, pairing).select("episode", x=pl.col("gap").abs(), y="change")


@metric(
    OPINION, unit="share of the gap", statistic=RATIO, source="DeGroot, JASA 69 (1974): averaging opinions"
)
def group_pull(opinion: pl.DataFrame) -> pl.DataFrame:
    """How far agents move towards the others: Σ change·gap / Σ gap², gap = others' mean − own, before.

    The slope through the origin of change on gap: 0 nobody is drawn, 1 everybody takes over the
    others' mean. Agents without a gap don't count. In a group that also regresses to its own mean
    the two can't be told apart.
    """
    return _group_gaps(opinion).select(
        "episode", part=pl.col("change") * pl.col("gap"), whole=pl.col("gap") ** 2
    )


def _partial(parts: Numbers) -> Numbers:
    """The slope of change on the gap at equal initial opinions, from sums of products."""
    n, gap, before, change, gg, gb, bb, gc, bc = np.moveaxis(parts, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gg, gb, bb = gg - gap * gap / n, gb - gap * before / n, bb - before * before / n
        gc, bc = gc - gap * change / n, bc - before * change / n
        apart = gg * bb - gb * gb
        return np.where(apart > ROUNDING * gg * bb, (gc * bb - bc * gb) / apart, np.nan)


EXCESS_PULL = Statistic(
    ("gap", "before", "change"),
    {
        "n": pl.len(),
        **{name: pl.col(name).sum() for name in ("gap", "before", "change")},
        **{
            f"{one} {other}": (pl.col(one) * pl.col(other)).sum()
            for one, other in (
                ("gap", "gap"),
                ("gap", "before"),
                ("before", "before"),
                ("gap", "change"),
                ("before", "change"),
            )
        },
    },
    _partial,
    smooth=True,
)


@metric(OPINION, unit="share of the gap", statistic=EXCESS_PULL, null=0)
def group_pull_excess(opinion: pl.DataFrame) -> pl.DataFrame:
    """How much further agents move by a point more of the others' mean, at equal own opinions before.

    The slope of change on gap in a regression on gap and initial opinion. Agents who never hear the
    others, or answer at random, come back from extremes as far, so their excess is 0; it takes groups
    whose means differ.
    """
    own = initial(opinion).select("episode", "agent", "before")
    gaps = _group_gaps(opinion).select("episode", "agent", "gap", "change")
    return gaps.join(own, on=["episode", "agent"], maintain_order="left").select(
        "episode", "gap", "before", "change"
    )


def _group_gaps(opinion: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("before")
    others = (before.sum().over("episode") - before) / (pl.len().over("episode") - 1)
    gaps = (
        initial(opinion)
        .filter(pl.len().over("episode") > 1)
        .select("episode", "agent", gap=others - before)
        .filter(pl.col("gap") != 0)
    )
    return gaps.join(changes(opinion), on=["episode", "agent"], maintain_order="left")


def _partner_gaps(opinion: pl.DataFrame, pairing: pl.DataFrame) -> pl.DataFrame:
    first = pairing.filter(pl.col("round") == pl.col("round").min().over("episode"))
    met = pl.concat(
        first.select("episode", agent=one, partner=other)
        for one, other in (("first", "second"), ("second", "first"))
    )
    partners = initial(opinion).select("episode", partner="agent", partner_before="before")
    return (
        changes(opinion)
        .join(met, on=["episode", "agent"], maintain_order="left")
        .join(partners, on=["episode", "partner"], maintain_order="left")
        .with_columns((pl.col("partner_before") - pl.col("before")).alias("gap"))
    )


# Figures

MOMENTS = ("before", "after")
PANELS = ("stance", "motion", "topic")
MOST_PANELS = 4
MOST_COUNTS = 8
"""Opinions beside which the number of agents is written; with more of them there is no room."""
POINTS = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]


@plot(OPINION)
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
    ends = rows.unpivot(MOMENTS, index=["episode", "panel"], variable_name="moment", value_name="value")
    found = means(ends, ["panel", "moment"], support=(-WIDEST, WIDEST))
    size = SINGLE if len(names) == 1 else DOUBLE
    titles = [_title(str(name), int((rows["panel"] == name).sum())) for name in names]
    height = 2.3 + 0.12 * max(title.count("\n") for title in titles)
    subtitle = f"dots: {told(found, 'bars')}; grey: agents, by number"
    if any(
        rows.filter(pl.col("panel") == name)[moment].n_unique() > MOST_COUNTS
        for name in names
        for moment in MOMENTS
    ):
        subtitle += f", which isn't written where there are more than {MOST_COUNTS} opinions"
    drawn = figure(size, height, 1, len(names), subtitle=subtitle)
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
    both = pl.concat([found.filter(pl.col("moment") == moment) for moment in MOMENTS])
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


def _who_heard_whom(tables: Tables) -> pl.DataFrame | None:
    return None if lacking(HEARD, tables) else heard(tables["calls"], tables["messages"])


@plot(OPINION)
def influence_network(tables: Tables) -> Figure:
    """Who drew whom: an arrow from each agent to those whose opinions moved towards its own.

    Agents stand in a circle, by name. An arrow is as wide as its weight (share of the gap that it
    closed, see
    `palaestra.metrics.influence`), and there is none between agents who never read each other's words,
    where the tables tell; a circle's area grows with the weights that leave it. Agents
    are known by name over all episodes.

    Raises:
        Unmeasurable: nobody moved towards anybody, or the episodes can't tell.
    """
    edges = influence(tables["opinion"], _who_heard_whom(tables))
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
