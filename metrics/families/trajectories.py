"""What judges say who compare whole episodes: how far apart, how much by the place, whose are better.

How often they flip with the order is told by `panel_flip_rate`, from the same run's comparisons.
"""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.families.judges import ALPHA, KRIPPENDORFF, TWO_JUDGES, agreement
from palaestra.metrics.metric import CORRELATION, Tables, metric
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import MUTED, SINGLE, figure

# Metrics

SCORES = "relative_score.judge relative_score.trajectory relative_score.score"


@metric(SCORES, unit="α", high=1, statistic=ALPHA, source=KRIPPENDORFF, occasion=TWO_JUDGES)
def relative_agreement(relative_score: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's α of the judges' scores of whole trajectories: 1 perfect, 0 chance."""
    return agreement(relative_score.with_columns(unit=pl.col("trajectory")))


@metric("trajectory.score", unit="points", low=0, high=9)
def relative_spread(trajectory: pl.DataFrame) -> pl.DataFrame:
    """The best trajectory's mean score less the worst one's of its group, points of 1–10."""
    spread = pl.col("score").max() - pl.col("score").min()
    return trajectory.group_by("episode", maintain_order=True).agg(spread.alias("value"))


@metric(f"{SCORES} relative_score.place", unit="r", low=-1, high=1, statistic=CORRELATION, null=0)
def place_preference(relative_score: pl.DataFrame) -> pl.DataFrame:
    """Pearson's r of the place at which a judge reads a trajectory with its score, less the means over both.

    The means are over the judge's readings of that trajectory, so it is a bias: below 0 what is read
    earlier scores higher.
    """
    key = ["episode", "judge", "trajectory"]
    known = relative_score.drop_nulls("score").filter(pl.len().over(key) > 1)
    centred = (pl.col(name).cast(pl.Float64) - pl.col(name).mean().over(key) for name in ("place", "score"))
    return known.select("episode", *centred).select("episode", x="place", y="score")


# Figures


@plot("trajectory.author trajectory.share")
def trajectory_shares(tables: Tables) -> Figure:
    """How probable a trajectory is to be better than another of its group (0–1), by who spoke in it.

    Of one author it is a half by construction; several are those of several runs that were judged together.

    Raises:
        Unmeasurable: no judge was understood, or all abstained.
    """
    rows = tables["trajectory"].select("episode", "author", value="share").drop_nulls("value")
    found = means(some(rows, "no judge was understood, or all abstained"), ["author"], support=(0, 1))
    authors = found["author"].to_list()
    drawn = figure(SINGLE, 1.4 + 0.2 * len(authors), subtitle=told(found, "bars"))
    (axes,) = drawn.axes
    dots(axes, found, range(len(authors)))
    name_rows(axes, authors)
    axes.axvline(0.5, color=MUTED, linestyle=":", linewidth=0.9)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("probability of being better than another")
    return drawn
