"""The metrics there are, by family: ours, and those that other packages register.

Another package adds a family by an entry point in the group `palaestra.metrics`:
`manners = "mypackage.manners"`, a module whose `Metric`s are taken in their order.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from metrics.metric import Metric, Tables

FAMILIES = {
    "opinions": "metrics.opinions",
    "conformity": "metrics.conformity",
    "deduction": "metrics.deduction",
    "bargaining": "metrics.bargaining",
    "feedback": "metrics.feedback",
    "tournament": "metrics.tournament",
    "speech": "metrics.speech",
    "judges": "metrics.judges",
}


def families() -> dict[str, list[Metric]]:
    """All metrics, by the family that they belong to."""
    others = {point.name: point.value for point in entry_points(group="palaestra.metrics")}
    return {
        name: [found for found in vars(import_module(module)).values() if isinstance(found, Metric)]
        for name, module in (others | FAMILIES).items()
    }


def metrics() -> dict[str, Metric]:
    """All metrics, by name."""
    return {metric.name: metric for family in families().values() for metric in family}


def readable(tables: Tables) -> dict[str, Metric]:
    """The metrics whose columns are all in `tables`, by name."""
    return {name: metric for name, metric in metrics().items() if not metric.lacks(tables)}
