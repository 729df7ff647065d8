"""How far judges can be relied on: agreement, consistency when the order is swapped, biases.

These read a run's tables; of exported pairs, `judge_agreement` and `judge_bias` tell the same
against labels. Definitions: Krippendorff, Content Analysis (2004), ch. 11; judge_eval's metrics.
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.metric import CORRELATION, RATIO, Statistic, metric
from palaestra.metrics.pairs.judge_agreement import alpha, alpha_parts

KRIPPENDORFF = "Krippendorff, Content Analysis (2004), ch. 11, interval metric"

ALPHA = Statistic(
    ("judges", "sum", "squares", "within"),
    {name: pl.col(name).sum() for name in ("judges", "sum", "squares", "within")},
    alpha,
)
"""Krippendorff's α over the units of all episodes."""


def _agreement(scores: pl.DataFrame) -> pl.DataFrame:
    """The parts of α; `scores` has `episode`, `unit`, `judge`, `score`."""
    by_judge = (
        scores.drop_nulls("score")
        .group_by("episode", "unit", "judge", maintain_order=True)
        .agg(pl.col("score").mean().alias("value"))
    )
    return alpha_parts(by_judge, "episode", "unit")


@metric(
    "score.judge score.contestant score.criterion score.score",
    unit="α",
    high=1,
    statistic=ALPHA,
    source=KRIPPENDORFF,
)
def panel_agreement(score: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of a panel's scores of speakers, criterion by criterion: 1 perfect, 0 chance."""
    return _agreement(score.with_columns(unit=pl.struct("contestant", "criterion")))


@metric(
    "judgement.contest judgement.judge judgement.contestant judgement.score",
    unit="α",
    high=1,
    statistic=ALPHA,
    source=KRIPPENDORFF,
)
def duel_judges_agreement(judgement: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of the judges' scores of answers in a tournament: 1 perfect, 0 chance."""
    return _agreement(judgement.with_columns(unit=pl.struct("contest", "contestant")))


@metric(
    "peer_score.judge peer_score.candidate peer_score.criterion peer_score.score peer_score.prompt",
    unit="α",
    high=1,
    statistic=ALPHA,
    source=KRIPPENDORFF,
)
def peers_agreement(peer_score: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of the peers' scores of candidates, criterion by criterion: 1 perfect, 0 chance."""
    return _agreement(peer_score.with_columns(unit=pl.struct("prompt", "candidate", "criterion")))


def _both_orders(compared: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The comparisons that a judge made of two in both orders.

    Returns:
        `episode` and the probabilities `one` (that the first by name is better, asked with it
        first) and `two` (the same, asked with it second).
    """
    named = compared.drop_nulls("first_better").with_columns(
        low=pl.min_horizontal("first", "second"), high=pl.max_horizontal("first", "second")
    )
    as_named = pl.col("first") == pl.col("low")
    both = named.group_by("episode", "judge", "low", "high", *key, maintain_order=True).agg(
        pl.col("first_better").filter(as_named).mean().alias("one"),
        (1 - pl.col("first_better").filter(~as_named)).mean().alias("two"),
    )
    return both.drop_nulls(["one", "two"])


def _consistency(both: pl.DataFrame) -> pl.DataFrame:
    same = (pl.col("one") - 0.5).sign() * (pl.col("two") - 0.5).sign() > 0
    return both.select("episode", part=same.cast(pl.Float64), whole=pl.lit(1.0))


def _first_favoured(both: pl.DataFrame) -> pl.DataFrame:
    return both.select("episode", value=(pl.col("one") - pl.col("two")) / 2)


COMPARISON = "comparison.contest comparison.judge comparison.first comparison.second comparison.first_better"
PREFERENCE = (
    "preference.judge preference.first preference.second preference.criterion preference.first_better"
)


@metric(COMPARISON, unit="share", low=0, high=1, statistic=RATIO)
def swap_consistency(comparison: pl.DataFrame) -> pl.DataFrame:
    """Share of two answers of which a judge prefers the same in both orders; ties are not consistent."""
    return _consistency(_both_orders(comparison, ["contest"]))


@metric(COMPARISON, unit="probability", low=-0.5, high=0.5)
def position_bias(comparison: pl.DataFrame) -> pl.DataFrame:
    """How much more probable an answer is to win by being read first: half the difference of the orders."""
    return _first_favoured(_both_orders(comparison, ["contest"]))


@metric(PREFERENCE, unit="share", low=0, high=1, statistic=RATIO)
def panel_swap_consistency(preference: pl.DataFrame) -> pl.DataFrame:
    """Share of two debaters of whom a judge prefers the same in both orders; ties are not consistent."""
    return _consistency(_both_orders(preference, ["criterion"]))


@metric(PREFERENCE, unit="probability", low=-0.5, high=0.5)
def panel_position_bias(preference: pl.DataFrame) -> pl.DataFrame:
    """How much more probable a debater is to win by being read first: half the difference of the orders."""
    return _first_favoured(_both_orders(preference, ["criterion"]))


@metric(
    "judgement.contest judgement.contestant judgement.score answer.contest answer.fighter answer.message "
    "messages.message messages.text",
    unit="r",
    low=-1,
    high=1,
    statistic=CORRELATION,
)
def length_preference(judgement: pl.DataFrame, answer: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of an answer's score with its length, both less their means over the contest.

    It is a bias only as far as longer answers aren't better.
    """
    lengths = lengths_beside_scores(judgement, answer, "fighter", messages, "contest")
    return lengths.select("episode", x="length", y="score")


def lengths_beside_scores(
    scores: pl.DataFrame, texts: pl.DataFrame, writer: str, messages: pl.DataFrame, *occasion: str
) -> pl.DataFrame:
    """Lengths and mean scores, less their means over those who were scored together.

    Args:
        scores: `score` by `contestant` and judge.
        texts: the `message` that each scored contestant wrote; of several the lengths are added.
        writer: the column of `texts` that says whose it is.
        messages: the table of that name.
        occasion: the columns of both that tell the occasions of an episode apart.

    Returns:
        `episode`, the columns of `occasion`, `contestant`, `length` (characters) and `score`, where
        two or more were scored.
    """
    key = ["episode", *occasion]
    sizes = messages.select("episode", "message", pl.col("text").str.len_chars().alias("length"))
    written = (
        texts.drop_nulls("message")
        .join(sizes, on=["episode", "message"], maintain_order="left")
        .group_by(*key, contestant=writer, maintain_order=True)
        .agg(pl.col("length").sum().cast(pl.Float64))
    )
    scored = (
        scores.drop_nulls("score")
        .group_by(*key, "contestant", maintain_order=True)
        .agg(pl.col("score").mean())
    )
    return (
        scored.join(written, on=[*key, "contestant"], maintain_order="left")
        .filter(pl.len().over(key) > 1)
        .with_columns(pl.col(name) - pl.col(name).mean().over(key) for name in ("length", "score"))
    )
