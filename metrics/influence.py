"""Who moved whom: a network of influence on opinions, and who is central in it.

Opinions are taken to be averaged (DeGroot, JASA 69, 1974): an agent's change is the sum of its
gaps to the sources' initial opinions, each times the weight of an edge from source to target.
Where agents have the same names in every episode the network is theirs. It shows association.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl

from palaestra.metrics.opinion_changes import changes, initial

HEARD = {"calls": ("agent", "call", "prompt"), "messages": ("message", "call")}
"""The columns that tell who read whose words, by table."""


def heard(calls: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Who read a reply of whom, in any episode: `source`, `target`.

    Args:
        calls: the table of that name; its `prompt` holds the numbers of messages, such as "0 3-6".
        messages: the table of that name; `call` is the one whose reply a message quotes.
    """
    authors = calls.select("episode", "call", source="agent")
    spoken = (
        messages.drop_nulls("call")
        .join(authors, on=["episode", "call"])
        .select("episode", "message", "source")
    )
    whose = {(episode, message): source for episode, message, source in spoken.iter_rows()}
    told = calls.select("episode", "agent", pl.col("prompt").str.split(" ")).explode("prompt")
    ends = pl.col("prompt").str.split("-").list
    spans = told.filter(pl.col("prompt") != "").select(
        "episode", "agent", first=ends.first().cast(pl.Int64), last=ends.last().cast(pl.Int64)
    )
    # The longest from each beginning: an agent's prompts grow, and hold all that the earlier ones held.
    longest = spans.group_by("episode", "agent", "first").agg(pl.col("last").max())
    found = set()
    for episode, target, first, last in longest.iter_rows():
        sources = (whose.get((episode, number)) for number in range(first, last + 1))
        found |= {(source, target) for source in sources if source not in (None, target)}
    return pl.DataFrame(sorted(found), schema={"source": pl.String, "target": pl.String}, orient="row")


def influence(opinion: pl.DataFrame, heard: pl.DataFrame | None = None) -> pl.DataFrame:
    """The pull of each agent on each other.

    Args:
        opinion: the table of that name.
        heard: `source`, `target` of those who hear each other; all of them by default.

    Returns:
        `source`, `target`, `weight` (0 no pull, 1 taken over) and `episodes`, in which both told
        an opinion. The weights of a target's sources are the least-squares solution of change =
        Σ weight·gap over the episodes, gap = the source's − the target's initial opinion; so who
        merely thinks like the one who pulls gets no weight; a source without an opinion in an
        episode counts there as one without pull. Null where the episodes can't tell the sources
        apart: there are no more of them than sources, or two always thought the same.
    """
    sources = initial(opinion).rename({"agent": "source", "before": "source_before"})
    pairs = (
        changes(opinion)
        .join(sources, on="episode")
        .filter(pl.col("agent") != pl.col("source"))
        .select("episode", "source", "change", target="agent", gap=pl.col("source_before") - pl.col("before"))
    )
    if heard is not None:
        pairs = pairs.join(heard, on=["source", "target"], how="semi")
    edges = [_pull(str(target), rows) for (target,), rows in pairs.group_by("target")]
    return pl.concat([pl.DataFrame(schema=EDGES), *edges]).sort("source", "target")


EDGES = {"source": pl.String, "target": pl.String, "weight": pl.Float64, "episodes": pl.Int64}


def _pull(target: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The edges to `target`, from its rows of an episode and a source each."""
    wide = rows.sort("source", "episode").pivot("source", index=["episode", "change"], values="gap")
    gaps = wide.drop("episode", "change")
    told = gaps.select(pl.all().count().cast(pl.Int64)).row(0)
    weights, _, rank, _ = np.linalg.lstsq(gaps.fill_null(0.0).to_numpy(), wide["change"].to_numpy())
    apart = rank == gaps.width and gaps.height > gaps.width  # else the fit is exact and says nothing
    known = weights.tolist() if apart else [None] * gaps.width
    return pl.DataFrame(
        {"source": gaps.columns, "target": target, "weight": known, "episodes": told}, schema=EDGES
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
    schema = {"agent": pl.String} | dict.fromkeys(columns, pl.Float64)
    return pl.DataFrame(rows, schema=schema).sort("out_strength", "agent", descending=[True, False])
