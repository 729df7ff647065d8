"""Draws people from a population: the same for the same population, seed and number.

Each attribute has a stream of random numbers of its own, seeded by its name, and person i takes
the i-th of each. So neither the order in which a file declares attributes, nor a further attribute,
nor the number of people changes who person i is.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from palaestra.agents.calls import derive_seed
from palaestra.agents.failures import BadInput
from palaestra.agents.populations.distributions import Numbers, Values
from palaestra.agents.populations.spec import MOST_PEOPLE, NAME, Population

LEAST_U = 2.0**-53
"""Keeps uniform numbers off 0 and 1, where a normal score is infinite."""


def draw(population: Population, size: int, seed: int = 0) -> pl.DataFrame:
    """Draw `size` people.

    Returns:
        `person` (from 0), `name` (where the population has names), one column an attribute (text,
        whole or decimal numbers; a stance −2.5 … 2.5), `persona` (the text) and, where the text
        uses the name, `wording` (the text in which `{name}` is left open).

    Raises:
        BadInput: `size` is below 1 or above ten million.
    """
    if not 1 <= size <= MOST_PEOPLE:
        raise BadInput(f"{size:,} people can't be drawn", f"Draw between 1 and {MOST_PEOPLE:,}.")
    chances = _chances(population, size, seed)
    columns: dict[str, Values] = {}
    for name in population.order:
        columns[name] = _column(population, name, chances[name], columns)
    found = pl.DataFrame({"person": np.arange(size)})
    if population.names:
        place = (_stream(seed, NAME).random(size) * len(population.names)).astype(int)
        found = found.with_columns(pl.Series(NAME, [population.names[i] for i in place], pl.String))
    for name in population.attributes:
        found = found.with_columns(_series(population, name, columns[name]))
    return found.with_columns(_texts(population, found))


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed("population", seed, name))


def _chances(population: Population, size: int, seed: int) -> dict[str, Numbers]:
    """A uniform number for each attribute and person, those of correlated attributes through a copula."""
    found = {
        name: np.clip(_stream(seed, name).random(size), LEAST_U, 1 - LEAST_U)
        for name in population.attributes
    }
    names, matrix = population.copula()
    if names:
        scores = np.linalg.cholesky(matrix) @ ndtri(np.stack([found[name] for name in names]))
        found |= dict(zip(names, ndtr(scores), strict=True))
    return found


def _column(population: Population, name: str, chance: Numbers, columns: dict[str, Values]) -> Values:
    attribute = population.attributes[name]
    values: Values = np.empty(len(chance), dtype=object if attribute.kind == "text" else float)
    for cases, leaf in attribute.leaves():
        among = np.ones(len(chance), dtype=bool)
        for case in cases:
            among &= case.holds(columns[case.attribute])
        values[among] = leaf.drawn(attribute.whole).quantile(chance[among])
    return values


def _series(population: Population, name: str, values: Values) -> pl.Series:
    attribute = population.attributes[name]
    if attribute.kind == "text":
        return pl.Series(name, values.tolist(), pl.String)
    return pl.Series(name, values.astype(np.int64) if attribute.whole else values)


def _texts(population: Population, people: pl.DataFrame) -> list[pl.Series]:
    used = sorted(population.fields)
    said = [
        [str(value) if name == NAME else population.attributes[name].said(value) for value in people[name]]
        for name in used
    ]
    rows = [dict(zip(used, row, strict=True)) for row in zip(*said, strict=True)] or [{}] * len(people)
    texts = [pl.Series("persona", [population.persona.format(**row) for row in rows])]
    if NAME in used:
        open_name = [population.persona.format(**(row | {NAME: "{name}"})) for row in rows]
        texts.append(pl.Series("wording", open_name))
    return texts
