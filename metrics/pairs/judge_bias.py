"""What sways judges besides quality: the order they read in, and length.

Definitions of position and length bias, and of the flip noise that they are cleared of: the
public `judge_eval` metrics code (accuracy a* = (a − ν)/(1 − 2ν), bias = a*_A − a*_B).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from palaestra.metrics.intervals import Estimate, difference, share
from palaestra.metrics.pairs.preference_pairs import SIDES, preferences, text, truth_sign, verdicts

ALL = ""
"""The name that stands for all judges together."""
CERTAIN = 4.0
"""Standard errors from 0 beyond which a judge no longer serves as reference for the others."""


def position_bias(pairs: pl.DataFrame) -> dict[str, Estimate]:
    """Each judge's accuracy when the chosen answer is read first minus when it is read second.

    Positive: it favours what it reads first. Only verdicts on two answers count; accuracy is
    agreement with the label, a tie half. A judge that is asked in both orders sways the label
    not at all by its position bias.

    Returns:
        By judge, and under `ALL` over all judges. Empty without such verdicts.
    """
    told = verdicts(pairs).filter("beside")
    right = (1 + (pl.col("value") - 0.5).sign() * pl.when(pl.col("of") == "chosen").then(1).otherwise(-1)) / 2
    told = told.select("judge", "prompt_id", right.alias("right"), (pl.col("of") == "chosen").alias("first"))
    return _by_judge(told, flip_noise(pairs))


def length_bias(pairs: pl.DataFrame) -> tuple[dict[str, Estimate], dict[str, int]]:
    """Each judge's accuracy when the better answer is the longer one minus otherwise.

    Positive: it favours length. What is better is said by the truth where a program knows it,
    else by the majority of the other judges, so that a judge's own vote isn't in its
    reference; by the label where there is no other judge. Where longer answers are better
    indeed, a reference that errs makes honest judges look biased too: then trust only the truth.

    Returns:
        The bias by judge, and the judge × pair observations by their reference (`truth`,
        `judges`, `label`).
    """
    prefers = preferences(pairs, by_repeat=True).join(
        _longer(pairs).drop("prompt_id"), on="pair", maintain_order="left"
    )
    noise = flip_noise(pairs)
    sources: dict[str, int] = {}

    def biases(swayed: list[str]) -> dict[str, Estimate]:
        known = _with_reference(prefers, swayed).filter(pl.col("reference") != 0)
        sources.clear()
        sources.update(known["source"].value_counts().iter_rows())
        told = known.select(
            "judge",
            "prompt_id",
            ((1 + pl.col("prefers") * pl.col("reference")) / 2).alias("right"),
            (pl.col("reference") == pl.col("longer")).alias("first"),
        )
        return _by_judge(told, noise)

    return without_swayed(biases, prefers["judge"].n_unique()), sources


def longer_chosen(pairs: pl.DataFrame) -> Estimate | None:
    """The share of pairs whose chosen answer is the longer one, in characters; equal lengths are left out."""
    lengths = _longer(pairs)
    return share(lengths["longer"] > 0, lengths["prompt_id"])


def without_swayed(biases: Callable[[list[str]], dict[str, Estimate]], names: int) -> dict[str, Estimate]:
    """Biases against judges that are not surely biased themselves.

    A biased judge makes the reference of the honest ones wrong, the other way. So the one of
    most certain bias no longer serves as reference, and again, while two that serve are left.

    Args:
        biases: by name, where these names don't serve as reference.
        names: how many there are.
    """
    swayed: list[str] = []
    while True:
        found = biases(swayed)
        certain = {
            name: abs((estimate.centre if estimate.centre is not None else estimate.value) / estimate.error)
            for name, estimate in found.items()
            if name != ALL and name not in swayed and estimate.error
        }
        worst = max(certain, key=lambda name: certain[name], default=ALL)
        if worst == ALL or certain[worst] < CERTAIN or names - len(swayed) <= 2:
            return found
        swayed.append(worst)


def flip_noise(pairs: pl.DataFrame) -> dict[str, float]:
    """ν of each judge that was asked repeatedly: 1 − its mean agreement with its own most frequent answer.

    0 – 0.5; one of 0.5 says that its answers are a coin's.
    """
    said = (
        preferences(pairs, by_repeat=True)
        .group_by("judge", "pair")
        .agg(
            (pl.col("prefers").value_counts().struct.field("count").max() / pl.len()).alias("modal"),
            pl.len().alias("repeats"),
        )
    )
    means = said.filter(pl.col("repeats") > 1).group_by("judge").agg(1 - pl.col("modal").mean())
    return dict(means.iter_rows())


def _by_judge(told: pl.DataFrame, noise: dict[str, float]) -> dict[str, Estimate]:
    """The difference of `right` between `first` and not, by judge, cleared of its noise, and over all."""
    found: dict[str, Estimate] = {}
    groups = [
        (str(name), rows) for (name,), rows in told.sort("judge").group_by("judge", maintain_order=True)
    ]
    for name, rows in [*groups, (ALL, told)]:
        estimate = difference(rows["right"], rows["first"], rows["prompt_id"], shares=True)
        if estimate is not None:
            nu = noise.get(name, 0.0)
            found[name] = estimate.times(1 / (1 - 2 * nu)) if nu < 0.5 else estimate
    return found


def _longer(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pair`, `prompt_id`, `longer` (1 the chosen, −1 the rejected), `truth`; not of equal lengths."""
    lengths = [text(side).str.len_chars().cast(pl.Int64) for side in SIDES]
    return (
        pairs.with_row_index("pair")
        .select(
            "pair", "prompt_id", (lengths[0] - lengths[1]).sign().alias("longer"), truth_sign().alias("truth")
        )
        .filter(pl.col("longer") != 0)
    )


def _with_reference(prefers: pl.DataFrame, swayed: list[str]) -> pl.DataFrame:
    """`reference` (1 the chosen answer is better, −1 the rejected, 0 unknown) and its `source`."""
    votes = prefers.group_by("pair", "judge").agg(pl.col("prefers").mean().sign().alias("vote"))
    votes = votes.with_columns((~pl.col("judge").is_in(swayed)).cast(pl.Int64).alias("counts"))
    cast = pl.col("vote") * pl.col("counts")
    votes = votes.select(
        "pair",
        "judge",
        (cast.sum().over("pair") - cast).alias("majority"),
        (pl.col("counts").sum().over("pair") - pl.col("counts")).alias("others"),
    )
    told = (pl.col("truth") != 0).fill_null(value=False)
    majority = pl.when(pl.col("others") > 0).then(pl.col("majority").sign()).otherwise(1.0)
    source = pl.when(told).then(pl.lit("truth")).when(pl.col("others") > 0).then(pl.lit("judges"))
    return prefers.join(votes, on=["pair", "judge"], maintain_order="left").with_columns(
        pl.when(told).then("truth").otherwise(majority).alias("reference"),
        source.otherwise(pl.lit("label")).alias("source"),
    )
