"""How private opinions move: shift, convergence, polarisation, and what goes with who moves.

Opinions are points of the DEBATE scale, −2.5 (certainly disagree) … 2.5 (certainly agree), told
before and after the talk. Source of the definitions, unless said otherwise: the DEBATE benchmark
of opinion dynamics (group metrics: change of mean and SD; individual metrics: correlation of
change with the initial opinion, and with the signed and absolute gap to the first partner).
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.metric import CORRELATION, RATIO, metric

DEBATE = "DEBATE benchmark, group and individual metrics"
WIDEST = 2.5
"""The largest absolute opinion."""


def initial(opinion: pl.DataFrame) -> pl.DataFrame:
    """What each agent thought before the talk: `episode`, `agent`, `before`; the file's where it says so."""
    return _told(opinion, "before")


def _told(opinion: pl.DataFrame, moment: str) -> pl.DataFrame:
    said = opinion.filter(pl.col("moment") == moment).drop_nulls("opinion")
    return said.select("episode", "agent", pl.col("opinion").alias(moment))


def changes(opinion: pl.DataFrame) -> pl.DataFrame:
    """Who thought what before and after.

    Args:
        opinion: the table of that name, of a debate or an opinion exchange.

    Returns:
        One row for each agent of each episode that told both: `episode`, `agent`, `before`,
        `after` and `change`, in points. Before may be what a person said, whose part the agent
        then plays; after never is.
    """
    model = opinion.filter(pl.col("source") == "model") if "source" in opinion.columns else opinion
    both = initial(opinion).join(_told(model, "after"), on=["episode", "agent"], maintain_order="left")
    return both.with_columns((pl.col("after") - pl.col("before")).alias("change"))


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


NEEDS = "opinion.agent opinion.moment opinion.opinion"


@metric(NEEDS, unit="points", low=-2 * WIDEST, high=2 * WIDEST, source=DEBATE)
def opinion_shift(opinion: pl.DataFrame) -> pl.DataFrame:
    """Mean change of opinion: after − before, over the agents of an episode."""
    return changes(opinion).select("episode", value="change")


@metric(NEEDS, unit="points", low=0, high=2 * WIDEST)
def opinion_mobility(opinion: pl.DataFrame) -> pl.DataFrame:
    """Mean absolute change of opinion: |after − before|, over the agents of an episode."""
    return changes(opinion).select("episode", value=pl.col("change").abs())


@metric(NEEDS, unit="points", low=-WIDEST, high=WIDEST, source=DEBATE)
def convergence(opinion: pl.DataFrame) -> pl.DataFrame:
    """How much closer opinions get: SD before − SD after; negative where the group drifts apart."""
    return spread(opinion).select("episode", value=pl.col("sd_before") - pl.col("sd_after"))


@metric(NEEDS, unit="share", low=-1, high=1)
def polarisation(opinion: pl.DataFrame) -> pl.DataFrame:
    """Change of the variance as a share of its largest: (Var after − Var before) / 2.5².

    The largest variance is that of a group with one half at each end of the scale.
    """
    grown = pl.col("sd_after") ** 2 - pl.col("sd_before") ** 2
    return spread(opinion).select("episode", value=grown / WIDEST**2)


@metric(NEEDS, unit="r", low=-1, high=1, statistic=CORRELATION, source=DEBATE)
def regression_to_mean(opinion: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of an agent's change with its own initial opinion; negative: extremes come back."""
    return changes(opinion).select("episode", x="before", y="change")


@metric(
    NEEDS + " pairing.round pairing.first pairing.second",
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
    NEEDS + " pairing.round pairing.first pairing.second",
    unit="r",
    low=-1,
    high=1,
    statistic=CORRELATION,
    source=DEBATE,
)
def partner_distance(opinion: pl.DataFrame, pairing: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of change with the absolute gap to the first partner: a control of `partner_influence`."""
    return _partner_gaps(opinion, pairing).select("episode", x=pl.col("gap").abs(), y="change")


@metric(NEEDS, unit="share of the gap", statistic=RATIO, source="DeGroot, JASA 69 (1974): averaging opinions")
def group_pull(opinion: pl.DataFrame) -> pl.DataFrame:
    """How far agents move towards the others: Σ change·gap / Σ gap², gap = others' mean − own, before.

    The slope through the origin of change on gap: 0 nobody is drawn, 1 everybody takes over the
    others' mean. Agents without a gap don't count. In a group that also regresses to its own mean
    the two can't be told apart.
    """
    return _group_gaps(opinion).select(
        "episode", part=pl.col("change") * pl.col("gap"), whole=pl.col("gap") ** 2
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
