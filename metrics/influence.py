"""Who moved whom: a network of influence on opinions, and who is central in it.

An edge from source to target tells how far the target went towards the source's initial
opinion, over all episodes. Where agents have the same names in every episode the network is
theirs; it shows association, since several sources often think alike.
"""

from __future__ import annotations

import networkx as nx
import polars as pl

from metrics.opinions import changes


def influence(opinion: pl.DataFrame, heard: pl.DataFrame | None = None) -> pl.DataFrame:
    """The pull of each agent on each other.

    Args:
        opinion: the table of that name.
        heard: `source`, `target` of those who hear each other; all of them by default.

    Returns:
        `source`, `target`, `weight` (Σ change·gap / Σ gap² over the episodes, gap = the source's −
        the target's initial opinion: 0 no pull, 1 taken over; null where they never differed) and
        `episodes`.
    """
    told = changes(opinion)
    sources = told.select("episode", source="agent", source_before="before")
    pairs = told.join(sources, on="episode").filter(pl.col("agent") != pl.col("source"))
    if heard is not None:
        pairs = pairs.join(heard, left_on=["source", "agent"], right_on=["source", "target"], how="semi")
    gap = pl.col("source_before") - pl.col("before")
    slope = (pl.col("change") * gap).sum() / (gap**2).sum()
    return (
        pairs.group_by("source", target="agent")
        .agg(pl.when((gap**2).sum() > 0).then(slope).alias("weight"), pl.len().alias("episodes"))
        .sort("source", "target")
    )


def influence_graph(edges: pl.DataFrame) -> nx.DiGraph[str]:
    """The network of `influence`: edges of positive weight, from who moves to who is moved."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted({*edges["source"], *edges["target"]}))
    for row in edges.drop_nulls("weight").iter_rows(named=True):
        if row["weight"] > 0:
            graph.add_edge(row["source"], row["target"], weight=row["weight"])
    return graph


def centralities(graph: nx.DiGraph[str]) -> pl.DataFrame:
    """How central each agent is as a source.

    Returns:
        `agent`, `out_strength` and `in_strength` (sums of weights), `pagerank` (of the reversed
        network, so that it gathers at the sources; sums to 1) and `betweenness` (0–1; an edge of
        weight w is 1/w long), strongest source first.
    """
    back = graph.reverse()
    near: nx.DiGraph[str] = nx.DiGraph()
    near.add_nodes_from(graph)
    weights: dict[tuple[str, str], float] = nx.get_edge_attributes(graph, "weight")
    for (source, target), weight in weights.items():
        near.add_edge(source, target, length=1 / weight)
    columns: dict[str, dict[str, float]] = {
        "out_strength": dict(graph.out_degree(weight="weight")),
        "in_strength": dict(graph.in_degree(weight="weight")),
        "pagerank": nx.pagerank(back, weight="weight"),
        "betweenness": nx.betweenness_centrality(near, weight="length"),
    }
    rows = [{"agent": agent} | {name: float(of[agent]) for name, of in columns.items()} for agent in graph]
    return pl.DataFrame(rows).sort("out_strength", "agent", descending=[True, False])
