"""What deals are worth: to each, to all, to the worst off, and against the best there was.

Rules compute utilities when an episode ends; here they become metrics. Two parties bargain in a
`negotiation` (table `utility` with `surplus`); stakeholders share a package in a
`package_bargaining` (outcome fields `total`, `minimum`, `gini`, `satisfaction`).
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.metric import metric

NEGOTIATIVE = "Negotiative Alignment, abstract"
BARGAINING = "Nash, The Bargaining Problem, Econometrica 18 (1950)"


def _outcome(episodes: pl.DataFrame, field: str) -> pl.DataFrame:
    return episodes.select("episode", value=pl.col(field).cast(pl.Float64))


@metric("episodes.deal", unit="share", low=0, high=1)
def deal_rate(episodes: pl.DataFrame) -> pl.DataFrame:
    """Share of negotiations that end in a deal."""
    return _outcome(episodes, "deal")


@metric("episodes.surplus", unit="utility")
def joint_surplus(episodes: pl.DataFrame) -> pl.DataFrame:
    """What both parties gain over no deal, together; 0 without a deal."""
    return _outcome(episodes, "surplus")


@metric("utility.surplus", unit="utility")
def worst_surplus(utility: pl.DataFrame) -> pl.DataFrame:
    """What the party gains that gains least; 0 without a deal."""
    return utility.group_by("episode", maintain_order=True).agg(pl.col("surplus").min().alias("value"))


@metric("episodes.nash_product", unit="utility²", low=0, source=BARGAINING)
def nash_product(episodes: pl.DataFrame) -> pl.DataFrame:
    """Product of the parties' gains over no deal; 0 where one of them loses, or without a deal."""
    return _outcome(episodes, "nash_product")


@metric("episodes.efficiency", unit="share of the bargaining zone")
def efficiency(episodes: pl.DataFrame) -> pl.DataFrame:
    """Joint surplus of a deal over the largest of terms that both accept; above 1 only where one loses.

    Deals without a bargaining zone don't count.
    """
    return _outcome(episodes, "efficiency")


@metric("episodes.pareto", unit="share", low=0, high=1)
def pareto_efficiency(episodes: pl.DataFrame) -> pl.DataFrame:
    """Share of deals that no other terms make better for one party and worse for none."""
    return _outcome(episodes, "pareto")


@metric("episodes.share_first episodes.share_second", unit="share of the bargaining zone", low=0)
def split_imbalance(episodes: pl.DataFrame) -> pl.DataFrame:
    """How unequally a deal splits the zone: |first's share − second's share|."""
    shares = (pl.col("share_first") - pl.col("share_second")).abs()
    return episodes.select("episode", value=shares)


@metric(
    "response.move response.irrational offer.valid offer.irrational",
    unit="share",
    low=0,
    high=1,
)
def irrationality(response: pl.DataFrame, offer: pl.DataFrame) -> pl.DataFrame:
    """Share of moves that offer or accept less than no deal is worth to the one who moves.

    A move is a valid offer, an acceptance or a walk-away.
    """
    answers = response.filter(pl.col("move") != "propose")
    moves = [
        table.select("episode", value=pl.col("irrational").cast(pl.Float64))
        for table in (answers, offer.filter("valid"))
    ]
    return pl.concat(moves)


@metric("episodes.total", unit="utility", low=0, source=NEGOTIATIVE)
def total_utility(episodes: pl.DataFrame) -> pl.DataFrame:
    """U = Σ u_g of the package; episodes without a package don't count."""
    return _outcome(episodes, "total")


@metric("episodes.minimum", unit="utility", low=0, source=NEGOTIATIVE)
def worst_off(episodes: pl.DataFrame) -> pl.DataFrame:
    """min u_g: the utility of the stakeholder who gets least of the package."""
    return _outcome(episodes, "minimum")


@metric("episodes.satisfaction", unit="share", low=0, high=1, source=NEGOTIATIVE)
def satisfaction_p20(episodes: pl.DataFrame) -> pl.DataFrame:
    """20th percentile of the stakeholders' satisfaction: u_g min–max normalised over affordable packages."""
    return _outcome(episodes, "satisfaction")


@metric("episodes.gini", unit="index", low=0, high=1, source=NEGOTIATIVE)
def gini(episodes: pl.DataFrame) -> pl.DataFrame:
    """Gini index of the u_g: Σ_i Σ_j |u_i − u_j| / (2 n² ū); 0 all get the same."""
    return _outcome(episodes, "gini")


@metric("episodes.total episodes.best_total", unit="utility", low=0)
def regret(episodes: pl.DataFrame) -> pl.DataFrame:
    """What the package's total utility lacks to that of the best affordable package."""
    lacking = pl.col("best_total") - pl.col("total")
    return episodes.select("episode", value=lacking)


@metric("acceptance.accepted", unit="share", low=0, high=1)
def acceptance_rate(acceptance: pl.DataFrame) -> pl.DataFrame:
    """Share of responses to packages that accept; unparsed ones don't."""
    return acceptance.select("episode", value=pl.col("accepted").fill_null(value=False).cast(pl.Float64))
