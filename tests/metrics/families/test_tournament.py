"""Tournaments on worked tables, and cycles against networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import polars as pl
import pytest

from palaestra.metrics.families.tournament import (
    check_passed,
    cycle_rate,
    mean_margin,
    meetings,
    rating_paths,
    rating_spread,
    tie_rate,
    win_matrix,
)
from support.metric_tables import by_episode, number, play, ready_made, table

MATCH = table(
    "episode contest first second margin",
    (0, 0, "Ann", "Bo", 1.0),
    (0, 1, "Bo", "Ann", 0.0),
    (0, 2, "Bo", "Cem", 0.5),
    (0, 3, "Ann", "Cem", -2.0),
    (0, 4, "Ann", "Cem", None),  # no judge could be understood
    (1, 0, "Ann", "Bo", -1.0),
)


def test_a_tie_is_half_a_win_and_a_match_without_margin_none() -> None:
    assert meetings(MATCH).rows() == [
        (0, "Ann", "Bo", 1.5, 2),
        (0, "Ann", "Cem", 0.0, 1),
        (0, "Bo", "Ann", 0.5, 2),
        (0, "Bo", "Cem", 1.0, 1),
        (0, "Cem", "Ann", 1.0, 1),
        (0, "Cem", "Bo", 0.0, 1),
        (1, "Ann", "Bo", 0.0, 1),
        (1, "Bo", "Ann", 1.0, 1),
    ]
    shares = {(winner, loser): share for winner, loser, share, _ in win_matrix(MATCH).rows()}
    assert shares["Ann", "Bo"] == 1.5 / 3
    assert shares["Bo", "Ann"] == 1.5 / 3
    assert shares["Cem", "Ann"] == 1.0


def test_a_triple_in_a_circle_is_a_cycle() -> None:
    # Ann beats Bo (1.5 of 2), Bo beats Cem, Cem beats Ann; the other episode has no triple.
    assert by_episode(cycle_rate, match=MATCH) == {0: 1.0}


def test_a_triple_with_an_undecided_pair_does_not_count() -> None:
    tied = table(
        "episode first second margin", (0, "Ann", "Bo", 1.0), (0, "Bo", "Cem", 1.0), (0, "Cem", "Ann", 0.0)
    )
    assert cycle_rate(tied).is_empty()


@pytest.mark.parametrize("seed", range(3))
def test_cycles_are_those_that_networkx_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a, b in combinations("ABCDEFG", 2) if rng.random() < 0.8]
    margins = rng.choice([-1.0, 1.0], len(pairs))
    match = table(
        "episode first second margin", *((0, a, b, m) for (a, b), m in zip(pairs, margins, strict=True))
    )
    beats = nx.DiGraph((a, b) if m > 0 else (b, a) for (a, b), m in zip(pairs, margins, strict=True))
    cycles = sum(len(cycle) == 3 for cycle in nx.simple_cycles(beats, length_bound=3))
    at_each = nx.triangles(beats.to_undirected())
    assert isinstance(at_each, dict)
    triangles = sum(at_each.values()) / 3
    assert cycles > 0
    assert number(cycle_rate, match=match) == pytest.approx(cycles / triangles)


def test_ties_and_margins_are_of_matches_with_a_margin() -> None:
    assert number(tie_rate, match=MATCH) == 1 / 5
    assert by_episode(mean_margin, match=MATCH) == {0: (1 + 0 + 0.5 + 2) / 4, 1: 1.0}


RATING = table(
    "episode event contest fighter rating",
    (0, 0, None, "Ann", 100.0),
    (0, 1, None, "Bo", 100.0),
    (0, 2, None, "Cem", 100.0),
    (0, 5, 0, "Ann", 103.0),
    (0, 6, 0, "Bo", 97.0),
    (0, 9, 1, "Bo", 99.0),
    (0, 10, 1, "Cem", 98.0),
    (1, 0, None, "Ann", 100.0),
    (1, 3, 0, "Ann", 104.0),
)


def test_the_spread_is_of_last_ratings() -> None:
    assert by_episode(rating_spread, rating=RATING) == {0: 103.0 - 98.0, 1: 0.0}


def test_paths_count_the_matches_that_were_played() -> None:
    assert rating_paths(RATING.sample(fraction=1, shuffle=True, seed=1)).rows() == [
        (0, "Ann", 100.0, 0),
        (0, "Bo", 100.0, 0),
        (0, "Cem", 100.0, 0),
        (0, "Ann", 103.0, 1),
        (0, "Bo", 97.0, 1),
        (0, "Bo", 99.0, 2),
        (0, "Cem", 98.0, 2),
        (1, "Ann", 100.0, 0),
        (1, "Ann", 104.0, 1),
    ]


def test_answers_that_no_check_was_made_of_do_not_count() -> None:
    answer = table("episode passed", (0, True), (0, False), (1, True), (1, None))
    assert number(check_passed, answer=answer) == 2 / 3


@pytest.mark.parametrize("name", ["sparta", "evolve-demo"])
def test_spread_ties_and_passes_are_those_in_the_outcome(name: str) -> None:
    tables = play(ready_made(name), 3)
    for metric, outcome in ((rating_spread, "spread"), (tie_rate, "ties"), (check_passed, "passed")):
        told = tables["episodes"].select("episode", pl.col(outcome).cast(pl.Float64)).drop_nulls()
        if not told.is_empty():
            assert by_episode(metric, **tables) == pytest.approx(dict(told.iter_rows()))
