"""All metrics there are: what each says of itself holds on scripted runs of the ready-made scenarios."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import polars as pl
import pytest
from polars.exceptions import ColumnNotFoundError
from polars.testing import assert_frame_equal

from palaestra.metrics import catalogue
from palaestra.metrics.catalogue import families, metrics, readable
from palaestra.metrics.metric import Metric, Unmeasurable
from support.metric_tables import play, ready_made

Run = dict[str, pl.DataFrame]
RUNS: list[tuple[str, ...]] = [
    ("debate",),
    ("debate", "judging=pairwise"),
    ("debate-protocol",),
    ("knights-knaves",),
    ("werewolf",),
    ("used-car",),
    ("job-offer",),
    ("street",),
    ("council",),
    ("stable-alignment",),
    ("panel-of-peers",),
    ("rehearsal",),
    ("paper-review",),
    ("persuasion",),
    ("persuasion-free",),
    ("evolve-demo",),
    ("sparta",),
    ("pairwise",),
    ("mutual-welfare",),
    ("persona-interview",),
    ("rock-paper-scissors",),
    ("prisoners-dilemma",),
    ("random-numbers",),
]
ALL = list(metrics().values())


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [play(ready_made(name, *settings), 4) for name, *settings in RUNS]


def measured(metric: Metric, runs: list[Run]) -> list[Run]:
    """The runs in which the metric has an occasion."""
    found = []
    for tables in runs:
        try:
            metric.parts(tables)
        except Unmeasurable:
            continue
        found.append(tables)
    return found


def test_names_are_unique() -> None:
    names = [metric.name for family in families().values() for metric in family]
    assert len(names) == len(set(names)) == len(ALL)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Metric) -> None:
    assert metric.summary.endswith(".")
    assert metric.unit
    assert metric.source
    assert metric.name == metric.rows.__name__
    assert all(metric.needs.values())
    assert metric.low is None or metric.high is None or metric.low < metric.high


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_its_numbers_are_within_its_bounds_and_never_nan(metric: Metric, runs: list[Run]) -> None:
    found = measured(metric, runs)
    assert found
    for tables in found:
        values = metric.by_episode(tables)["value"]
        assert not values.is_nan().any()
        for value in values.drop_nulls():
            assert metric.low is None or value >= metric.low - 1e-9
            assert metric.high is None or value <= metric.high + 1e-9


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_it_reads_the_columns_that_it_names_and_no_others(metric: Metric, runs: list[Run]) -> None:
    tables = measured(metric, runs)[0]
    read = {name: tables[name].select("episode", *columns) for name, columns in metric.needs.items()}
    rows = metric(*read.values())
    assert_frame_equal(rows, metric(*(tables[name] for name in metric.needs)), check_row_order=False)
    assert {"episode", *metric.statistic.columns} <= set(rows.columns)
    for name, columns in metric.needs.items():
        for column in columns:
            less = read | {name: read[name].drop(column)}
            with pytest.raises((ColumnNotFoundError, TypeError)):  # the latter by `filter`
                metric(*less.values())


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_a_run_without_rows_cannot_be_measured(metric: Metric, runs: list[Run]) -> None:
    tables = measured(metric, runs)[0]
    with pytest.raises(
        Unmeasurable, match=f"{metric.name} can't be measured here: the run has nothing in table"
    ):
        metric.parts({name: of.clear() for name, of in tables.items()})


def test_readable_are_those_whose_columns_are_there(runs: list[Run]) -> None:
    found = readable(runs[RUNS.index(("used-car",))])
    assert "deal_rate" in found
    assert "speech_length" in found
    assert not {"conformity", "total_utility", "tas"} & set(found)
    assert readable({}) == {}


def test_another_package_adds_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("manners", "palaestra.metrics.families.tournament", "palaestra.metrics")
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [point] if group == point.group else [])
    assert [metric.name for metric in families()["manners"]] == [m.name for m in families()["tournament"]]


def test_a_family_of_another_package_that_does_not_import_is_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = EntryPoint("manners", "metrics.no_such_module", "palaestra.metrics")
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [point])
    with pytest.warns(
        UserWarning, match=r"'manners' \(metrics\.no_such_module\) are left out: ModuleNotFound"
    ):
        assert families() == {"manners": []} | {name: families()[name] for name in catalogue.FAMILIES}
