"""Every plot: that it draws on the tables that it names, always the same, and refuses what can't be drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from matplotlib import rcParams
from matplotlib.axes import Axes

from palaestra.metrics.metric import Unmeasurable
from palaestra.metrics.plots.catalogue import PLOTS, drawable
from palaestra.metrics.plots.style import DOUBLE, SINGLE
from support import worked
from support.worked import Tables, is_number, lines, pixels, points

TABLES: dict[str, Callable[[], Tables]] = {
    "opinions": worked.debate,
    "influence_network": lambda: worked.debate(3),
    "conformity": worked.puzzles,
    "trust": worked.game,
    "survival": worked.game,
    "deals": worked.bargain,
    "packages": worked.budget,
    "revisions": worked.observed,
    "rebuttals": worked.reviewed,
    "council_sessions": worked.council,
    "rehearsals": worked.rehearsed,
    "persuasion": worked.persuaded,
    "ratings": worked.tournament,
    "wins": worked.tournament,
    "personas": worked.interviewed,
    "judge_bias": worked.panel,
    "welfare_plane": worked.welfare,
    "picks": worked.picked,
    "levels": worked.debate,
}


def needed(name: str) -> Tables:
    """The tables that a plot needs, with no other columns than it names."""
    tables, plot = TABLES[name](), PLOTS[name]
    needs = next(needs for needs in plot.needs if set(needs) <= set(tables))
    least = {table: tables[table].select({"episode", *columns}) for table, columns in needs.items()}
    return tables if name == "levels" else least


def told(axes: Axes) -> bool:
    """Whether the axes hold anything."""
    return bool(axes.lines or axes.collections or axes.images or axes.patches)


def test_every_plot_is_tried_here() -> None:
    assert list(TABLES) == list(PLOTS)


@pytest.mark.parametrize("name", TABLES)
def test_a_plot_draws_on_the_columns_that_it_needs_and_always_the_same(name: str) -> None:
    figure = PLOTS[name](needed(name))
    assert pixels(figure) == pixels(PLOTS[name](needed(name)))
    assert figure.get_figwidth() in (SINGLE, DOUBLE)
    assert figure.get_suptitle()
    for axes in figure.axes:
        assert told(axes), "no empty axes"
        assert is_number(value for xy in lines(axes) for values in xy for value in values)
        assert is_number(value for point in points(axes) for value in point)
        for image in axes.images:
            assert np.isfinite(np.ma.asarray(image.get_array()).compressed()).all()


@pytest.mark.parametrize("name", TABLES)
def test_a_plot_refuses_an_empty_table_and_a_missing_one_and_says_which(name: str) -> None:
    plot, tables = PLOTS[name], needed(name)
    first = next(next(iter(needs)) for needs in plot.needs if set(needs) <= set(tables))
    with pytest.raises(Unmeasurable, match=f"{name} can't be drawn here: .*nothing in table '{first}'"):
        plot(tables | {first: tables[first].clear()})
    without = {table: frame for table, frame in tables.items() if table != first}
    with pytest.raises(Unmeasurable, match=f"{name} can't be drawn here: .*no table '{first}'"):
        plot(without)
    assert name not in drawable(without)


def test_a_missing_column_is_named() -> None:
    tables = worked.tournament()
    tables["match"] = tables["match"].drop("margin")
    assert PLOTS["wins"].lacks(tables) == "no column 'margin' in table 'match'"


def test_episodes_that_have_not_ended_are_left_out_as_metrics_do() -> None:
    tables = worked.debate(2)
    tables["episodes"] = tables["episodes"].with_columns(pl.Series("ended", [True, False]))
    assert "one episode" in PLOTS["opinions"](tables).get_suptitle()


def test_what_a_run_allows_can_be_drawn() -> None:
    assert list(drawable(worked.game())) == ["trust", "survival", "levels"]
    assert list(drawable(worked.compared())) == ["judge_bias"]
    assert drawable({}) == {}


def test_plots_leave_no_state_behind() -> None:
    before = dict(rcParams)
    PLOTS["survival"](worked.game())
    assert dict(rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_every_plot_says_in_a_line_what_it_shows() -> None:
    assert all(plot.summary.endswith(".") for plot in PLOTS.values())
