"""Whether judges agree: with each other, with themselves in the other order, and with the labels."""

from __future__ import annotations

import numpy as np
import polars as pl

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.intervals import Estimate, mean, share
from palaestra.metrics.pairs.preference_pairs import (
    SIDES,
    answer,
    panel_sign,
    preferences,
    truth_sign,
    verdicts,
)


def pair_agreement(pairs: pl.DataFrame) -> pl.Series:
    """How much the judges of each pair agree: the share of two judges who prefer the same answer.

    A tie agrees half with anything. Null with fewer than two judges.
    """
    prefers = pl.col("prefers")
    judges = pl.len()
    products = (prefers.sum() ** 2 - (prefers**2).sum()) / (judges * (judges - 1))
    found = (
        preferences(pairs)
        .group_by("pair")
        .agg(pl.when(judges > 1).then((1 + products) / 2).alias("agreement"))
    )
    return (
        pairs.select(pl.int_range(pl.len(), dtype=pl.get_index_type()).alias("pair"))
        .join(found, on="pair", how="left", maintain_order="left")
        .to_series(1)
    )


def judge_agreement(pairs: pl.DataFrame) -> Estimate | None:
    """The mean of `pair_agreement` over pairs with two judges or more; of chance tells `agreement_excess`."""
    known = pairs.with_columns(pair_agreement(pairs).alias("agreement")).drop_nulls("agreement")
    return share(known["agreement"], known["prompt_id"])


def agreement_excess(pairs: pl.DataFrame) -> tuple[Estimate | None, float | None]:
    """How much more often two judges prefer the same than independent ones would in pairs selected so.

    Returns:
        The excess, −1 … 1, over the pairs with two judges or more; and what chance would give, 0–1. Both
        None where the pairs don't tell that.
    """
    known = pairs.with_columns(pair_agreement(pairs).alias("agreement"))
    known = known.drop_nulls(["agreement", "agreement_by_chance"])
    excess = mean(known["agreement"] - known["agreement_by_chance"], known["prompt_id"])
    return excess, known.select(pl.col("agreement_by_chance").mean()).item()


def chance_unknown(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs, of which it isn't known how often judges agree by chance: their verdicts chose them."""
    return pairs.with_columns(pl.lit(None, pl.Float64).alias("agreement_by_chance"))


def krippendorff_alpha(pairs: pl.DataFrame, *, resamples: int = 500, seed: int = 0) -> Estimate | None:
    """Krippendorff's α of the judges' scores of an answer: 1 perfect, 0 chance, below 0 worse.

    α = 1 − D_o/D_e with the interval metric (Krippendorff, Content Analysis, 2004, ch. 11). A
    judge's criteria and repeats are averaged first. Where judges read two answers, what they
    judge is the pair, taken both ways round, so that its label plays no part. Its error comes from
    a bootstrap over prompts.

    Args:
        pairs: preference pairs of one scale of scores.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        None where no two judges scored the same, or all scores are equal.
    """
    units = pl.concat([_scores_alone(pairs), _scores_beside(pairs)])
    sums = (
        alpha_parts(units, "unit", "prompt_id")
        .group_by("prompt_id", maintain_order=True)
        .agg(pl.col("judges", "sum", "squares", "within").sum())
    )
    parts = sums.select("judges", "sum", "squares", "within").to_numpy().astype(float)
    value = alpha(parts.sum(axis=0)[None]) if len(parts) else np.array([np.nan])
    if np.isnan(value[0]):
        return None
    random = np.random.default_rng(seed)
    drawn = np.array(
        [
            np.bincount(random.integers(len(parts), size=len(parts)), minlength=len(parts)) @ parts
            for _ in range(resamples)
        ]
    )
    error = float(np.nanstd(alpha(drawn)))
    return Estimate(float(value[0]), int(parts[:, 0].sum()), error if len(parts) > 1 else None)


def label_agreement(pairs: pl.DataFrame) -> Estimate | None:
    """How often the label is what the panel's verdicts say, where it rests on them; 1 by construction.

    Ties of the panel are left out.
    """
    known = pairs.with_columns(panel_sign(pairs).alias("said")).filter(
        (pl.col("basis") == "panel") & (pl.col("said") != 0)
    )
    return share(known["said"] > 0, known["prompt_id"])


def truth_agreement(pairs: pl.DataFrame) -> Estimate | None:
    """How often the label is what a program says, where the program tells the answers apart."""
    known = pairs.with_columns(truth_sign().alias("truth")).filter(pl.col("truth") != 0)
    return share(known["truth"] > 0, known["prompt_id"])


def label_cosine(pairs: pl.DataFrame) -> pl.DataFrame:
    """The cosine of the labels with each judge's scores, over all pairs that it judged.

    Labels are (1, −1) for (chosen, rejected), scores are centred in each pair: the cosine is
    Σ d / √(n·Σ d²) of the differences d. Source: the diagnosis of the Alignment Data Map.

    Returns:
        Columns `judge`, `cosine` (−1 … 1; null where the judge never told two apart), `pairs`.
    """
    d = pl.col("difference")
    return (
        preferences(pairs)
        .group_by("judge")
        .agg(
            (d.sum() / (d.len() * (d**2).sum()).sqrt()).fill_nan(None).alias("cosine"),
            pl.len().alias("pairs"),
        )
        .sort("judge")
    )


def swap_consistency(pairs: pl.DataFrame) -> tuple[Estimate | None, Estimate | None]:
    """Over judges who read two answers in both orders: who prefers the same in both, and who contradicts.

    Returns:
        The share that prefers the same answer in both orders, and the share whose two verdicts
        cancel to a tie (the one read first both times, or the second, or no preference twice).
    """
    key = ["pair", "prompt_id", "judge", "criterion", "repeat"]
    first_wins = (pl.col("value") - 0.5).sign()
    orders = [first_wins.filter(pl.col("of") == side).first().alias(side) for side in SIDES]
    both = verdicts(pairs).filter("beside").group_by(key).agg(orders).drop_nulls([*SIDES])
    same = (both["chosen"] == -both["rejected"]) & (both["chosen"] != 0)
    cancelled = both["chosen"] == both["rejected"]
    return share(same, both["prompt_id"]), share(cancelled, both["prompt_id"])


def _scores_alone(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each judge's mean score of each answer: `unit`, `prompt_id`, `judge`, `value`."""
    told = verdicts(pairs).filter(~pl.col("beside"))
    keys = pairs.with_row_index("pair").select("pair", *(answer(side).alias(side) for side in SIDES))
    unit = pl.when(pl.col("of") == "chosen").then("chosen").otherwise("rejected")
    return (
        told.join(keys, on="pair", how="left", maintain_order="left")
        .with_columns(unit.struct.json_encode().alias("unit"))
        .group_by("unit", "prompt_id", "judge", maintain_order=True)
        .agg(pl.col("value").mean())
    )


def _scores_beside(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each judge's preference in each pair, and in the same pair with its answers exchanged."""
    told = preferences(
        pairs.with_columns(pl.col("verdicts").list.filter(pl.element().struct.field("beside")))
    )
    return pl.concat(
        told.select(
            pl.format("{} " + way, "pair").alias("unit"), "prompt_id", "judge", pl.col("difference") * factor
        ).rename({"difference": "value"})
        for way, factor in (("as is", 1.0), ("exchanged", -1.0))
    )


def alpha_parts(scores: pl.DataFrame, *unit: str) -> pl.DataFrame:
    """What `alpha` takes, of each unit that two judges or more scored.

    Args:
        scores: a judge's `value` of a unit in each row; no judge twice of the same.
        unit: the columns that tell what is judged.

    Returns:
        The columns of `unit`, `judges`, `sum`, `squares` and `within`.
    """
    m, x = pl.len(), pl.col("value")
    spread = (x**2).sum() - x.sum() ** 2 / m
    return (
        scores.group_by(*unit, maintain_order=True)
        .agg(
            m.alias("judges"),
            x.sum().alias("sum"),
            (x**2).sum().alias("squares"),
            pl.when(m > 1).then(m * spread / (m - 1)).alias("within"),
        )
        .filter(pl.col("judges") > 1)
    )


def alpha(parts: Numbers) -> Numbers:
    """Krippendorff's α, interval metric, from sums over units that m ≥ 2 judges scored; NaN where undefined.

    Args:
        parts: (…, 4): n scores, Σ x, Σ x², Σ over units of m/(m − 1) times its squared deviations.
    """
    n, total, squares, within = np.moveaxis(parts, -1, 0)
    spread = squares - total**2 / n
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: Numbers = np.where(spread > 1e-12, 1 - (n - 1) / n * within / spread, np.nan)
    return alpha
