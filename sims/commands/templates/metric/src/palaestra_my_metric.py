"""How much agents ask back: a metric, and a figure of it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from matplotlib.figure import Figure
from palaestra import metric, plot

READS = "calls.agent calls.text calls.options calls.failed"


def questions(calls: pl.DataFrame) -> pl.DataFrame:
    """`episode`, `agent` and `value`, the question marks of each answer in free words."""
    free = calls.filter(pl.col("options").is_null() & ~pl.col("failed"))
    marks = pl.col("text").str.count_matches("?", literal=True)
    return free.select("episode", "agent", value=marks.cast(pl.Float64))


@metric(READS, unit="questions", low=0)
def my_metric(calls: pl.DataFrame) -> pl.DataFrame:
    """Mean number of question marks in an answer."""
    return questions(calls).select("episode", "value")


@plot(READS)
def my_metric_by_agent(tables: Mapping[str, pl.DataFrame]) -> Figure:
    """Mean number of question marks in an answer of each agent."""
    means = questions(tables["calls"]).group_by("agent", maintain_order=True).agg(pl.col("value").mean())
    figure = Figure(figsize=(3.4, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.barh(means["agent"].to_list(), means["value"].to_list())
    axes.set_xlabel("question marks an answer")
    return figure
