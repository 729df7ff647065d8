"""Games of hidden roles drawn: who trusts whom from round to round, and who is still alive."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from palaestra.metrics.families.deduction import ROLE, trust_matrix
from palaestra.metrics.families.deduction import survival as survivors
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import curve, heat, scale
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, INK, SINGLE, SMALL, TEXT, figure

IN_A_ROW = 4


@plot(f"belief.round belief.moment belief.agent belief.about belief.trust role.event role.team {ROLE}")
def trust(tables: Tables, *, episode: int | None = None, moment: str = "after") -> Figure:
    """Trust of each agent (row) in each other (column), 0–1: a heat map for each round.

    The minority come first, in bold. Where roles differ between episodes, agents stand under
    their team and their place in it, so that a cell is about one role in all episodes.

    Args:
        tables: with `belief` and `role`.
        episode: of which game; the mean of all by default.
        moment: "before" or "after" the talk of a round.

    Raises:
        Unmeasurable: nobody told trust at this moment.
    """
    belief, role = tables["belief"], tables["role"]
    if episode is not None:
        belief, role = (table.filter(pl.col("episode") == episode) for table in (belief, role))
    here = "" if episode is None else f" in episode {episode}"
    belief = some(
        belief.filter(pl.col("moment") == moment).drop_nulls("trust"),
        f"nobody told its trust {moment} the talk{here}",
    )
    seats, dealt = _seats(role)
    for who in ("agent", "about"):
        named = seats.select("episode", pl.col("player").alias(who), "seat")
        belief = belief.join(named, on=["episode", who]).drop(who).rename({"seat": who})
    order = seats.unique("seat", keep="first", maintain_order=True)
    order = order.sort("minority", "place", "seat", descending=[True, False, False])
    games = dict(belief.group_by("round").agg(pl.col("episode").n_unique()).sort("round").iter_rows())
    columns = min(IN_A_ROW, len(games))
    rows = -(-len(games) // columns)
    longest = max(map(len, order["seat"].to_list()))
    minority = ", ".join(seats.filter("minority")["team"].unique().sort()) or "nobody"
    drawn = figure(
        SINGLE if len(games) == 1 else DOUBLE,
        rows * (min(1.9, 5.5 / columns) + 0.6 + 0.06 * longest),
        rows,
        columns,
        subtitle=(here.removeprefix(" in ") or counted(belief["episode"].n_unique(), "episode"))
        + f", {moment} the talk; bold: {minority}; hatched: no answer"
        + ("; agents by team, since roles were dealt anew" if dealt else ""),
    )
    for surplus in drawn.axes[len(games) :]:
        surplus.remove()
    for place, (axes, (number, of)) in enumerate(zip(drawn.axes, games.items(), strict=True)):
        image = _matrix(axes, trust_matrix(belief, number, moment), order, names=place % columns == 0)
        title = f"round {number}" + ("" if here else f" ({counted(of, 'game')})")
        axes.set_title(title, fontsize=TEXT, loc="left", color=INK)
        axes.set_xlabel("trusted")
    drawn.axes[0].set_ylabel("trusting")
    scale(drawn, image, "trust (0–1)" if here else "mean trust (0–1)")
    return drawn


def _seats(role: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """`role` with `seat` (a name of one team in all episodes) and `place`; whether roles were dealt."""
    ordered = role.sort("episode", "event")
    dealt = bool((ordered.group_by("player").agg(pl.col("minority").n_unique())["minority"] > 1).any())
    place = pl.int_range(pl.len()).over("episode", "minority")
    seat = pl.format("{} {}", "team", place + 1) if dealt else pl.col("player")
    return ordered.with_columns(place.alias("place"), seat.alias("seat")), dealt


def _matrix(axes: Axes, cells: pl.DataFrame, order: pl.DataFrame, *, names: bool) -> AxesImage:
    image = heat(axes, cells, order["seat"].to_list())
    if not names:
        axes.set_yticklabels([""] * len(order))
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label, minority in zip(labels, order["minority"], strict=True):
            label.set_fontweight("bold" if minority else "normal")
    edge = sum(order["minority"].to_list()) - 0.5
    if 0 < edge < len(order) - 1:
        axes.axhline(edge, color="white", linewidth=1.5)
        axes.axvline(edge, color="white", linewidth=1.5)
    return image


@plot(f"{ROLE} role.team elimination.player elimination.round episodes.ended episodes.rounds")
def survival(tables: Tables) -> Figure:
    """Share of each team alive (0–1) after each round, round 0 being the start: means over games.

    A game that has ended keeps its survivors in the rounds after, so that every mean is of all games.

    Raises:
        Unmeasurable: no game has ended.
    """
    role = tables["role"]
    found = some(survivors(role, tables["elimination"], tables["episodes"]), "no game has ended")
    last = max(found["round"].to_list())
    grid = (
        found.select("episode", "minority")
        .unique()
        .join(pl.DataFrame({"round": range(last + 1)}), how="cross")
    )
    filled = (
        grid.join(found, on=["episode", "minority", "round"], how="left")
        .sort("episode", "minority", "round")
        .with_columns(pl.col("alive").forward_fill().over("episode", "minority").alias("value"))
    )
    curves = means(filled, ["minority", "round"], bounds=(0, 1))
    drawn = figure(SINGLE, 2.1, subtitle=f"{told(curves, 'bands')}; ended games keep their survivors")
    (axes,) = drawn.axes
    for number, is_minority in enumerate((True, False)):
        teams = role.filter(pl.col("minority") == is_minority)["team"].unique().sort().to_list()
        own = curves.filter(pl.col("minority") == is_minority)
        name = f"{' / '.join(teams)} ({'minority' if is_minority else 'majority'})"
        curve(axes, own, "round", name, number, hatched=True)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("round")
    axes.set_ylabel("alive (share of the team, 0–1)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=SMALL, frameon=False)
    return drawn
