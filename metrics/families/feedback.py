"""What peers' feedback did to answers and to reviewers' minds: before against after.

Sources: of alignment and engagement (1–7, by an observer), the sandbox of Stable Alignment; of
the panel's reward (0–1), Panel-of-Peers.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.metric import CORRELATION, Tables, metric
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, INK, LINE, SINGLE, SMALL, TEXT, figure

# Metrics

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


@metric(OBSERVED, unit="points of 1–7", low=-6, high=6, source=STABLE_ALIGNMENT, null=0)
def alignment_gain(observation: pl.DataFrame) -> pl.DataFrame:
    """Mean change of moral alignment from draft to revision, as the observer rates them."""
    return _gain(observation, "alignment")


@metric(OBSERVED, unit="points of 1–7", low=-6, high=6, source=STABLE_ALIGNMENT, null=0)
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


@metric("panel_reward.own panel_reward.others", unit="reward", low=-1, high=1, null=0)
def self_preference(panel_reward: pl.DataFrame) -> pl.DataFrame:
    """How much more authors give their own candidates than the others do, on average."""
    return panel_reward.select("episode", value=pl.col("own") - pl.col("others"))


@metric(REVIEWED, unit="points of 1–10", low=-9, high=9, null=0)
def rebuttal_gain(review_score: pl.DataFrame) -> pl.DataFrame:
    """Mean change of the reviewers' overall score over the rebuttal."""
    overall = review_score.filter(pl.col("criterion") == "overall")
    both = _before_after(overall, ["episode", "reviewer"])
    return both.select("episode", value=pl.col("after") - pl.col("before"))


@metric(REVIEWED, unit="points of 1–10", low=-4.5, high=4.5, null=0)
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


# Figures

APART = 0.22
"""Half the distance on the x-axis between before and after."""
LEAST_SPAN = 1.0
"""Points that the y-axis spans at least, so that next to nothing doesn't look like much."""
MOMENTS = {"before": (-APART, "o", "white"), "after": (APART, "s", COLOURS[0])}


@plot(OBSERVED)
def revisions(tables: Tables) -> Figure:
    """The observer's scores (1–7) of drafts and of their revisions, by round, a panel for each criterion.

    Thin lines are the episodes' means, the thick one is theirs.

    Raises:
        Unmeasurable: of no answer both scores are understood.
    """
    rows = some(observed(tables["observation"]), "no answer has a score both before and after")
    return _slopes(rows, "round", "observer's score (1–7)", ("draft", "revision"))


@plot(REVIEWED)
def rebuttals(tables: Tables) -> Figure:
    """The reviewers' scores before and after the rebuttal, a panel for each criterion asked twice.

    Thin lines are the episodes' means, the thick one is theirs. Points of the criterion's own scale.

    Raises:
        Unmeasurable: no reviewer scored both before and after.
    """
    key = ["episode", "reviewer", "criterion"]
    sides = [
        tables["review_score"]
        .filter(pl.col("moment") == moment)
        .drop_nulls("score")
        .select(*key, pl.col("score").alias(moment))
        for moment in MOMENTS
    ]
    both = sides[0].join(sides[1], on=key, maintain_order="left").with_columns(pl.lit(1).alias("round"))
    rows = some(both, "no reviewer has a score both before and after")
    return _slopes(rows, "", "reviewers' score (points)", ("before", "after"))


def _slopes(rows: pl.DataFrame, x_label: str, y_label: str, names: tuple[str, str]) -> Figure:
    key = ["criterion", "round"]
    each = rows.unpivot(list(MOMENTS), index=["episode", *key], variable_name="moment", value_name="value")
    found = means(each, [*key, "moment"])
    criteria = found["criterion"].unique(maintain_order=True).to_list()
    drawn = figure(
        SINGLE if len(criteria) == 1 else DOUBLE,
        2.2,
        1,
        len(criteria),
        subtitle=f"{told(found, 'bars')}; thin lines: episodes",
    )
    for axes, criterion in zip(drawn.axes, criteria, strict=True):
        own = pl.col("criterion") == criterion
        _episodes(axes, each.filter(own))
        _means(axes, found.filter(own), names)
        axes.set_title(criterion, fontsize=TEXT, loc="left", color=INK)
        rounds = sorted(found.filter(own)["round"].unique().to_list())
        axes.grid(visible=False, axis="x")
        if x_label:
            axes.set_xticks(rounds)
            axes.set_xlabel(x_label)
        else:
            axes.set_xticks([rounds[0] + MOMENTS[name][0] for name in MOMENTS], names)
        axes.set_xlim(rounds[0] - 0.5, rounds[-1] + 0.5)
        low, high = axes.get_ylim()
        widen = max(0.0, LEAST_SPAN - (high - low)) / 2
        axes.set_ylim(low - widen, high + widen)
    drawn.axes[0].set_ylabel(y_label)
    if x_label:
        labelled = drawn.axes[0].get_legend_handles_labels()
        drawn.legend(*labelled, loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    return drawn


def _episodes(axes: Axes, each: pl.DataFrame) -> None:
    sides = each.group_by("episode", "round", "moment").agg(pl.col("value").mean())
    wide = sides.pivot("moment", index=["episode", "round"], values="value").sort("episode", "round")
    alpha = min(0.7, 12 / wide["episode"].n_unique())
    for number, before, after in wide.select("round", *MOMENTS).iter_rows():
        axes.plot(
            [number - APART, number + APART],
            [before, after],
            color="#8C8C8C",
            linewidth=0.5,
            alpha=alpha,
            zorder=1,
        )


def _means(axes: Axes, found: pl.DataFrame, names: tuple[str, str]) -> None:
    wide = found.pivot("moment", index="round", values="mean").sort("round")
    for number, before, after in wide.select("round", *MOMENTS).iter_rows():
        axes.plot(
            [number - APART, number + APART], [before, after], color=COLOURS[0], linewidth=1.8, zorder=3
        )
    for (moment, (shift, marker, fill)), name in zip(MOMENTS.items(), names, strict=True):
        own = found.filter(pl.col("moment") == moment)
        x = [number + shift for number in own["round"]]
        for place, low, high in zip(x, own["low"], own["high"], strict=True):
            if low is not None:
                axes.plot([place, place], [low, high], color=COLOURS[0], linewidth=LINE, zorder=3)
        axes.scatter(
            x,
            own["mean"].to_list(),
            s=22,
            marker=marker,
            facecolor=fill,
            edgecolor=COLOURS[0],
            linewidth=1.1,
            zorder=4,
            label=name,
        )
