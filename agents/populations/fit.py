"""Whether people are distributed as their population declares: a test for each thing that it declares.

Texts, stances and whole numbers are tested by Pearson's χ² (values of which fewer than five
people are expected are taken together), other numbers by Kolmogorov and Smirnov, correlations of
normal scores by Fisher's z. p-values are corrected for the number of tests (Holm).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, inf, sqrt
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri
from scipy.stats import chisquare, kstest, norm

from palaestra.agents.failures import BadInput
from palaestra.agents.populations.distributions import Continuous, Discrete, Numbers, Values
from palaestra.agents.populations.spec import Population
from palaestra.metrics.comparison import holm

LEAST_EXPECTED = 5.0
"""People whom χ² expects of a value at least."""
SIGNIFICANT = 0.05
SCHEMA = {
    "attribute": pl.String,
    "given": pl.String,
    "people": pl.Int64,
    "test": pl.String,
    "statistic": pl.Float64,
    "p": pl.Float64,
    "p_holm": pl.Float64,
    "largest": pl.Float64,
    "at": pl.String,
}


@dataclass(frozen=True, slots=True)
class _Tested:
    """What a test says; `p` is None where there is nothing to test."""

    test: str
    statistic: float | None
    p: float | None
    largest: float | None
    at: str


def fit(population: Population, people: pl.DataFrame) -> pl.DataFrame:
    """Compare `people` with what `population` declares.

    Args:
        population: what is declared.
        people: a column an attribute, as `draw` gives them.

    Returns:
        A row for each distribution and each correlation: `attribute`, `given` (the cases that it
        holds for, "" for everybody), `people` (how many), `test`, `statistic`, `p`, `p_holm`,
        `largest` (largest difference between drawn and declared: of shares, of distribution
        functions, or of correlations) and `at` (where that is). Numbers are null where nobody is
        in a case.

    Raises:
        BadInput: an attribute has no column, or one of another type.
    """
    columns = {name: _column(population, people, name) for name in population.attributes}
    rows: list[tuple[Any, ...]] = []
    for name, attribute in population.attributes.items():
        for cases, leaf in attribute.leaves():
            among = np.ones(len(people), dtype=bool)
            for case in cases:
                among &= case.holds(columns[case.attribute])
            tested = _compare(columns[name][among], leaf.drawn(attribute.whole))
            rows.append((name, ", ".join(map(str, cases)), int(among.sum()), tested))
    for correlation in population.correlations:
        one, two = (_scores(population, columns, name) for name in correlation.of)
        rows.append((" ~ ".join(correlation.of), "", len(people), _correlated(one, two, correlation.rho)))
    corrected = holm([tested.p for *_, tested in rows])
    return pl.DataFrame(
        [
            (*place, tested.test, tested.statistic, tested.p, p_holm, tested.largest, tested.at)
            for (*place, tested), p_holm in zip(rows, corrected, strict=True)
        ],
        schema=SCHEMA,
        orient="row",
    )


def differing(found: pl.DataFrame) -> pl.DataFrame:
    """The rows of `fit` in which people differ from what is declared, beyond sampling error."""
    return found.filter(pl.col("p_holm") < SIGNIFICANT)


def _column(population: Population, people: pl.DataFrame, name: str) -> Values:
    attribute = population.attributes[name]
    if name not in people.columns:
        there = ", ".join(people.columns)
        raise BadInput(f"the people have no column {name!r}", f"They have: {there}.")
    column = people[name]
    text = attribute.kind == "text"
    if column.null_count() or (column.dtype != pl.String if text else not column.dtype.is_numeric()):
        wanted = "texts" if text else "numbers"
        raise BadInput(
            f"the people's column {name!r} holds {column.dtype} or gaps, not {wanted} for everybody"
        )
    return np.array(column.to_list(), dtype=object if text else float)


def _compare(values: Values, declared: Discrete | Continuous) -> _Tested:
    test = "χ²" if isinstance(declared, Discrete) else "KS"
    if not len(values):
        return _Tested(test, None, None, None, "nobody")
    if isinstance(declared, Discrete):
        return _shares(values, declared)
    found = kstest(values, declared.cdf)
    at = f"{found.statistic_location:.3g}"
    return _Tested(test, float(found.statistic), float(found.pvalue), float(found.statistic), at)


def _shares(values: Values, declared: Discrete) -> _Tested:
    size = len(values)
    place = {value: number for number, value in enumerate(declared.values.tolist())}
    counts = np.zeros(len(place))
    for value, number in zip(*np.unique(values, return_counts=True), strict=True):
        if value not in place:
            return _Tested("χ²", inf, 0.0, number / size, f"{value}, which is not declared")
        counts[place[value]] = number
    expected = declared.shares * size
    apart = np.abs(counts - expected) / size
    worst = int(apart.argmax())
    at = str(declared.values[worst]).removesuffix(".0")
    if counts[expected == 0].any():
        return _Tested("χ²", inf, 0.0, float(apart[worst]), at)
    observed, awaited = _pooled(counts, expected)
    if len(observed) < 2:
        return _Tested("χ²", None, None, float(apart[worst]), at)
    found = chisquare(observed, awaited)
    return _Tested(
        "χ²",
        float(found.statistic),
        float(found.pvalue),
        float(apart[worst]),
        at,
    )


def _pooled(counts: Numbers, expected: Numbers) -> tuple[list[float], list[float]]:
    """Counts with neighbours taken together until enough people are expected of each."""
    observed, awaited = [0.0], [0.0]
    for count, expectation in zip(counts, expected, strict=True):
        if awaited[-1] >= LEAST_EXPECTED:
            observed.append(0.0)
            awaited.append(0.0)
        observed[-1] += count
        awaited[-1] += expectation
    if len(awaited) > 1 and awaited[-1] < LEAST_EXPECTED:
        observed[-2:] = [observed[-2] + observed[-1]]
        awaited[-2:] = [awaited[-2] + awaited[-1]]
    return observed, awaited


def _scores(population: Population, columns: dict[str, Values], name: str) -> Numbers:
    declared = population.attributes[name].drawn(whole=False)
    assert not isinstance(declared, Discrete)
    scores: Numbers = ndtri(np.clip(declared.cdf(columns[name]), 1e-12, 1 - 1e-12))
    return scores


def _correlated(one: Numbers, two: Numbers, rho: float) -> _Tested:
    if len(one) < 4 or not one.std() or not two.std():
        return _Tested("Fisher z", None, None, None, "too few people")
    r = float(np.corrcoef(one, two)[0, 1])
    z = (atanh(max(-1 + 1e-12, min(1 - 1e-12, r))) - atanh(rho)) * sqrt(len(one) - 3)
    return _Tested("Fisher z", z, float(2 * norm.sf(abs(z))), abs(r - rho), f"r = {r:.3f}")
