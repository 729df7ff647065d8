"""The plots there are, by name, and those that a run's tables allow."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.plot import Plot

FAMILIES = {
    "opinions": "palaestra.metrics.plots.opinions",
    "conformity": "palaestra.metrics.plots.conformity",
    "deduction": "palaestra.metrics.plots.deduction",
    "bargaining": "palaestra.metrics.plots.bargaining",
    "feedback": "palaestra.metrics.plots.feedback",
    "council": "palaestra.metrics.plots.council",
    "rehearsal": "palaestra.metrics.plots.rehearsal",
    "persuasion": "palaestra.metrics.plots.persuasion",
    "tournament": "palaestra.metrics.plots.tournament",
    "personas": "palaestra.metrics.plots.personas",
    "judges": "palaestra.metrics.plots.judges",
    "welfare": "palaestra.metrics.plots.welfare",
    "games": "palaestra.metrics.plots.games",
    "levels": "palaestra.metrics.plots.levels",
}

PLOTS: dict[str, Plot[Any]] = {
    found.name: found
    for module in FAMILIES.values()
    for found in vars(import_module(module)).values()
    if isinstance(found, Plot)
}
"""All plots by name, with the columns that they need."""


def drawable(tables: Tables) -> dict[str, Plot[Any]]:
    """The plots whose columns are all in `tables`, in a first table that isn't empty, by name."""
    return {name: plot for name, plot in PLOTS.items() if not plot.lacks(tables)}
