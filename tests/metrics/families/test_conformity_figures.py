"""Rates of conformity as dots at their shares."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.comparison import LEVEL_COLUMNS
from palaestra.metrics.families import conformity
from palaestra.metrics.families.conformity import RATES, conformity_rates, rates
from palaestra.metrics.metric import Metric, Unmeasurable
from support.worked import names, points, puzzles, subtitle


def test_rates_of_conformity_stand_at_their_shares() -> None:
    figure = conformity_rates(puzzles(12))
    (axes,) = figure.axes
    shares = dict(zip(names(axes), [x for x, _ in points(axes)], strict=True))
    assert shares["wrong → right (correction)"] == 1.0
    assert shares["right → wrong (corruption)"] == 0.5
    assert shares["team right at last"] == 0.5
    assert axes.get_xlabel() == "share (0–1)"
    assert "none of: right at first, team right at last" in subtitle(figure)  # the same in all episodes


def test_every_rate_of_conformity_has_its_words_which_differ() -> None:
    told = {metric.name: words for metric, words in RATES}
    assert set(told) == {found.name for found in vars(conformity).values() if isinstance(found, Metric)}
    assert len(set(told.values())) == len(RATES)


def test_rates_need_one_that_has_a_value() -> None:
    with pytest.raises(Unmeasurable, match="there are no metrics"):
        rates(pl.DataFrame(schema=LEVEL_COLUMNS))
