"""What each agent thought before and after the talk, as the table `opinion` tells it.

Who moved is read by the families of opinions and of conformity, and by the network of influence.
"""

from __future__ import annotations

import polars as pl

OPINION = "opinion.agent opinion.moment opinion.opinion"
"""The columns that are read."""


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
