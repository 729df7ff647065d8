"""What agents thought before and after, and who counts as the one who told it."""

from __future__ import annotations

import polars as pl

from palaestra.metrics.opinion_changes import changes, initial
from support.metric_tables import table

COLUMNS = "episode agent moment opinion"


def opinions(*told: tuple[int, str, float | None, float | None]) -> pl.DataFrame:
    """The table of (episode, agent, opinion before, opinion after)."""
    rows = [(episode, agent, "before", before) for episode, agent, before, _ in told]
    return table(COLUMNS, *rows, *((episode, agent, "after", after) for episode, agent, _, after in told))


def test_changes_are_of_agents_who_told_both() -> None:
    told = opinions(
        (0, "Ann", -2.5, -1.5),
        (0, "Bo", 0.5, 0.5),
        (0, "Dee", 1.5, None),  # told only what it thought before
        (1, "Ann", 1.5, 2.5),
    )
    assert changes(told).rows() == [
        (0, "Ann", -2.5, -1.5, 1.0),
        (0, "Bo", 0.5, 0.5, 0.0),
        (1, "Ann", 1.5, 2.5, 1.0),
    ]
    assert (0, "Dee", 1.5) in initial(told).rows()


def test_a_person_on_record_speaks_for_the_agent_before_and_never_after() -> None:
    told = opinions((0, "Ann", 0.5, 1.5)).with_columns(source=pl.lit("model"))
    record = opinions((0, "Bo", -1.5, 2.5)).with_columns(source=pl.lit("human"))
    model = table(COLUMNS, (0, "Bo", "after", -0.5)).with_columns(source=pl.lit("model"))
    found = changes(pl.concat([told, record, model]))
    assert found.rows() == [(0, "Ann", 0.5, 1.5, 1.0), (0, "Bo", -1.5, -0.5, 1.0)]
