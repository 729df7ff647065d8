"""Who beats whom: win matrices, cycles, ties, and ratings as they move.

A match is won by the sign of its margin; a margin of 0 is a tie and counts half.
"""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from palaestra.metrics.metric import RATIO, Tables, metric
from palaestra.metrics.plots.marks import curve, heat, scale
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, LETTERS_AN_INCH, SINGLE, SMALL, figure

# Metrics

MATCH = "match.first match.second match.margin"
MNPO = "Multiplayer Nash Preference Optimization: cycles are kept, not averaged away"


def meetings(match: pl.DataFrame) -> pl.DataFrame:
    """How often each beat each.

    Returns:
        One row for each ordered pair that met in an episode: `episode`, `winner`, `loser`, `won` (points:
        wins, and ties as halves) and `played`.
    """
    decided = match.drop_nulls("margin")
    points = (pl.col("margin").sign() + 1) / 2
    sides = [
        decided.select("episode", winner="first", loser="second", won=points),
        decided.select("episode", winner="second", loser="first", won=1 - points),
    ]
    return (
        pl.concat(sides)
        .group_by("episode", "winner", "loser")
        .agg(pl.col("won").sum(), pl.len().alias("played"))
        .sort("episode", "winner", "loser")
    )


def win_matrix(match: pl.DataFrame) -> pl.DataFrame:
    """The share of its matches that each won against each: `winner`, `loser`, `share`, `played`."""
    total = meetings(match).group_by("winner", "loser").agg(pl.col("won").sum(), pl.col("played").sum())
    share = (pl.col("won") / pl.col("played")).alias("share")
    return total.select("winner", "loser", share, "played").sort("winner", "loser")


@metric(MATCH, unit="share", low=0, high=1, statistic=RATIO, source=MNPO)
def cycle_rate(match: pl.DataFrame) -> pl.DataFrame:
    """Share of triples that go round in a circle, of those whose pairs all have a winner in the episode."""
    rows = []
    for (episode,), table in meetings(match).group_by("episode", maintain_order=True):
        beats: nx.DiGraph[str] = nx.DiGraph()
        better = table.filter(2 * pl.col("won") > pl.col("played"))
        beats.add_edges_from(better.select("winner", "loser").iter_rows())
        triples = [
            len({winner for winner, _ in beats.subgraph(three).edges})
            for three in combinations(beats, 3)
            if beats.subgraph(three).number_of_edges() == 3
        ]
        if triples:
            rows.append((episode, float(sum(winners == 3 for winners in triples)), float(len(triples))))
    return pl.DataFrame(
        rows, schema={"episode": pl.Int64, "part": pl.Float64, "whole": pl.Float64}, orient="row"
    )


@metric("match.margin", unit="share", low=0, high=1, statistic=RATIO)
def tie_rate(match: pl.DataFrame) -> pl.DataFrame:
    """Share of decided matches that tie."""
    tie = (pl.col("margin") == 0).cast(pl.Float64)
    return match.drop_nulls("margin").select("episode", part=tie, whole=pl.lit(1.0))


@metric("match.margin", unit="points", low=0)
def mean_margin(match: pl.DataFrame) -> pl.DataFrame:
    """Mean absolute margin of a match: points of 1–10, probabilities (pairwise) or nats (likelihood)."""
    return match.select("episode", value=pl.col("margin").abs())


@metric("rating.fighter rating.rating", unit="rating", low=0)
def rating_spread(rating: pl.DataFrame) -> pl.DataFrame:
    """Highest less lowest final rating."""
    final = rating.group_by("episode", "fighter", maintain_order=True).agg(pl.col("rating").last())
    spread = pl.col("rating").max() - pl.col("rating").min()
    return final.group_by("episode", maintain_order=True).agg(spread.alias("value"))


@metric("answer.passed", unit="share", low=0, high=1, statistic=RATIO)
def check_passed(answer: pl.DataFrame) -> pl.DataFrame:
    """Share of answers that pass the file's check, where it has one."""
    told = answer.drop_nulls("passed")
    return told.select("episode", part=pl.col("passed").cast(pl.Float64), whole=pl.lit(1.0))


def rating_paths(rating: pl.DataFrame) -> pl.DataFrame:
    """Ratings over time.

    Returns:
        `episode`, `fighter`, `matches` (how many the episode had had by then, from 0) and `rating`,
        one row for each fighter at its start and after each of its matches.
    """
    after = pl.col("contest").is_not_null()
    # Both fighters of a match are rated one after the other.
    played = (after.cast(pl.Int64).cum_sum().over("episode") + 1) // 2
    return rating.sort("episode", "event").select(
        "episode", "fighter", "rating", matches=pl.when(after).then(played).otherwise(0)
    )


# Figures

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
