"""Tournaments drawn: how ratings move match by match, and who beats whom."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from palaestra.metrics.families.tournament import MATCH, rating_paths, win_matrix
from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import curve, heat, scale
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, LETTERS_AN_INCH, SINGLE, SMALL, figure

KEY = 11
"""Letters' worth of a legend's line and the space around it."""


@plot("rating.event rating.contest rating.fighter rating.rating")
def ratings(tables: Tables) -> Figure:
    """Ratings of all fighters (points) after each match of a tournament: means over episodes.

    A fighter keeps its rating while others meet, and after the last match of a shorter episode.

    Raises:
        Unmeasurable: nobody was rated.
    """
    paths = some(rating_paths(tables["rating"]), "nobody was rated")
    last = max(paths["matches"].to_list())
    steps = pl.DataFrame({"matches": range(last + 1)})
    filled = (
        paths.select("episode", "fighter")
        .unique()
        .join(steps, how="cross")
        .join(paths, on=["episode", "fighter", "matches"], how="left")
        .sort("episode", "fighter", "matches")
        .with_columns(pl.col("rating").forward_fill().over("episode", "fighter").alias("value"))
    )
    curves = means(filled, ["fighter", "matches"])
    final = curves.filter(pl.col("matches") == last).sort("mean", "fighter", descending=[True, False])
    fighters = final["fighter"].to_list()
    columns = max(1, int(SINGLE * LETTERS_AN_INCH) // (max(map(len, fighters)) + KEY))
    rows = -(-len(fighters) // columns)
    drawn = figure(SINGLE, 2.1 + 0.15 * rows, subtitle=told(curves, "bands"))
    (axes,) = drawn.axes
    for number, fighter in enumerate(fighters):
        own = curves.filter(pl.col("fighter") == fighter)
        curve(axes, own, "matches", fighter, number, hatched=False)
    axes.set_xlabel("matches played in the tournament")
    axes.set_ylabel("rating (points)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    drawn.legend(
        loc="outside lower center",
        ncols=min(columns, len(fighters)),
        fontsize=SMALL,
        frameon=False,
        handlelength=3,
    )
    return drawn


@plot(MATCH)
def wins(tables: Tables) -> Figure:
    """The share of its matches (0–1, ties are halves) that each fighter (row) won against each (column).

    The fighters who win more of all their matches come first; hatched cells are pairs that never met.

    Raises:
        Unmeasurable: no match was decided.
    """
    cells = some(win_matrix(tables["match"]), "no match was decided")
    won = (pl.col("share") * pl.col("played")).sum() / pl.col("played").sum()
    order = cells.group_by("winner").agg(won.alias("won")).sort("won", "winner", descending=[True, False])
    names = order["winner"].to_list()
    matches = int(cells["played"].sum()) // 2
    episodes = counted(tables["match"]["episode"].n_unique(), "episode")
    wide = len(names) > 7
    drawn = figure(
        DOUBLE if wide else SINGLE,
        5.6 if wide else 2.7,
        subtitle=f"{counted(matches, 'decided match', 'decided matches')} of {episodes}; "
        "ties count as halves",
    )
    (axes,) = drawn.axes
    image = heat(axes, cells.select("winner", "loser", "share"), names)
    for number in range(len(names)):
        axes.fill_between(
            [number - 0.5, number + 0.5], number - 0.5, number + 0.5, color="white", linewidth=0
        )
    for winner, loser, share in cells.select("winner", "loser", "share").iter_rows():
        ink = "white" if share < 0.5 else "black"
        place = names.index(loser), names.index(winner)
        axes.text(*place, f"{share:.2f}", fontsize=SMALL, color=ink, ha="center", va="center")
    axes.set_xlabel("against")
    axes.set_ylabel("fighter")
    scale(drawn, image, "share of matches won (0–1)")
    return drawn
