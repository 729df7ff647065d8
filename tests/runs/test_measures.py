"""All metrics and figures there are hold what they say of themselves, on runs of the ready-made files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache

import numpy as np
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from polars.exceptions import ColumnNotFoundError

from palaestra.metrics.metric import Metric, Unmeasurable, lacking
from palaestra.metrics.plots.plot import Plot
from palaestra.metrics.plots.style import DOUBLE, SINGLE
from palaestra.runs.measures import FAMILIES, drawable, families, levels, metrics, plots, readable
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import FOLDER
from palaestra.scenarios.core.registry import SCENARIOS
from support import worked
from support.metric_tables import play
from support.worked import Tables, is_number, lines, pixels, points

pytestmark = pytest.mark.xdist_group("measures")

EPISODES = 4
# As their modules have them, so that what fails in one fails here and isn't merely told.
METRICS = [metric for _, family in FAMILIES.items() for metric in family.metrics]
PLOTS = [*(plot for _, family in FAMILIES.items() for plot in family.plots), levels]
DRAWN = [
    pytest.param(plot, number, id=f"{plot.name}-{number}" if len(plot.needs) > 1 else plot.name)
    for plot in PLOTS
    for number in range(len(plot.needs))
]

Runs = dict[str, Tables]
Occasions = Callable[[Metric], list[tuple[Tables, pl.Series]]]
Drawn = Callable[[Plot[...], int], tuple[Tables, Figure]]


@pytest.fixture(scope="session")
def runs() -> Runs:
    """The tables of a run of each ready-made file, by its name."""
    files = [
        file for name in SCENARIOS for file in (SCENARIOS[name].prompts_file.parent / FOLDER).glob("*.yaml")
    ]
    return {file.stem: play(load(file), EPISODES) for file in sorted(files)}


@pytest.fixture(scope="session")
def occasions(runs: Runs) -> Occasions:
    """The runs in which a metric has an occasion, with its number in each episode."""

    by_name = {metric.name: metric for metric in METRICS}

    @cache
    def of(name: str) -> list[tuple[Tables, pl.Series]]:
        metric, found = by_name[name], []
        for tables in runs.values():
            with suppress(Unmeasurable):
                found.append((tables, metric.by_episode(tables)["value"]))
        return found

    return lambda metric: of(metric.name)


# Metrics


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Metric) -> None:
    assert metric.summary.endswith(".")
    assert metric.unit
    assert metric.source
    assert metric.name == metric.rows.__name__
    assert all(metric.needs.values())
    assert metric.low is None or metric.high is None or metric.low < metric.high


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_its_numbers_are_within_its_bounds_and_never_nan(metric: Metric, occasions: Occasions) -> None:
    found = occasions(metric)
    assert found, "no ready-made file gives it an occasion"
    for _, values in found:
        assert not values.is_nan().any()
        for value in values.drop_nulls():
            assert metric.low is None or value >= metric.low - 1e-9
            assert metric.high is None or value <= metric.high + 1e-9


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_it_reads_the_columns_that_it_names_and_no_others(metric: Metric, occasions: Occasions) -> None:
    def read(tables: Tables) -> Tables:
        return {name: tables[name].select("episode", *columns) for name, columns in metric.needs.items()}

    def told(tables: Tables) -> pl.DataFrame:
        return metric.rows(*(tables[name] for name in metric.needs)).sort(pl.all())

    # A metric may heed what only some runs record, such as whose an opinion is; elsewhere these are all.
    tables = next(read(run) for run, _ in occasions(metric) if told(run).equals(told(read(run))))
    assert {"episode", *metric.statistic.columns} <= set(told(tables).columns)
    for name, columns in metric.needs.items():
        for column in columns:
            less = tables | {name: tables[name].drop(column)}
            with pytest.raises((ColumnNotFoundError, TypeError)):  # the latter by `filter`
                metric.rows(*less.values())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_run_without_rows_cannot_be_measured(metric: Metric, occasions: Occasions) -> None:
    tables, _ = occasions(metric)[0]
    with pytest.raises(
        Unmeasurable, match=f"{metric.name} can't be measured here: the run has nothing in table"
    ):
        metric.parts({name: of.clear() for name, of in tables.items()})


def without_occasions(tables: Tables, needs: Mapping[str, Sequence[str]]) -> Iterator[Tables]:
    """What a run's tables are where little happened: one row of each, none, or outcomes that nobody has."""
    outcome = [
        name for name in tables["episodes"].columns if name not in ("episode", "seed", "ended", "steps")
    ]
    for chosen in (outcome, *([name] for name in needs.get("episodes", ()) if name in outcome)):
        # No episode has a value, so the column has no type either.
        nobody = tables["episodes"].with_columns(pl.lit(None).alias(name) for name in chosen)
        yield {**tables, "episodes": nobody}
    yield {name: table.head(1) for name, table in tables.items()}
    yield {name: table if name == "episodes" else table.clear() for name, table in tables.items()}
    for name in needs:
        yield {**tables, name: tables[name].clear()}
        yield {**tables, name: tables[name].head(1)}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_run_in_which_little_happened_is_measured_or_told_why_not(metric: Metric, runs: Runs) -> None:
    for tables in runs.values():
        if metric.lacks(tables):
            continue
        for less in without_occasions(tables, metric.needs):
            with suppress(Unmeasurable):
                assert metric.combine(metric.parts(less).sums.sum(axis=0)[None]).size == 1


@pytest.mark.parametrize(
    "plot",
    # `levels` draws every outcome of every run.
    [pytest.param(plot, marks=pytest.mark.whole) if plot.name == "levels" else plot for plot in PLOTS],
    ids=lambda plot: plot.name,
)
def test_a_run_in_which_little_happened_is_drawn_or_told_why_not(plot: Plot[...], runs: Runs) -> None:
    for tables in runs.values():
        for needs in plot.needs:
            if not lacking(needs, tables):
                for less in (tables, *without_occasions(tables, needs)):
                    with suppress(Unmeasurable):
                        plt.close(plot(less))


def test_every_family_has_its_metrics_and_every_metric_and_plot_its_own_name() -> None:
    assert all(family.metrics for family in families().values())
    assert list(families()) == list(FAMILIES)
    assert list(metrics()) == [metric.name for metric in METRICS]
    assert list(plots()) == [plot.name for plot in PLOTS]


def test_readable_are_those_whose_columns_are_there(runs: Runs) -> None:
    found = readable(runs["used-car"])
    assert "deal_rate" in found
    assert "speech_length" in found
    assert not {"conformity", "total_utility", "tas"} & set(found)
    assert readable({}) == {}


# Figures


@pytest.fixture(scope="session")
def drawn(runs: Runs) -> Drawn:
    """The smallest run that gives a plot an occasion by one of its `needs`, of that only, with its figure."""
    by_size = sorted(runs.values(), key=lambda tables: sum(map(len, tables.values())))

    by_name = {plot.name: plot for plot in PLOTS}

    @cache
    def of(name: str, number: int) -> tuple[Tables, Figure]:
        plot = by_name[name]
        needs = plot.needs[number]
        for tables in by_size:
            if lacking(needs, tables):
                continue
            read = {name: tables[name].select({"episode", *columns}) for name, columns in needs.items()}
            least = tables if plot is levels else read
            with suppress(Unmeasurable):
                return least, plot(least)
        pytest.fail(f"no ready-made file gives {name} an occasion by {dict(needs)}")

    return lambda plot, number: of(plot.name, number)


def told(axes: Axes) -> bool:
    """Whether the axes hold anything."""
    return bool(axes.lines or axes.collections or axes.images or axes.patches)


@pytest.mark.parametrize(("plot", "number"), DRAWN)
def test_a_plot_draws_on_the_columns_that_it_needs_and_always_the_same(
    plot: Plot[...], number: int, drawn: Drawn
) -> None:
    tables, figure = drawn(plot, number)
    picture = pixels(figure)
    assert number or picture == pixels(plot(tables))
    assert figure.get_figwidth() in (SINGLE, DOUBLE)
    assert figure.get_suptitle()
    for axes in figure.axes:
        assert told(axes), "no empty axes"
        assert is_number(value for xy in lines(axes) for values in xy for value in values)
        assert is_number(value for point in points(axes) for value in point)
        for image in axes.images:
            assert np.isfinite(np.ma.asarray(image.get_array()).compressed()).all()


@pytest.mark.parametrize(("plot", "number"), DRAWN)
def test_a_plot_refuses_an_empty_table_and_a_missing_one_and_says_which(
    plot: Plot[...], number: int, drawn: Drawn
) -> None:
    tables, _ = drawn(plot, number)
    first = next(iter(plot.needs[number]))
    with pytest.raises(Unmeasurable, match=f"{plot.name} can't be drawn here: .*nothing in table '{first}'"):
        plot(tables | {first: tables[first].clear()})
    without = {name: frame for name, frame in tables.items() if name != first}
    with pytest.raises(Unmeasurable, match=f"{plot.name} can't be drawn here: .*no table '{first}'"):
        plot(without)
    assert plot.name not in drawable(without)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_a_plot_says_in_a_line_what_it_shows(plot: Plot[...]) -> None:
    assert plot.summary.endswith(".")
    assert plot.name == plot.function.__name__


def test_a_missing_column_is_named() -> None:
    tables = worked.tournament()
    tables["match"] = tables["match"].drop("margin")
    assert plots()["wins"].lacks(tables) == "no column 'margin' in table 'match'"


def test_episodes_that_have_not_ended_are_left_out_as_metrics_do() -> None:
    tables = worked.debate(2)
    tables["episodes"] = tables["episodes"].with_columns(pl.Series("ended", [True, False]))
    assert "one episode" in plots()["opinions"](tables).get_suptitle()


def test_what_a_run_allows_can_be_drawn() -> None:
    assert list(drawable(worked.game())) == ["trust", "survival", "levels"]
    assert list(drawable(worked.compared())) == ["judge_bias"]
    assert drawable({}) == {}


def test_all_metrics_of_a_run_make_a_forest() -> None:
    (axes,) = (axes for axes in levels(worked.debate(12)).axes if axes.get_xlabel() == "points")
    shifts = dict(zip(worked.names(axes), [x for x, _ in points(axes)], strict=True))
    assert shifts["opinion shift"] == 0.5, "Ann +2 and Bo −1"
    assert shifts["opinion mobility"] == 1.5


def test_plots_leave_no_state_behind() -> None:
    before = dict(rcParams)
    plots()["survival"](worked.game())
    assert dict(rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
