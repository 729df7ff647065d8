"""Trajectories and networks of opinions, of two agents whose changes are worked by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from palaestra.metrics.families.opinions import influence_network, opinions
from palaestra.metrics.metric import Unmeasurable
from support.metric_tables import table
from support.worked import debate, ended, lines, pixels, points, repeated, subtitle, words


def test_each_stance_has_a_panel_with_its_agents_and_their_mean() -> None:
    figure = opinions(debate(12))
    left, right = figure.axes
    assert left.get_title("left") == "for\n(12 opinions)"
    assert lines(left) == [([0, 1], [-0.5, 1.5])] * 2, "the agents' way, and the mean of the episodes"
    assert lines(right) == [([0, 1], [1.5, 0.5])] * 2
    assert words(left) == ["12", "12"], "how many hold the opinion, before and after"
    assert left.get_ylabel() == "opinion (points)\n−2.5 disagree … 2.5 agree"


def test_numbers_that_there_is_no_room_for_are_left_out_with_a_word() -> None:
    def of(kinds: int) -> Figure:
        rows = [(0, f"a{k}", moment, -2.5 + k / 2) for k in range(kinds) for moment in ("before", "after")]
        return opinions({"opinion": table("episode agent moment opinion", *rows)})

    assert len(words(of(8).axes[0])) == 16
    assert "isn't written" not in subtitle(of(8))
    assert words(of(9).axes[0]) == []
    assert "isn't written where there are more than 8 opinions" in subtitle(of(9))


def test_a_way_is_as_wide_as_many_agents_went_it() -> None:
    opinion = table(
        "episode agent moment opinion",
        *((0, name, "before", 0.5) for name in "abcd"),
        *((0, name, "after", 1.5) for name in "abc"),
        (0, "d", "after", -0.5),
    )
    (axes,) = opinions({"opinion": opinion}).axes
    widths = {np.asarray(line.get_ydata())[1]: line.get_linewidth() for line in axes.get_lines()[:2]}
    assert widths == {1.5: 3, -0.5: 1}
    assert lines(axes)[2] == ([0, 1], [0.5, 1.0])


def test_panels_are_by_motion_where_asked_for_or_where_there_is_no_stance() -> None:
    tables = debate(2) | {"episodes": ended(2, motion=["Cars", "Schools"])}
    assert [axes.get_title("left") for axes in opinions(tables, by="motion").axes] == [
        "Cars\n(2 opinions)",
        "Schools\n(2 opinions)",
    ]
    tables["opinion"] = tables["opinion"].drop("stance")
    assert len(opinions(tables).axes) == 2
    assert len(opinions(tables, by="").axes) == 1


def test_a_dollar_sign_in_a_motion_begins_no_formula() -> None:
    tables = debate(2) | {"episodes": ended(2, motion=["US$ #1 beats A$_", "$20% or $5"])}
    figure = opinions(tables, by="motion")
    assert pixels(figure)
    assert figure.axes[1].get_title("left") == "$20% or $5\n(2 opinions)"


def test_a_column_that_there_is_not_makes_no_panels() -> None:
    with pytest.raises(Unmeasurable, match="by 'mood': no such column"):
        opinions(debate(), by="mood")


def test_the_mean_has_an_interval_where_ten_episodes_differ() -> None:
    tables = debate(12)
    differing = pl.when(pl.col("episode") % 2 == 0).then(pl.col("opinion")).otherwise(pl.col("opinion") - 1)
    tables["opinion"] = tables["opinion"].with_columns(differing.alias("opinion"))
    bars = [xy for xy in lines(opinions(tables, by="").axes[0]) if xy[0][0] == xy[0][1]]
    # Means of 0.5 and −0.5 before: sd 0.522, t(11) = 2.201, so about ± 0.332.
    assert bars[0][1] == pytest.approx([-0.33, 0.33], abs=0.01)
    assert "bars: 95 % intervals" in subtitle(opinions(tables))


def test_one_episode_has_no_interval_and_the_figure_says_so() -> None:
    assert "means of one episode, no interval (it takes 10)" in subtitle(opinions(debate()))


def test_agents_who_told_nothing_after_leave_nothing_to_draw() -> None:
    tables = debate()
    tables["opinion"] = tables["opinion"].filter(pl.col("moment") == "before")
    with pytest.raises(Unmeasurable, match="no agent told its opinion both before and after"):
        opinions(tables)


def test_arrows_go_from_who_draws_to_who_is_drawn_as_wide_as_their_weight() -> None:
    # Ann closes her whole gap of 2 to Bo, Bo half of his to Ann.
    figure = influence_network(debate(3))
    (axes,) = figure.axes
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert [arrow.get_linewidth() for arrow in arrows] == [pytest.approx(0.3 + 2.7 / 2), pytest.approx(3.0)]
    assert words(axes) == ["Ann", "Bo"]
    assert len(points(axes)) == 2
    assert "widest arrow: 1.00 of the gap closed" in subtitle(figure)


def test_a_network_needs_somebody_who_moved() -> None:
    tables = debate(3)
    before = tables["opinion"].filter(pl.col("moment") == "before")
    still = pl.concat([before, before.with_columns(moment=pl.lit("after"))])
    with pytest.raises(Unmeasurable, match="no agent's opinion moved"):
        influence_network(tables | {"opinion": still})


def test_a_network_needs_agents_who_differ() -> None:
    alike = repeated(
        table("agent moment opinion", *((a, m, 0.5) for a in "ab" for m in ("before", "after"))), 3
    )
    with pytest.raises(Unmeasurable, match="too few or too alike"):
        influence_network({"opinion": alike})
