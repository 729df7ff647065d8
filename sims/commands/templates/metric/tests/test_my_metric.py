"""The metric counts what it says, is measured on a run, and its figure shows it."""

from __future__ import annotations

from pathlib import Path

import palaestra
import polars as pl

from palaestra_my_metric import my_metric, my_metric_by_agent

CALLS = pl.DataFrame(
    {
        "episode": [0, 0, 1, 1],
        "agent": ["Ann", "Bo", "Ann", "Bo"],
        "text": ["Why? Why not?", "No.", "yes?", ""],
        "options": [None, None, ["yes?", "no"], None],
        "failed": [False, False, False, True],
    }
)


def test_it_counts_questions_in_free_words_alone() -> None:
    assert my_metric(CALLS).rows() == [(0, 2.0), (0, 0.0)]


def test_it_is_measured_on_a_run_an_episode_at_a_time(tmp_path: Path) -> None:
    run = palaestra.play("debate", ["episodes=2", "rounds=1"], dry_run=True, out=tmp_path / "run", quiet=True)
    assert my_metric.by_episode(run.tables)["episode"].to_list() == [0, 1]


def test_its_figure_has_a_bar_for_each_agent() -> None:
    [axes] = my_metric_by_agent({"calls": CALLS}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Ann", "Bo"]
    assert [bar.get_width() for bar in axes.patches] == [2, 0]
