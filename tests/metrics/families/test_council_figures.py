"""A council's sessions as curves of welfare and of labels."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.families.council import council_sessions
from palaestra.metrics.metric import Unmeasurable
from support.worked import council, lines, subtitle


def test_groups_and_labels_are_curves_over_sessions() -> None:
    figure = council_sessions(council(3))
    left, right = figure.axes
    assert lines(left) == [([1, 2], [50, 55]), ([1, 2], [60, 55])]
    # Of two labelled acts the mean power is 0.5 and the mean welfare 0.25; one act has no label.
    assert lines(right) == [([1, 2], [0.5, 0.0]), ([1, 2], [0.25, 1.0])]
    legends = [axes.get_legend() for axes in (left, right)]
    names = [[text.get_text() for text in legend.get_texts()] for legend in legends if legend is not None]
    assert names == [["workers", "owners"], ["power-preserving", "serving welfare"]]
    assert left.get_ylabel() == "welfare (points, 0–100)"
    assert "means of 3 episodes, no interval" in subtitle(figure)


def test_a_council_whose_acts_nobody_could_label_is_not_drawn() -> None:
    tables = council()
    tables["label"] = tables["label"].with_columns(power=pl.lit(None, pl.Float64))
    with pytest.raises(Unmeasurable, match="no act has a label"):
        council_sessions(tables)
