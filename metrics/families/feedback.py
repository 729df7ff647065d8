"""What peers' feedback did to answers and to reviewers' minds: before against after.

Sources: of alignment and engagement (1–7, by an observer), the sandbox of Stable Alignment; of
the panel's reward (0–1), Panel-of-Peers.
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.metric import CORRELATION, metric

STABLE_ALIGNMENT = "Stable Alignment, sandbox"
PANEL_OF_PEERS = "Panel-of-Peers"
OBSERVED = "observation.agent observation.round observation.moment observation.criterion observation.score"
REVIEWED = "review_score.reviewer review_score.moment review_score.criterion review_score.score"


def observed(observation: pl.DataFrame) -> pl.DataFrame:
    """The observer's scores of drafts and their revisions.

    Returns:
        `episode`, `agent`, `round`, `criterion`, `before` and `after` (1–7) of all answers of
        which both were understood.
    """
    return _before_after(observation, ["episode", "agent", "round", "criterion"])


def _before_after(scores: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    before, after = (
        scores.filter(pl.col("moment") == moment)
        .drop_nulls("score")
        .select(*key, pl.col("score").alias(moment))
        for moment in ("before", "after")
    )
    return before.join(after, on=key, maintain_order="left")


def _gain(observation: pl.DataFrame, criterion: str) -> pl.DataFrame:
    both = observed(observation).filter(pl.col("criterion") == criterion)
    return both.select("episode", value=pl.col("after") - pl.col("before"))


@metric(OBSERVED, unit="points of 1–7", low=-6, high=6, source=STABLE_ALIGNMENT)
def alignment_gain(observation: pl.DataFrame) -> pl.DataFrame:
    """Mean change of moral alignment from draft to revision, as the observer rates them."""
    return _gain(observation, "alignment")


@metric(OBSERVED, unit="points of 1–7", low=-6, high=6, source=STABLE_ALIGNMENT)
def engagement_gain(observation: pl.DataFrame) -> pl.DataFrame:
    """Mean change of engagement from draft to revision, as the observer rates them."""
    return _gain(observation, "engagement")


@metric(
    OBSERVED + " feedback.author feedback.round feedback.rating",
    unit="r",
    low=-1,
    high=1,
    statistic=CORRELATION,
)
def observer_agreement(observation: pl.DataFrame, feedback: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of the peers' mean rating of a draft with the observer's alignment score of it."""
    drafts = observation.filter(
        (pl.col("moment") == "before") & (pl.col("criterion") == "alignment")
    ).drop_nulls("score")
    ratings = (
        feedback.drop_nulls("rating")
        .group_by("episode", "round", agent="author")
        .agg(pl.col("rating").mean())
    )
    both = drafts.join(ratings, on=["episode", "round", "agent"], maintain_order="left")
    return both.select("episode", x="rating", y="score")


@metric("panel_reward.reward", unit="reward", low=0, high=1, source=PANEL_OF_PEERS)
def panel_reward(panel_reward: pl.DataFrame) -> pl.DataFrame:
    """Mean reward that the panel gives a candidate."""
    return panel_reward.select("episode", value="reward")


@metric("panel_reward.own panel_reward.others", unit="reward", low=-1, high=1)
def self_preference(panel_reward: pl.DataFrame) -> pl.DataFrame:
    """How much more authors give their own candidates than the others do, on average."""
    return panel_reward.select("episode", value=pl.col("own") - pl.col("others"))


@metric(REVIEWED, unit="points of 1–10", low=-9, high=9)
def rebuttal_gain(review_score: pl.DataFrame) -> pl.DataFrame:
    """Mean change of the reviewers' overall score over the rebuttal."""
    overall = review_score.filter(pl.col("criterion") == "overall")
    both = _before_after(overall, ["episode", "reviewer"])
    return both.select("episode", value=pl.col("after") - pl.col("before"))


@metric(REVIEWED, unit="points of 1–10", low=-4.5, high=4.5)
def reviewer_convergence(review_score: pl.DataFrame) -> pl.DataFrame:
    """How much closer reviewers get over the rebuttal: SD of the overall scores before − after."""
    overall = review_score.filter(pl.col("criterion") == "overall")
    both = _before_after(overall, ["episode", "reviewer"]).filter(pl.len().over("episode") > 1)
    closer = pl.col("before").std(ddof=0) - pl.col("after").std(ddof=0)
    return both.group_by("episode", maintain_order=True).agg(closer.alias("value"))


@metric("decision.accept", unit="probability", low=0, high=1)
def paper_acceptance(decision: pl.DataFrame) -> pl.DataFrame:
    """Mean probability that the chair accepts."""
    return decision.select("episode", value="accept")
