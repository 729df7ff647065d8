"""What deals are worth: to each, to all, to the worst off, and against the best there was.

Rules compute utilities when an episode ends; here they become metrics. Two parties bargain in a
`negotiation` (table `utility` with `surplus`); stakeholders share a package in a
`package_bargaining` (outcome fields `total`, `minimum`, `gini`, `satisfaction`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.metric import Tables, metric
from palaestra.metrics.plots.means import counted
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, HALO, INK, MUTED, SINGLE, SMALL, figure

# Metrics

NEGOTIATIVE = "Negotiative Alignment, abstract"
BARGAINING = "Nash, The Bargaining Problem, Econometrica 18 (1950)"


def _outcome(episodes: pl.DataFrame, field: str) -> pl.DataFrame:
    return episodes.select("episode", value=_number(field))


def _number(field: str) -> pl.Expr:
    """An outcome's field; where no episode has it, its column has no type, and nothing can be reckoned."""
    return pl.col(field).cast(pl.Float64)


@metric("episodes.deal", unit="share", low=0, high=1)
def deal_rate(episodes: pl.DataFrame) -> pl.DataFrame:
    """Share of negotiations that end in a deal."""
    return _outcome(episodes, "deal")


@metric("episodes.surplus", unit="utility")
def joint_surplus(episodes: pl.DataFrame) -> pl.DataFrame:
    """What both parties gain over no deal, together; 0 without a deal."""
    return _outcome(episodes, "surplus")


@metric("utility.surplus", unit="utility")
def worst_surplus(utility: pl.DataFrame) -> pl.DataFrame:
    """What the party gains that gains least; 0 without a deal."""
    return utility.group_by("episode", maintain_order=True).agg(pl.col("surplus").min().alias("value"))


@metric("episodes.nash_product", unit="utility²", low=0, source=BARGAINING)
def nash_product(episodes: pl.DataFrame) -> pl.DataFrame:
    """Product of the parties' gains over no deal; 0 where one of them loses, or without a deal."""
    return _outcome(episodes, "nash_product")


@metric("episodes.efficiency", unit="share of the bargaining zone")
def efficiency(episodes: pl.DataFrame) -> pl.DataFrame:
    """Joint surplus of a deal over the largest of terms that both accept; above 1 only where one loses.

    Deals without a bargaining zone don't count.
    """
    return _outcome(episodes, "efficiency")


@metric("episodes.pareto", unit="share", low=0, high=1)
def pareto_efficiency(episodes: pl.DataFrame) -> pl.DataFrame:
    """Share of deals that no other terms make better for one party and worse for none."""
    return _outcome(episodes, "pareto")


@metric("episodes.share_first episodes.share_second", unit="share of the bargaining zone", low=0)
def split_imbalance(episodes: pl.DataFrame) -> pl.DataFrame:
    """How unequally a deal splits the zone: |first's share − second's share|."""
    shares = (_number("share_first") - _number("share_second")).abs()
    return episodes.select("episode", value=shares)


@metric(
    "response.move response.irrational offer.valid offer.irrational",
    unit="share",
    low=0,
    high=1,
)
def irrationality(response: pl.DataFrame, offer: pl.DataFrame) -> pl.DataFrame:
    """Share of moves that offer or accept less than no deal is worth to the one who moves.

    A move is a valid offer, an acceptance or a walk-away.
    """
    answers = response.filter(pl.col("move") != "propose")
    moves = [
        table.select("episode", value=pl.col("irrational").cast(pl.Float64))
        for table in (answers, offer.filter("valid"))
    ]
    return pl.concat(moves)


@metric("episodes.total", unit="utility", low=0, source=NEGOTIATIVE)
def total_utility(episodes: pl.DataFrame) -> pl.DataFrame:
    """U = Σ u_g of the package; episodes without a package don't count."""
    return _outcome(episodes, "total")


@metric("episodes.minimum", unit="utility", low=0, source=NEGOTIATIVE)
def worst_off(episodes: pl.DataFrame) -> pl.DataFrame:
    """min u_g: the utility of the stakeholder who gets least of the package."""
    return _outcome(episodes, "minimum")


@metric("episodes.satisfaction", unit="share", low=0, high=1, source=NEGOTIATIVE)
def satisfaction_p20(episodes: pl.DataFrame) -> pl.DataFrame:
    """20th percentile of the stakeholders' satisfaction: u_g min–max normalised over affordable packages."""
    return _outcome(episodes, "satisfaction")


@metric("episodes.gini", unit="index", low=0, high=1, source=NEGOTIATIVE)
def gini(episodes: pl.DataFrame) -> pl.DataFrame:
    """Gini index of the u_g: Σ_i Σ_j |u_i − u_j| / (2 n² ū); 0 all get the same."""
    return _outcome(episodes, "gini")


@metric("episodes.total episodes.best_total", unit="utility", low=0)
def regret(episodes: pl.DataFrame) -> pl.DataFrame:
    """What the package's total utility lacks to that of the best affordable package."""
    lacking = _number("best_total") - _number("total")
    return episodes.select("episode", value=lacking)


@metric("acceptance.accepted", unit="share", low=0, high=1)
def acceptance_rate(acceptance: pl.DataFrame) -> pl.DataFrame:
    """Share of responses to packages that accept; unparsed ones don't."""
    return acceptance.select("episode", value=pl.col("accepted").fill_null(value=False).cast(pl.Float64))


# Figures

SIDES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Look:
    """How outcomes of one kind are drawn."""

    marker: str
    face: str
    edge: str


DEALS = {
    "Pareto-efficient deal": Look("o", COLOURS[0], COLOURS[0]),
    "inefficient deal": Look("o", "none", COLOURS[2]),
    "deal": Look("o", COLOURS[4], COLOURS[0]),
    "no deal": Look("X", COLOURS[3], COLOURS[3]),
}
PACKAGES = {
    "earlier package": Look("o", "none", COLOURS[7]),
    "last package": Look("o", COLOURS[0], COLOURS[0]),
}


@plot(
    "episodes.ended episodes.deal episodes.utility_first episodes.utility_second "
    "utility.event utility.party utility.reservation",
)
def deals(tables: Tables) -> Figure:
    """Utility of a negotiation's outcome to one party against that to the other.

    Dotted lines are what no deal is worth (the reservations). Where the bargaining zone is the same
    in all episodes, a dashed line is where the joint surplus is the largest that both would accept;
    the tables don't hold the other terms there were. Where reservations differ between episodes,
    surpluses over them are drawn instead. An outcome that came about more than once is larger and
    has its number written beside it.

    Raises:
        Unmeasurable: there is no negotiation with the utilities of its parties.
    """
    rows, names, reservations, axis = _outcomes(tables)
    drawn = figure(
        SINGLE,
        2.9,
        subtitle=f"{counted(len(rows), 'negotiation')}, {int(rows['deal'].sum())} with a deal; "
        "larger where outcomes coincide",
    )
    (axes,) = drawn.axes
    for kind, look in DEALS.items():
        _bubbles(axes, rows.filter(pl.col("kind") == kind), kind, look)
    axes.axvline(reservations[0], color=MUTED, linestyle=":", linewidth=0.9, label="worth of no deal")
    axes.axhline(reservations[1], color=MUTED, linestyle=":", linewidth=0.9)
    _largest_joint_surplus(axes, rows, reservations)
    axes.set_xlabel(f"{axis} {names[0]}")
    axes.set_ylabel(f"{axis} {names[1]}")
    drawn.legend(loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    return drawn


def _outcomes(tables: Tables) -> tuple[pl.DataFrame, list[str], list[float], str]:
    """`x`, `y`, `deal`, `kind`, `zone` of each outcome; the parties, their reservations, the axes' word."""
    parties = (
        tables["utility"]
        .sort("episode", "event")
        .with_columns(pl.int_range(pl.len()).over("episode").alias("side"))
    )
    rows, names, constant = tables["episodes"], [], True
    for number, side in enumerate(SIDES):
        own = parties.filter(pl.col("side") == number)
        named = own["party"].unique().to_list()
        names.append(named[0] if len(named) == 1 else f"the {side} party")
        constant &= own["reservation"].n_unique() == 1
        rows = rows.join(own.select("episode", pl.col("reservation").alias(f"no_{side}")), on="episode")
    worth = ["deal", "utility_first", "utility_second", "no_first", "no_second"]
    rows = some(rows.drop_nulls(worth), "no negotiation has its parties' utilities")
    pareto = pl.col("pareto") if "pareto" in rows.columns else pl.lit(None, dtype=pl.Boolean)
    zone = pl.col("zone") if "zone" in rows.columns else pl.lit(None)
    kind = (
        pl.when(~pl.col("deal"))
        .then(pl.lit("no deal"))
        .when(pareto.cast(pl.Boolean).is_null())
        .then(pl.lit("deal"))
        .when(pareto.cast(pl.Boolean))
        .then(pl.lit("Pareto-efficient deal"))
        .otherwise(pl.lit("inefficient deal"))
    )
    base = [0.0 if constant else pl.col(f"no_{side}") for side in SIDES]
    told = rows.select(
        (pl.col("utility_first") - base[0]).alias("x"),
        (pl.col("utility_second") - base[1]).alias("y"),
        "deal",
        kind.alias("kind"),
        zone.cast(pl.Float64).alias("zone"),
    )
    reservations = [float(rows[f"no_{side}"][0]) if constant else 0.0 for side in SIDES]
    return told, names, reservations, "utility to" if constant else "surplus over no deal (utility) of"


def _bubbles(axes: Axes, rows: pl.DataFrame, label: str, look: Look) -> None:
    if rows.is_empty():
        return
    places = rows.group_by("x", "y").agg(pl.len().alias("times")).sort("x", "y")
    x, y, times = (places[name].to_list() for name in ("x", "y", "times"))
    areas = [14.0 * n**0.7 for n in times]
    axes.scatter(
        x,
        y,
        s=areas,
        marker=look.marker,
        facecolor=look.face,
        edgecolor=look.edge,
        linewidth=0.8,
        alpha=0.8,
        zorder=3,
        label=label,
    )
    for place, n in zip(zip(x, y, strict=True), times, strict=True):
        if n > 1:
            axes.annotate(
                str(n),
                place,
                (4, 4),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                zorder=6,
                path_effects=HALO,
            )


def _largest_joint_surplus(axes: Axes, rows: pl.DataFrame, reservations: list[float]) -> None:
    zones = rows["zone"].unique().drop_nulls().to_list()
    if len(zones) != 1 or rows["zone"].null_count():
        return
    total = sum(reservations) + zones[0]
    reach = [*rows["x"], *reservations[:1], total - reservations[1]]
    ends = [min(reach), max(reach)]
    axes.plot(
        ends,
        [total - x for x in ends],
        color=COLOURS[5],
        linestyle="--",
        linewidth=0.9,
        label="largest joint surplus",
        zorder=1,
    )


@plot(
    "package_proposed.round package_proposed.total package_proposed.minimum package_proposed.gini "
    "reference.kind reference.name reference.total reference.minimum reference.gini"
)
def packages(tables: Tables) -> Figure:
    """Total utility of packages against the worst-off stakeholder's and against the Gini index (0–1).

    Filled circles are the last packages of the episodes, hollow ones those before them; the star
    is the affordable package of the highest total, squares are the base designs.

    Raises:
        Unmeasurable: the mediator never gave a package.
    """
    rows = some(
        tables["package_proposed"].drop_nulls(["total", "minimum", "gini"]), "the mediator gave no package"
    )
    last = pl.col("round") == pl.col("round").max().over("episode")
    reference = tables["reference"].unique(["kind", "name", "total", "minimum", "gini"]).sort("name", "total")
    drawn = figure(
        DOUBLE,
        2.6,
        1,
        2,
        subtitle=f"{counted(rows['episode'].n_unique(), 'episode')}; larger where packages coincide",
    )
    for axes, measure in zip(drawn.axes, ("minimum", "gini"), strict=True):
        for (kind, look), chosen in zip(PACKAGES.items(), (~last, last), strict=True):
            _bubbles(axes, rows.filter(chosen).select(x="total", y=measure), kind, look)
        _references(axes, reference, measure)
        axes.set_xlabel("total utility (Σ over stakeholders)")
    drawn.axes[0].set_ylabel("utility of the worst-off stakeholder")
    drawn.axes[1].set_ylabel("Gini index of utilities (0 equal … 1)")
    labelled = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(*labelled, loc="outside lower center", ncols=4, fontsize=SMALL, frameon=False)
    return drawn


def _references(axes: Axes, reference: pl.DataFrame, measure: str) -> None:
    best = reference.filter(pl.col("kind") == "best")
    designs = reference.filter(pl.col("kind") != "best")
    for rows, label, marker, colour, size in (
        (designs, "base design", "s", COLOURS[1], 34),
        (best, "highest total", "*", COLOURS[6], 190),
    ):
        if len(rows):
            x, y = np.array(rows["total"]), np.array(rows[measure])
            axes.scatter(
                x,
                y,
                s=size,
                marker=marker,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.6,
                label=label,
                zorder=2,
            )
    for name, x, y in designs.select("name", "total", measure).iter_rows():
        axes.annotate(
            name,
            (x, y),
            (5, -3),
            textcoords="offset points",
            fontsize=SMALL,
            color=INK,
            va="top",
            zorder=6,
            path_effects=HALO,
        )
