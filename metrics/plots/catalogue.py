"""The plots there are, by name, and those that a run's tables allow."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from metrics.metric import Tables
from metrics.plots.plot import Plot

FAMILIES = {
    "opinions": "metrics.plots.opinions",
    "conformity": "metrics.plots.conformity",
    "deduction": "metrics.plots.deduction",
    "bargaining": "metrics.plots.bargaining",
    "feedback": "metrics.plots.feedback",
    "council": "metrics.plots.council",
    "rehearsal": "metrics.plots.rehearsal",
    "persuasion": "metrics.plots.persuasion",
    "tournament": "metrics.plots.tournament",
    "personas": "metrics.plots.personas",
    "judges": "metrics.plots.judges",
    "welfare": "metrics.plots.welfare",
    "games": "metrics.plots.games",
    "levels": "metrics.plots.levels",
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
