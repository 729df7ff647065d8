"""How well agents keep their personas: what they say of themselves against what is declared, and said before.

Table `answered` of a `persona_interview`: everybody is asked before the first round of talk (round 0)
and after each one. Answers that could not be parsed are left out.
"""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.metric import RATIO, Tables, metric
from palaestra.metrics.plots.marks import curve
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import MUTED, SINGLE, SMALL, figure

# Metrics

ASKED = "answered.agent answered.attribute answered.round"
KEPT = f"{ASKED} answered.correct"
SAID = f"{ASKED} answered.answer"
COHEN = "Cohen, Educ. Psychol. Meas. 20 (1960)"


def again(answered: pl.DataFrame) -> pl.DataFrame:
    """Answers to questions asked again, beside the first ones.

    Returns:
        `episode`, `agent`, `attribute`, `round` (from 1), `first` and `again`; without those of which
        either could not be parsed.
    """
    key = ["episode", "agent", "attribute"]
    said = answered.drop_nulls("answer")
    first = said.filter(pl.col("round") == 0).select(*key, first="answer")
    later = said.filter(pl.col("round") > 0).select(*key, "round", again="answer")
    return later.join(first, on=key, maintain_order="left").select(*key, "round", "first", "again")


@metric("answered.correct", unit="share", low=0, high=1)
def persona_fidelity(answered: pl.DataFrame) -> pl.DataFrame:
    """Share of the answers that are what the persona says."""
    return answered.select("episode", value=pl.col("correct").cast(pl.Float64))


@metric("answered.probability", unit="probability", low=0, high=1)
def persona_probability(answered: pl.DataFrame) -> pl.DataFrame:
    """Mean probability that the model gives to what the persona says."""
    return answered.select("episode", value="probability")


@metric("answered.correct answered.options", unit="index", high=1, statistic=RATIO, null=0)
def persona_fidelity_over_chance(answered: pl.DataFrame) -> pl.DataFrame:
    """Fidelity beyond guessing: Σ(right − 1/options) / Σ(1 − 1/options); 0 is a guess, 1 always right."""
    known = answered.drop_nulls("correct")
    guess = 1 / pl.col("options")
    return known.select("episode", part=pl.col("correct").cast(pl.Float64) - guess, whole=1 - guess)


@metric(SAID, unit="share", low=0, high=1)
def persona_consistency(answered: pl.DataFrame) -> pl.DataFrame:
    """Share of the answers to a question asked again that are those given first."""
    same = (pl.col("first") == pl.col("again")).cast(pl.Float64)
    return again(answered).select("episode", value=same)


@metric(SAID, unit="κ", high=1, statistic=RATIO, source=COHEN, null=0)
def persona_kappa(answered: pl.DataFrame) -> pl.DataFrame:
    """Agreement of answers with those given first, beyond chance: Σ(same − p_e) / Σ(1 − p_e).

    p_e is the chance agreement on an attribute, from its answers in all episodes. For one attribute
    this is Cohen's κ; for several the mean of theirs, weighted by their answers times 1 − p_e.
    """
    pairs = again(answered)
    # Shares of the options among first and later answers, whose products sum to p_e.
    counts = [
        pairs.group_by("attribute", answer=side).agg(pl.len().alias(side)) for side in ("first", "again")
    ]
    by_chance = (
        counts[0]
        .join(counts[1], on=["attribute", "answer"])
        .group_by("attribute")
        .agg((pl.col("first") * pl.col("again")).sum().alias("products"))
    )
    chance = pl.col("products").fill_null(0) / pl.len().over("attribute") ** 2
    same = (pl.col("first") == pl.col("again")).cast(pl.Float64)
    beside = pairs.join(by_chance, on="attribute", how="left", maintain_order="left")
    return beside.select("episode", part=same - chance, whole=1 - chance)


@metric(KEPT, unit="share a round", low=-1, high=1, statistic=RATIO, null=0)
def persona_drift(answered: pl.DataFrame) -> pl.DataFrame:
    """Change of fidelity with each round of talk: slope of right − first right; below 0 it is lost."""
    key = ["episode", "agent", "attribute"]
    known = answered.drop_nulls("correct").select(*key, "round", right=pl.col("correct").cast(pl.Float64))
    first = known.filter(pl.col("round") == 0).select(*key, first="right")
    later = known.filter(pl.col("round") > 0).join(first, on=key, maintain_order="left")
    rounds = pl.col("round").cast(pl.Float64)
    return later.select("episode", part=rounds * (pl.col("right") - pl.col("first")), whole=rounds**2)


# Figures


@plot(f"{KEPT} answered.answer answered.options")
def personas(tables: Tables) -> Figure:
    """Shares of answers that are what the persona says, and what was said first, over rounds of talk.

    The grey line is what guessing makes right.

    Raises:
        Unmeasurable: no answer could be parsed.
    """
    answered = some(tables["answered"].drop_nulls("correct"), "no answer could be parsed")
    kept = means(answered.select("episode", "round", value=pl.col("correct")), ["round"], support=(0.0, 1.0))
    same = again(answered).select("episode", "round", value=pl.col("first") == pl.col("again"))
    drawn = figure(SINGLE, 2.2, subtitle=told(kept, "bands"))
    (axes,) = drawn.axes
    curve(axes, kept, "round", "as the persona says", 0, hatched=True)
    if len(same):
        curve(axes, means(same, ["round"], support=(0.0, 1.0)), "round", "as said first", 1, hatched=True)
    guess = answered.select((1 / pl.col("options")).mean()).item()
    axes.axhline(guess, color=MUTED, linewidth=0.8, linestyle=":", label="guessing")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(sorted(answered["round"].unique().to_list()))
    axes.set_xlabel("rounds of talk before the questions")
    axes.set_ylabel("share of answers")
    drawn.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return drawn
