"""The metrics there are, by family: ours, and those that other packages register.

Another package adds a family by an entry point in the group `palaestra.metrics`:
`manners = "mypackage.manners"`, a module whose `Metric`s are taken in their order. One that
can't be imported is left out with a warning.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from palaestra.metrics.metric import Metric, Tables

FAMILIES = {
    "opinions": "palaestra.metrics.families.opinions",
    "conformity": "palaestra.metrics.families.conformity",
    "deduction": "palaestra.metrics.families.deduction",
    "bargaining": "palaestra.metrics.families.bargaining",
    "feedback": "palaestra.metrics.families.feedback",
    "council": "palaestra.metrics.families.council",
    "rehearsal": "palaestra.metrics.families.rehearsal",
    "persuasion": "palaestra.metrics.families.persuasion",
    "tournament": "palaestra.metrics.families.tournament",
    "personas": "palaestra.metrics.families.personas",
    "speech": "palaestra.metrics.families.speech",
    "judges": "palaestra.metrics.families.judges",
    "welfare": "palaestra.metrics.families.welfare",
    "games": "palaestra.metrics.families.games",
}


def families() -> dict[str, list[Metric]]:
    """All metrics, by the family that they belong to."""
    found = {point.name: _others(point) for point in entry_points(group="palaestra.metrics")}
    return found | {name: _metrics_of(import_module(module)) for name, module in FAMILIES.items()}


def metrics() -> dict[str, Metric]:
    """All metrics, by name."""
    return {metric.name: metric for family in families().values() for metric in family}


def readable(tables: Tables) -> dict[str, Metric]:
    """The metrics whose columns are all in `tables`, by name."""
    return {name: metric for name, metric in metrics().items() if not metric.lacks(tables)}


def _others(point: EntryPoint) -> list[Metric]:
    """The metrics of another package; none where its module doesn't import, for whatever reason."""
    try:
        return _metrics_of(import_module(point.value))
    except Exception as error:
        told = f"the metrics {point.name!r} ({point.value}) are left out: {type(error).__name__}: {error}"
        warnings.warn(told, stacklevel=2)
        return []


def _metrics_of(module: ModuleType) -> list[Metric]:
    return [found for found in vars(module).values() if isinstance(found, Metric)]
