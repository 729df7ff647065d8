"""Whether judges like answers of their own policy more than other judges like these."""

from __future__ import annotations

from functools import partial

import polars as pl

from palaestra.metrics.intervals import Estimate, difference, mean
from palaestra.metrics.pairs.judge_bias import without_swayed
from palaestra.metrics.pairs.preference_pairs import SIDES, answer, preferences, verdicts


def self_preference(pairs: pl.DataFrame) -> dict[str, Estimate]:
    """How much more the judges of a policy like its own answers than other judges like these.

    A difference in differences: (score by its judges − score by others') of its own answers
    minus the same of the other policies' answers. Scores are standardised for each policy's
    judges first, as some use more of the scale than others; the unit is their standard
    deviation. Where two answers were read together: the share of its judges that prefer its own
    to another policy's answer minus the share of the others that do, over the same pairs.
    A judge that is better than the others prefers its own policy more if that is the best one.

    Returns:
        By judge policy that judged answers of its own and that others judged too; of answers read
        alone where a policy's judges did both.
    """
    beside, alone = _comparisons(pairs), _scores(pairs)
    return without_swayed(
        partial(_of_comparisons, beside), beside["judge_policy"].n_unique()
    ) | without_swayed(partial(_of_scores, alone), alone["judge_policy"].n_unique())


def _of_scores(scores: pl.DataFrame, swayed: list[str]) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for policy in sorted(scores["judge_policy"].drop_nulls().unique()):
        excess = _excess(scores, ["answer", "policy", "prompt_id"], pl.col("value"), policy, swayed)
        own = excess["policy"] == policy
        estimate = difference(excess["excess"], own, excess["prompt_id"], shares=False)
        if estimate is not None:
            found[policy] = estimate
    return found


def _of_comparisons(told: pl.DataFrame, swayed: list[str]) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for policy in sorted(told["judge_policy"].drop_nulls().unique()):
        wrote = [pl.col(f"{side}_policy") == policy for side in SIDES]
        prefers_own = (1 + pl.col("prefers") * pl.when(wrote[0]).then(1).otherwise(-1)) / 2
        excess = _excess(
            told.filter(wrote[0] != wrote[1]), ["pair", "prompt_id"], prefers_own, policy, swayed
        )
        estimate = mean(excess["excess"], excess["prompt_id"])
        if estimate is not None:
            found[policy] = estimate
    return found


def _excess(
    told: pl.DataFrame, key: list[str], liking: pl.Expr, policy: str, swayed: list[str]
) -> pl.DataFrame:
    """`excess`: how much more the judges of `policy` like what each `key` names than other judges do."""
    own = pl.col("judge_policy") == policy
    others = ~own & ~pl.col("judge_policy").is_in(swayed)
    excess = liking.filter(own).mean() - liking.filter(others).mean()
    return (
        told.group_by(key, maintain_order=True)
        .agg(excess.alias("excess"))
        .filter(pl.col("excess").is_finite())
    )


def _scores(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each judge's standardised score of each answer read alone, with the answer's `policy`."""
    told = verdicts(pairs).filter(~pl.col("beside"))
    authors = pairs.with_row_index("pair").select(
        "pair",
        *(
            pl.struct(answer(side).alias("answer"), pl.col(f"{side}_policy").alias("policy")).alias(side)
            for side in SIDES
        ),
    )
    author = pl.when(pl.col("of") == "chosen").then("chosen").otherwise("rejected")
    score = pl.col("value")
    return (
        told.join(authors, on="pair", how="left", maintain_order="left")
        .with_columns(author.alias("author"))
        .unnest("author")
        .group_by("answer", "policy", "prompt_id", "judge", "judge_policy", maintain_order=True)
        .agg(score.mean())
        .with_columns(((score - score.mean()) / score.std()).over("judge_policy").alias("value"))
    )


def _comparisons(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each judge's preference between two answers that it read together, with their policies."""
    beside = pairs.with_columns(pl.col("verdicts").list.filter(pl.element().struct.field("beside")))
    policies = pairs.with_row_index("pair").select("pair", "chosen_policy", "rejected_policy")
    return preferences(beside).join(policies, on="pair", maintain_order="left")
