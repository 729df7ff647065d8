"""How far judges can be relied on: agreement, consistency when the order is swapped, biases.

These read a run's tables; of exported pairs, `judge_agreement` and `judge_bias` tell the same
against labels. Definitions: Krippendorff, Content Analysis (2004), ch. 11; judge_eval's metrics.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.metric import CORRELATION, RATIO, Statistic, Tables, Unmeasurable, metric
from palaestra.metrics.pairs.judge_agreement import alpha, alpha_parts
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot
from palaestra.metrics.plots.style import COLOURS, DOUBLE, MUTED, SINGLE, SMALL, figure

# Metrics

TWO_JUDGES = "two judges who scored the same"
KRIPPENDORFF = "Krippendorff, Content Analysis (2004), ch. 11, interval metric"

ALPHA = Statistic(
    ("judges", "sum", "squares", "within"),
    {name: pl.col(name).sum() for name in ("judges", "sum", "squares", "within")},
    alpha,
)
"""Krippendorff's α over the units of all episodes."""


def agreement(scores: pl.DataFrame) -> pl.DataFrame:
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
    occasion=TWO_JUDGES,
)
def panel_agreement(score: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of a panel's scores of speakers, criterion by criterion: 1 perfect, 0 chance."""
    return agreement(score.with_columns(unit=pl.struct("contestant", "criterion")))


@metric(
    "judgement.contest judgement.judge judgement.contestant judgement.score",
    unit="α",
    high=1,
    statistic=ALPHA,
    source=KRIPPENDORFF,
    occasion=TWO_JUDGES,
)
def duel_judges_agreement(judgement: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of the judges' scores of answers in a tournament: 1 perfect, 0 chance."""
    return agreement(judgement.with_columns(unit=pl.struct("contest", "contestant")))


@metric(
    "peer_score.judge peer_score.candidate peer_score.criterion peer_score.score peer_score.prompt",
    unit="α",
    high=1,
    statistic=ALPHA,
    source=KRIPPENDORFF,
    occasion=TWO_JUDGES,
)
def peers_agreement(peer_score: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of the peers' scores of candidates, criterion by criterion: 1 perfect, 0 chance."""
    return agreement(peer_score.with_columns(unit=pl.struct("prompt", "candidate", "criterion")))


@metric("claim.contest claim.judge claim.fighter claim.repeat", unit="claims", low=1)
def claims_found(claim: pl.DataFrame) -> pl.DataFrame:
    """Mean number of claims that a judge finds in an answer, with judging by claims."""
    answers = claim.group_by("episode", "contest", "judge", "fighter", "repeat", maintain_order=True)
    return answers.len("value").select("episode", pl.col("value").cast(pl.Float64))


@metric("claim.score", unit="share", low=0, high=1, statistic=RATIO)
def claims_unscored(claim: pl.DataFrame) -> pl.DataFrame:
    """Share of the claims found whose score could not be read; an answer's mean leaves them out."""
    return claim.select("episode", part=pl.col("score").is_null().cast(pl.Float64), whole=pl.lit(1.0))


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


def _flips(both: pl.DataFrame) -> pl.DataFrame:
    flipped = (pl.col("one") - 0.5).sign() * (pl.col("two") - 0.5).sign() < 0
    return both.select("episode", part=flipped.cast(pl.Float64), whole=pl.lit(1.0))


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


@metric(COMPARISON, unit="share", low=0, high=1, statistic=RATIO)
def judge_flip_rate(comparison: pl.DataFrame) -> pl.DataFrame:
    """Share of two answers of which a judge prefers what it reads first, or second, in both orders.

    With `abstain: flips` it counts for nothing there.
    """
    return _flips(_both_orders(comparison, ["contest"]))


@metric(COMPARISON, unit="probability", low=-0.5, high=0.5, null=0)
def position_bias(comparison: pl.DataFrame) -> pl.DataFrame:
    """How much more probable an answer is to win by being read first: half the difference of the orders."""
    return _first_favoured(_both_orders(comparison, ["contest"]))


@metric(PREFERENCE, unit="share", low=0, high=1, statistic=RATIO)
def panel_swap_consistency(preference: pl.DataFrame) -> pl.DataFrame:
    """Share of two debaters of whom a judge prefers the same in both orders; ties are not consistent."""
    return _consistency(_both_orders(preference, ["criterion"]))


@metric(PREFERENCE, unit="share", low=0, high=1, statistic=RATIO)
def panel_flip_rate(preference: pl.DataFrame) -> pl.DataFrame:
    """Share of two debaters of whom a judge prefers the one that it reads first, or second, in both orders.

    With `abstain: flips` it counts for nothing there.
    """
    return _flips(_both_orders(preference, ["criterion"]))


@metric(PREFERENCE, unit="probability", low=-0.5, high=0.5, null=0)
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
    null=0,
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


# Figures

SOURCES: dict[str, tuple[str, str, list[str]]] = {
    "score": ("contestant", "1–10", []),
    "judgement": ("contestant", "1–10", ["contest"]),
    "peer_score": ("candidate", "1–5", ["prompt"]),
}
"""Who is scored, the scale, and what tells the occasions of an episode apart, by table of scores."""
ANSWERS = {
    "score": ("speech", "agent"),
    "judgement": ("answer", "fighter"),
    "peer_score": ("candidate", "candidate"),
}
"""Where the scored texts are, and whose they are, by table of scores."""
COMPARED = {"comparison": position_bias, "preference": panel_position_bias}
NATS = "nats a token"
"""What a judge's score is measured in whose basis is a log-probability."""
LEAST_POINTS = 3
"""Answers that a line of least squares takes."""


@plot(
    "score.judge score.contestant score.score score.label",
    "judgement.judge judgement.contestant judgement.score judgement.contest",
    "peer_score.judge peer_score.candidate peer_score.score peer_score.prompt peer_score.own",
    COMPARISON,
    PREFERENCE,
)
def judge_bias(tables: Tables) -> Figure:
    """What sways judges: their mean scores, the order in which they read, the length of what they read.

    As far as the tables tell: the mean score by judge (of peers, also of their own answers); the
    mean score by the label under which a contestant was shown, or with pairwise judging how much
    more probable an answer is to win by being read first; scores against lengths in characters,
    both less their means over the answers that were scored together, with the line of least squares.
    All of it is association: a judge who scores high may have had better answers to read.

    Raises:
        Unmeasurable: no judge was understood.
    """
    panels: list[Callable[[Axes], None]] = []
    shown: list[pl.DataFrame] = []
    notes: list[str] = []
    for source in SOURCES:
        scores = _understood(tables, source, "score")
        if len(scores):
            panels += _of_scores(tables, source, scores, shown, notes)
    for source, bias in COMPARED.items():
        compared = _understood(tables, source, "first_better")
        if compared.is_empty():
            continue
        by_judge = [
            bias(own).with_columns(pl.lit(judge).alias("judge"))
            for (judge,), own in compared.group_by("judge", maintain_order=True)
        ]
        found = means(pl.concat(by_judge), ["judge"], support=(-0.5, 0.5))
        if len(found):
            shown.append(found)
            panels.append(partial(_by_order, found))
    if not panels:
        raise Unmeasurable("judge_bias can't be drawn here: no judge was understood")
    width, size = (SINGLE, 2.0) if len(panels) == 1 else (DOUBLE, 2.2)
    note = told(pl.concat([found.select("episodes") for found in shown]), "bars")
    drawn = figure(width, size, 1, len(panels), subtitle="; ".join([note, *notes]))
    for axes, panel in zip(drawn.axes, panels, strict=True):
        panel(axes)
    return drawn


def _understood(tables: Tables, name: str, column: str) -> pl.DataFrame:
    return tables[name].drop_nulls(column) if name in tables else pl.DataFrame()


def _of_scores(
    tables: Tables, source: str, scores: pl.DataFrame, shown: list[pl.DataFrame], notes: list[str]
) -> list[Callable[[Axes], None]]:
    """The panels that a table of scores gives; `shown` and `notes` take what they show."""
    weighed = "basis" in scores.columns and (scores["basis"] == "log-probability").any()
    scale = NATS if weighed else SOURCES[source][1]
    rows = scores.with_columns(pl.col("score").alias("value"))
    own = pl.col("own") if "own" in rows.columns else pl.lit(value=False)
    found = means(rows.with_columns(own.alias("own")), ["judge", "own"])
    panels: list[Callable[[Axes], None]] = [partial(_by_judge, found, scale)]
    shown.append(found)
    if "label" in rows.columns:
        by_label = means(rows, ["label"])
        panels.append(partial(_by_label, by_label, scale))
        shown.append(by_label)
    lengths = _lengths(tables, source, scores)
    if len(lengths) >= LEAST_POINTS and lengths["length"].n_unique() > 1:
        panels.append(partial(_by_length, lengths, NATS if weighed else "points"))
        notes.append(f"lengths of {counted(len(lengths), 'answer')}")
    return panels


def _by_judge(found: pl.DataFrame, scale: str, axes: Axes) -> None:
    judges = found["judge"].unique(maintain_order=True).to_list()
    both = found["own"].n_unique() > 1
    for number, (is_own, label) in enumerate(((False, "others' answers"), (True, "own answers"))):
        part = found.filter(pl.col("own") == is_own)
        rows = [judges.index(judge) + (0.15 if is_own else -0.15) * both for judge in part["judge"]]
        if len(part):
            dots(axes, part, rows, number=2 * number, label=label)
    name_rows(axes, judges)
    axes.set_xlabel(f"mean score given ({scale})")
    if both:
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            ncols=2,
            fontsize=SMALL,
            frameon=False,
            handletextpad=0.1,
            columnspacing=1,
        )


def _by_label(found: pl.DataFrame, scale: str, axes: Axes) -> None:
    dots(axes, found, range(len(found)))
    name_rows(axes, found["label"].to_list())
    axes.set_xlabel(f"mean score under the label ({scale})")


def _by_order(found: pl.DataFrame, axes: Axes) -> None:
    dots(axes, found, range(len(found)))
    name_rows(axes, found["judge"].to_list())
    axes.axvline(0, color=MUTED, linestyle=":", linewidth=0.9)
    reach = 1.1 * max(0.05, *found.select("mean", "low", "high").unpivot()["value"].abs().drop_nulls())
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("gain by being read first (probability)")


def _lengths(tables: Tables, source: str, scores: pl.DataFrame) -> pl.DataFrame:
    """`length` and `score` of answers, less their means over those scored together; empty without texts."""
    whom, _, occasion = SOURCES[source]
    table, who = ANSWERS[source]
    if table not in tables or "messages" not in tables:
        return pl.DataFrame()
    return lengths_beside_scores(
        scores.rename({whom: "contestant"}), tables[table], who, tables["messages"], *occasion
    )


def _by_length(lengths: pl.DataFrame, unit: str, axes: Axes) -> None:
    x, y = lengths["length"].to_numpy(), lengths["score"].to_numpy()
    axes.scatter(x, y, s=8, facecolor=COLOURS[4], edgecolor="none", alpha=min(0.8, 60 / len(x) + 0.2))
    slope = float(x @ y / (x @ x))
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, slope * ends, color=COLOURS[2], linewidth=1.4)
    axes.axhline(0, color=MUTED, linestyle=":", linewidth=0.9)
    axes.set_xlabel("length less the mean (characters)")
    axes.set_ylabel(f"score less the mean ({unit})")
    axes.set_title(
        f"{100 * slope:+.2f} {unit} per 100 characters".replace("-", "−"),
        fontsize=SMALL,
        loc="left",
        color=MUTED,
    )
