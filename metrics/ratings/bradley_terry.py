"""Bradley–Terry strengths by maximum likelihood, with intervals.

Unlike Elo they don't depend on the order of the games. Source of the model: Bradley and
Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39 (1952). The likelihood is
maximised by `choix` (iterative Luce spectral ranking; Maystre and Grossglauser, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import choix
import networkx as nx
import numpy as np
import polars as pl
from numpy.typing import NDArray

from palaestra.metrics.ratings.strength_intervals import strength_intervals

Game = tuple[str, str, float]
Matrix = NDArray[np.float64]

ELO_PER_NAT = 400 / np.log(10)


def bradley_terry(
    games: Sequence[Game],
    *,
    prior: float = 0.0,
    contests: Sequence[int] | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """The strengths of all who played.

    Args:
        games: (first, second, score of the first): 1 win, 0.5 tie, 0 loss, or a probability.
        prior: virtual ties that every pair is credited with, ≥ 0. 0 is plain maximum likelihood.
        contests: the number of each game's contest, where several are judged on the same answers; by
            default games that follow each other and in which all of three or more players meet once
            are one contest.
        resamples: of the contests, where some have several games; 0 for no intervals.
        confidence: of the intervals, in (0, 1).
        seed: of the resamples.

    Returns:
        Columns `name`, `strength` (log-odds, mean 0 over the field), `low`, `high` (of whatever
        prior, see `strength_intervals`; null with `resamples=0`), `rating` (strength on Elo's scale
        around 1000) and `games`, strongest first.

    Raises:
        ValueError: nobody played, or `prior` is 0 and the maximum doesn't exist because some
            never lost to, or never won against, all the others.
    """
    names = list(dict.fromkeys(name for first, second, _ in games for name in (first, second)))
    if len(names) < 2:
        raise ValueError("strengths need at least one game between two")
    number = {name: i for i, name in enumerate(names)}
    players = np.array([(number[first], number[second]) for first, second, _ in games])
    scores = np.array([score for *_, score in games], dtype=float)
    strengths = _fit(_wins(players, scores, len(names)), prior)
    low: Sequence[float | None] = [None] * len(names)
    high: Sequence[float | None] = [None] * len(names)
    if resamples:
        ends = strength_intervals(
            players, scores, contests, resamples=resamples, confidence=confidence, seed=seed
        )
        low, high = np.minimum(ends[0], strengths).tolist(), np.maximum(ends[1], strengths).tolist()
    return pl.DataFrame(
        {
            "name": names,
            "strength": strengths,
            "low": pl.Series(low, dtype=pl.Float64),
            "high": pl.Series(high, dtype=pl.Float64),
            "rating": 1000 + ELO_PER_NAT * strengths,
            "games": np.bincount(players.ravel(), minlength=len(names)),
        }
    ).sort("strength", descending=True, maintain_order=True)


def match_games(matches: pl.DataFrame) -> list[Game]:
    """The decided games of a `match` table: columns `first`, `second`, `margin`; its sign decides."""
    score = (1 + pl.col("margin").sign()) / 2
    return _decided(matches).select("first", "second", score.cast(pl.Float64)).rows()


def match_contests(matches: pl.DataFrame) -> list[int]:
    """The number of the contest of each of `match_games`: columns `episode`, `contest`, `margin`."""
    number = pl.struct("episode", "contest").rank("dense")
    return _decided(matches).select(number.cast(pl.Int64)).to_series().to_list()


def _decided(matches: pl.DataFrame) -> pl.DataFrame:
    return matches.filter(pl.col("margin").is_not_null())


def _wins(players: NDArray[np.int64], scores: Matrix, count: int) -> Matrix:
    """How often the row's player beat the column's, ties as halves."""
    wins = np.zeros((count, count))
    np.add.at(wins, (players[:, 0], players[:, 1]), scores)
    np.add.at(wins, (players[:, 1], players[:, 0]), 1 - scores)
    return wins


def _fit(wins: Matrix, prior: float) -> Matrix:
    if prior:
        wins = wins + prior / 2 * (1 - np.eye(len(wins)))
    elif not _has_maximum(wins):
        raise ValueError(
            "the maximum likelihood doesn't exist: some won or lost every game against the rest; "
            "give a `prior` (1, say)"
        )
    strengths: Matrix = choix.ilsr_pairwise_dense(wins, max_iter=1000)  # of mean 0
    return strengths


def _has_maximum(wins: Matrix) -> bool:
    """Ford's condition: however the field is split, each part won against the other (Ford, 1957)."""
    return bool(nx.is_strongly_connected(nx.from_numpy_array(wins, create_using=nx.DiGraph)))
