"""What can be measured and drawn of a run: all families of metrics there are, with their figures.

A family is a module: each `Metric` and `Plot` in it counts, in their order. Ours are the modules of
`palaestra.metrics.families`; another package adds its own by an entry point in the group
`palaestra.metrics`: `manners = "mypackage.manners"`. A family that doesn't load is left out with a
warning. Of one that does, a metric or a plot that fails can't be measured or drawn, and its reason
names the family, the line and a remedy; all others can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any
from warnings import warn

from matplotlib.figure import Figure

from palaestra.agents.extensions import Extensions, Place, fault
from palaestra.agents.failures import ExtensionFault, PalaestraError
from palaestra.metrics import comparison
from palaestra.metrics.metric import Guard, Metric, Tables, Unmeasurable
from palaestra.metrics.plots.levels import forest
from palaestra.metrics.plots.plot import Plot, plot


@dataclass(frozen=True, slots=True)
class Family:
    """The metrics of one module, and its figures, in their order."""

    metrics: tuple[Metric, ...]
    plots: tuple[Plot[Any], ...]


Member = Metric | Plot[Any]
Owners = dict[tuple[str, str], tuple[Member, str]]
"""Each measure by what it is and its name, and whose it is in words."""


class MeasureFault(ExtensionFault, Unmeasurable):
    """The code of a metric or a plot that failed, so that there is no number or no figure."""


def _family(place: Place) -> Family:
    """The family at `place`."""
    if place.attribute:
        raise TypeError(f"{place} is no module")
    values = vars(import_module(place.module)).values()
    metrics = tuple(found for found in values if isinstance(found, Metric))
    plots = tuple(found for found in values if isinstance(found, Plot))
    if not (metrics or plots):
        raise TypeError(f"{place} holds no Metric and no Plot")
    return Family(metrics, plots)


FAMILIES: Extensions[Family] = Extensions(
    "palaestra.metrics", "metric family", "palaestra.metrics.families", _family
)
"""All families, by name, as their modules have them; see `families`, which tells their faults."""


def families() -> dict[str, Family]:
    """All families that load, by name.

    What a family imports from another one is that one's. A family with a metric or a plot that is
    called as one of an earlier family is left out, with a warning that names both.
    """
    return dict(_families(tuple(FAMILIES.places.values())))


@cache
def _families(places: tuple[Place, ...]) -> dict[str, Family]:
    """The families at `places`; put together once, so that a warning comes once."""
    found: dict[str, Family] = {}
    owners: Owners = {_called(levels): (levels, f"the module {__name__}")}
    for place in places:
        whose = f"the family {place.name!r} ({place})"
        try:
            family = FAMILIES[place.name]
            owners = _joined(owners, family, place, whose)
        except ExtensionFault as told:
            warn(f"left out: {told}", stacklevel=1)
            continue
        own = [measure for measure, owner in owners.values() if owner == whose]
        found[place.name] = Family(
            tuple(replace(each, guard=_guard(each, place)) for each in own if isinstance(each, Metric)),
            tuple(replace(each, guard=_guard(each, place)) for each in own if isinstance(each, Plot)),
        )
    return found


def _joined(owners: Owners, family: Family, place: Place, whose: str) -> Owners:
    """`owners` with the measures of a family at `place`, called `whose` in words.

    Raises:
        ExtensionFault: one of them is called as another that there is.
    """
    joined = dict(owners)
    measures: tuple[Member, ...] = (*family.metrics, *family.plots)
    for measure in measures:
        other, owner = joined.setdefault(_called(measure), (measure, whose))
        if other is not measure:
            what, name = _called(measure)
            remedy = f"Rename it{f', or: pip uninstall {place.package}' if place.package else ''}."
            told = f"{whose} has the {what} {name!r} ({measure.written}), and so has {owner}"
            raise ExtensionFault(told, remedy)
    return joined


def metrics() -> dict[str, Metric]:
    """All metrics, by name."""
    return {metric.name: metric for family in families().values() for metric in family.metrics}


def plots() -> dict[str, Plot[Any]]:
    """All plots, by name; that of all metrics comes last."""
    found = {plot.name: plot for family in families().values() for plot in family.plots}
    return found | {levels.name: levels}


def readable(tables: Tables) -> dict[str, Metric]:
    """The metrics whose columns are all in `tables`, by name."""
    return {name: metric for name, metric in metrics().items() if not metric.lacks(tables)}


def drawable(tables: Tables) -> dict[str, Plot[Any]]:
    """The plots whose columns are all in `tables`, in a first table that isn't empty, by name."""
    return {name: plot for name, plot in plots().items() if not plot.lacks(tables)}


@plot("episodes.episode")
def levels(tables: Tables) -> Figure:
    """All metrics that the tables give, with their 95 % intervals, a panel for each unit.

    Raises:
        Unmeasurable: no metric can be measured.
    """
    return forest(comparison.levels(readable(tables).values(), tables))


def _called(measure: Member) -> tuple[str, str]:
    """What a measure is and its name: a metric and a plot may have the same."""
    return "metric" if isinstance(measure, Metric) else "plot", measure.name


def _guard(measure: Member, place: Place) -> Guard:
    """What tells faults of `measure`, of the family at `place`."""
    what, name = _called(measure)

    @contextmanager
    def guarded() -> Iterator[None]:
        try:
            yield
        except (Unmeasurable, PalaestraError):
            raise
        except Exception as error:
            told = fault(f"{what} {name!r} of the family {place.name!r}", place, error)
            raise MeasureFault(told.args[0], told.remedy) from error

    return guarded
