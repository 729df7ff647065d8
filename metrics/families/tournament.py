"""Who beats whom: win matrices, cycles, ties, and ratings as they move.

A match is won by the sign of its margin; a margin of 0 is a tie and counts half.
"""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import polars as pl

from palaestra.metrics.metric import RATIO, metric

MATCH = "match.first match.second match.margin"
MNPO = "Multiplayer Nash Preference Optimization: cycles are kept, not averaged away"


def wins(match: pl.DataFrame) -> pl.DataFrame:
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
    total = wins(match).group_by("winner", "loser").agg(pl.col("won").sum(), pl.col("played").sum())
    share = (pl.col("won") / pl.col("played")).alias("share")
    return total.select("winner", "loser", share, "played").sort("winner", "loser")


@metric(MATCH, unit="share", low=0, high=1, statistic=RATIO, source=MNPO)
def cycle_rate(match: pl.DataFrame) -> pl.DataFrame:
    """Share of triples that go round in a circle, of those whose pairs all have a winner in the episode."""
    rows = []
    for (episode,), table in wins(match).group_by("episode", maintain_order=True):
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
    """Mean absolute margin of a match: points of 1–10, or probabilities with pairwise judging."""
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
