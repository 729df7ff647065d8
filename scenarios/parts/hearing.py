"""Who hears whom: any NetworkX graph, declared in a scenario file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import networkx as nx
from pydantic import Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location

COMPLETE = "complete"
SHORT_NAMES = {
    COMPLETE: "complete_graph",
    "ring": "cycle_graph",
    "line": "path_graph",
    "star": "star_graph",
    "small_world": "watts_strogatz_graph",
    "random": "erdos_renyi_graph",
    "scale_free": "barabasi_albert_graph",
}


class Hearing(Settings):
    """A graph over a cast: an edge lets each end hear the other, an arc u → v lets v hear u.

    Agents always hear themselves. A random graph is drawn once a run, from the run's seed;
    `options: {seed: 5}` draws another.
    """

    graph: str = Field(
        COMPLETE,
        description=f"{', '.join(SHORT_NAMES)}, or any NetworkX generator whose first argument "
        "is the number of nodes.",
    )
    options: dict[str, Any] = Field(
        {}, description="Further arguments of the generator, such as `{k: 2, p: 0.1}` for small_world."
    )
    edges: list[tuple[str, str]] | None = Field(
        None, description="The edges as pairs of names, instead of a generated graph."
    )
    directed: bool = Field(False, description="With `edges`: whether [u, v] only lets v hear u.")

    def listeners(self, names: list[str], seed: int) -> dict[str, list[str]]:
        """Who hears each of `names`, themselves included, in the order of `names`.

        Args:
            names: the cast.
            seed: for generators that take one.

        Raises:
            ValueError: the graph can't be built over this cast.
        """
        if self._everybody:
            return {name: list(names) for name in names}
        graph = self._build(names, seed)
        return {u: [v for v in names if v == u or graph.has_edge(u, v)] for u in names}

    def problems(self, names: list[str], seed: int) -> Iterator[tuple[Location, str]]:
        """What is wrong with this graph over the cast `names`, and where."""
        known = set(names)
        for position, edge in enumerate(self.edges or ()):
            for end, name in enumerate(edge):
                if name not in known:
                    near = get_close_matches(name, names, n=1)
                    hint = f"; did you mean {near[0]!r}?" if near else f"; the cast is {', '.join(names)}"
                    yield ("edges", position, end), f"no agent is named {name!r}{hint}"
                    return
        if self.edges is not None and (self.graph != COMPLETE or self.options):
            yield ("edges",), "`edges` are a graph of their own; leave out `graph` and `options`"
        if self._everybody and len(names) > 1:
            return
        try:
            graph = self._build(names, seed)
        except ValueError as error:
            yield ("graph",), str(error)
            return
        for name in names:
            if not any(other != name for other in nx.all_neighbors(graph, name)):
                yield (), f"{name} would neither hear anyone nor be heard"

    @property
    def _everybody(self) -> bool:
        """Whether all hear all; the graph of thousands takes half a minute to build."""
        return self.edges is None and self.graph == COMPLETE and not self.options

    def _build(self, names: list[str], seed: int) -> nx.Graph[str]:
        graph: nx.Graph[str]
        if self.edges is not None:
            graph = nx.DiGraph() if self.directed else nx.Graph()
            graph.add_nodes_from(names)
            graph.add_edges_from(self.edges)
            return graph
        generator = getattr(nx, SHORT_NAMES.get(self.graph, self.graph), None)
        # Others of NetworkX's functions read files and write them.
        if not callable(generator) or not str(generator.__module__).startswith("networkx.generators."):
            near = get_close_matches(self.graph, SHORT_NAMES, n=1)
            raise ValueError(
                f"NetworkX has no generator {self.graph!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; short names are {', '.join(SHORT_NAMES)}")
            )
        # NetworkX counts a star's rays, everything else its nodes.
        count = len(names) - 1 if self.graph in ("star", "star_graph") else len(names)
        options = dict(self.options)
        if "seed" in inspect.signature(generator).parameters:
            options.setdefault("seed", seed)
        try:
            generated = generator(count, **options)
            graph = nx.relabel_nodes(generated, dict(zip(sorted(generated), names, strict=True)))
        except Exception as error:  # whatever the named function of NetworkX raises
            raise ValueError(f"{self.graph} can't be built over {len(names)} agents: {error}") from error
        return graph
