"""Trust matrices and survival curves of two small games."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes

from palaestra.metrics.families.deduction import survival, trust
from palaestra.metrics.metric import Unmeasurable
from support.metric_tables import table
from support.worked import ended, game, lines, names, subtitle


def cells(axes: Axes) -> list[list[float | None]]:
    (image,) = axes.get_images()
    values = np.ma.asarray(image.get_array())
    assert np.isfinite(values.compressed()).all()
    rows: list[list[float | None]] = values.tolist()
    return rows


def test_a_round_is_a_matrix_with_the_minority_first_and_in_bold() -> None:
    figure = trust(game())
    first, second, bar = figure.axes
    assert names(first) == names(first, "x") == ["Cem", "Ann", "Bo"]
    assert [label.get_fontweight() for label in first.get_yticklabels()] == ["bold", "normal", "normal"]
    # Ann trusts Cem 0.2 in one game and 0.6 in the other.
    assert cells(first) == [[None, None, None], [pytest.approx(0.4), None, 0.8], [None, None, None]]
    assert cells(second) == [[None, None, 1.0], [None, None, None], [None, None, None]]
    assert [axes.get_title("left") for axes in (first, second)] == [
        "round 1 (2 games)",
        "round 2 (one game)",
    ]
    assert (first.get_xlabel(), first.get_ylabel()) == ("trusted", "trusting")
    assert bar.get_ylabel() == "mean trust (0–1)"
    assert "bold: traitor; hatched: no answer" in subtitle(figure)


def test_a_matrix_can_be_of_one_game_and_of_before_the_talk() -> None:
    (axes, bar) = trust(game(), episode=0, moment="before").axes
    assert cells(axes)[0] == [None, None, 0.0]
    assert axes.get_title("left") == "round 2"
    assert bar.get_ylabel() == "trust (0–1)"


def test_agents_stand_under_their_team_where_roles_are_dealt_anew() -> None:
    tables = game()
    anew = pl.when(pl.col("episode") == 1).then(pl.col("player") == "Ann").otherwise("minority")
    tables["role"] = (
        tables["role"]
        .with_columns(anew.alias("minority"))
        .with_columns(team=pl.when("minority").then(pl.lit("traitor")).otherwise(pl.lit("faithful")))
    )
    figure = trust(tables)
    assert names(figure.axes[0]) == ["traitor 1", "faithful 1", "faithful 2"]
    # Ann, then faithful, of Cem, then the traitor, 0.2; as traitor of Cem, then the second faithful, 0.6.
    assert cells(figure.axes[0]) == [[None, None, 0.6], [0.2, None, 0.8], [None, None, None]]
    assert "roles were dealt anew" in subtitle(figure)


def test_a_game_in_which_nobody_told_trust_is_refused() -> None:
    with pytest.raises(Unmeasurable, match="nobody told its trust after the talk in episode 7"):
        trust(game(), episode=7)


def test_survival_is_the_mean_share_alive_and_an_ended_game_keeps_its_survivors() -> None:
    figure = survival(game())
    (axes,) = figure.axes
    minority, majority = lines(axes)
    assert minority == ([0.0, 1.0, 2.0], [1.0, 0.5, 0.0])
    # The second game ended after round 1 with both of the faithful alive.
    assert majority == ([0.0, 1.0, 2.0], [1.0, 0.75, 0.75])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["traitor (minority)", "faithful (majority)"]
    assert axes.get_ylabel() == "alive (share of the team, 0–1)"
    assert axes.get_xlabel() == "round"
    assert "means of 2 episodes, no interval" in subtitle(figure)
    assert not axes.collections, "no band"


def test_survival_has_a_band_from_ten_games_on_which_stays_within_shares() -> None:
    games = 12
    tables = {
        "role": table(
            "episode event player team minority",
            *((n, 0, "Ann", "faithful", False) for n in range(games)),
            *((n, 1, "Cem", "traitor", True) for n in range(games)),
        ),
        "elimination": table("episode round player", *((n, 1, "Ann" if n else "Cem") for n in range(games))),
        "episodes": ended(games, rounds=1),
    }
    (axes,) = survival(tables).axes
    bands = [band.get_paths()[0].vertices for band in axes.collections]
    assert len(bands) == 2
    assert all(0 <= y <= 1 for band in bands for y in np.asarray(band)[:, 1])
    # 11 of 12 traitors live; with one life and one death more 12 of 14: 0.857 ± 2.160 · 0.3631/√14.
    assert np.asarray(bands[0])[:, 1].min() == pytest.approx(0.8571 - 0.2096, abs=1e-3)


def test_games_that_go_on_have_no_survival_yet() -> None:
    tables = game()
    tables["episodes"] = tables["episodes"].with_columns(pl.lit(value=False).alias("ended"))
    with pytest.raises(Unmeasurable, match="no episode has ended"):
        survival(tables)
