"""Who moved whom, against worked tables and planted weights."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
import pytest

from palaestra.metrics.influence import centralities, influence, influence_graph
from support.metric_tables import table

COLUMNS = "episode agent moment opinion"


def averaged(
    weights: dict[tuple[str, str], float], episodes: int, noise: float = 0.0, seed: int = 0
) -> pl.DataFrame:
    """Opinions that are averaged with `weights` of (source, target), from independent starts."""
    rng = np.random.default_rng(seed)
    rows = []
    agents = sorted({agent for pair in weights for agent in pair})
    for episode in range(episodes):
        start = dict(zip(agents, rng.uniform(-2.5, 2.5, len(agents)), strict=True))
        for agent in agents:
            pull = sum(w * (start[s] - start[agent]) for (s, t), w in weights.items() if t == agent)
            rows.append((episode, agent, "before", start[agent]))
            rows.append((episode, agent, "after", start[agent] + pull + noise * rng.normal()))
    return table(COLUMNS, *rows)


WEIGHTS = {("Ann", "Bo"): 0.5, ("Ann", "Cem"): 0.5, ("Bo", "Cem"): 0.25, ("Bo", "Ann"): 0.0}


def test_two_agents_pull_by_change_over_gap() -> None:
    told = [
        (episode, *row)
        for episode in (0, 1)
        for row in (
            ("Ann", "before", 2.5),
            ("Bo", "before", -1.5),
            ("Ann", "after", 2.5),
            ("Bo", "after", 0.5),
        )
    ]
    # Bo went 2 of the 4 points to Ann; Ann stayed.
    weights = influence(table(COLUMNS, *told)).select(
        "source", "target", pl.col("weight").round(9), "episodes"
    )
    assert weights.rows() == [("Ann", "Bo", 0.5, 2), ("Bo", "Ann", 0.0, 2)]
    # One episode fits any pull exactly, and so tells nothing.
    assert influence(table(COLUMNS, *told[:4])).rows() == [("Ann", "Bo", None, 1), ("Bo", "Ann", None, 1)]


def test_the_weights_of_averaged_opinions_are_found_and_others_are_zero() -> None:
    edges = influence(averaged(WEIGHTS, 10))
    found = {(source, target): weight for source, target, weight, _ in edges.rows()}
    assert len(found) == 6
    for pair, weight in found.items():
        assert weight == pytest.approx(WEIGHTS.get(pair, 0.0), abs=1e-9)
    assert set(edges["episodes"]) == {10}


def test_weights_that_episodes_cannot_tell_apart_are_null() -> None:
    assert influence(averaged(WEIGHTS, 1))["weight"].to_list() == [None] * 6
    twins = averaged({("Ann", "Bo"): 0.5}, 10)
    copy = twins.filter(pl.col("agent") == "Ann").with_columns(agent=pl.lit("Al"))
    found = influence(pl.concat([twins, copy]))
    assert found.filter(pl.col("target") == "Bo")["weight"].to_list() == [None, None]


def test_only_those_who_hear_each_other_have_edges() -> None:
    heard = table("source target", ("Ann", "Bo"), ("Ann", "Cem"))
    found = influence(averaged(WEIGHTS, 10), heard)
    assert found.select("source", "target").rows() == heard.rows()


def test_who_told_nothing_before_pulls_nobody_in_that_episode() -> None:
    told = averaged({("Ann", "Bo"): 0.5}, 10)
    gone = (pl.col("episode") == 0) & (pl.col("agent") == "Ann") & (pl.col("moment") == "before")
    found = influence(told.with_columns(opinion=pl.when(~gone).then("opinion")))
    assert found.row(0) == ("Ann", "Bo", pytest.approx(0.5), 9)


def test_nobody_makes_an_empty_network() -> None:
    edges = influence(table(COLUMNS, (0, "Ann", "before", 0.5), (0, "Ann", "after", 0.5)))
    assert edges.is_empty()
    assert centralities(influence_graph(edges)).is_empty()


EDGES = table(
    "source target weight episodes",
    ("Ann", "Bo", 0.5, 9),
    ("Bo", "Cem", 0.25, 9),
    ("Cem", "Ann", -0.1, 9),
    ("Cem", "Bo", None, 9),
)


def test_the_network_has_the_edges_of_positive_weight() -> None:
    graph = influence_graph(EDGES)
    assert set(graph) == {"Ann", "Bo", "Cem"}
    assert set(graph.edges(data="weight")) == {("Ann", "Bo", 0.5), ("Bo", "Cem", 0.25)}


def test_centralities_of_a_chain() -> None:
    found = centralities(influence_graph(EDGES))
    assert found.columns == ["agent", "out_strength", "in_strength", "pagerank", "betweenness"]
    strengths = found.select("agent", "out_strength", "in_strength", "betweenness").rows()
    # Bo lies on the one way from Ann to Cem, of (3 − 1)·(3 − 2) = 2 ordered pairs of others.
    assert strengths == [("Ann", 0.5, 0.0, 0.0), ("Bo", 0.25, 0.5, 1 / 2), ("Cem", 0.0, 0.25, 0.0)]
    ranks = dict(found.select("agent", "pagerank").rows())
    assert sum(ranks.values()) == pytest.approx(1)
    assert ranks["Ann"] > ranks["Bo"] > ranks["Cem"]
    chain = nx.DiGraph([("Cem", "Bo"), ("Bo", "Ann")])
    assert ranks == pytest.approx(nx.pagerank(chain))
