"""A population as a file declares it: attributes, how they hang together, and the text of a persona."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from math import inf
from string import Formatter
from typing import Annotated

import numpy as np
from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from palaestra.agents.calls import Scalar
from palaestra.agents.declared import Problems, refuse
from palaestra.agents.policy import Settings
from palaestra.agents.populations.distributions import DEGREES, ELSE, MOST_WHOLE, Distribution, span

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
NAME = "name"
MOST_PEOPLE = 10_000_000
RESERVED = ("person", NAME, "persona", "wording")
"""Columns that every table of people may have."""
KINDS = {"shares": "text", "degrees": "degrees", "bins": "number", "uniform": "number", "normal": "number"}


class Attribute(Distribution):
    """One thing that is known of everybody."""

    whole: bool = Field(False, description="Of a number: only whole ones, both bounds among them.")
    words: dict[Text, FiniteFloat] = Field(
        {},
        description="Of a number: how the text says it, each word with the least number that it stands for, "
        "such as `{quiet: 0, outgoing: 0.6}`.",
    )
    topic: str = Field("", description="Of a stance: the statement that people agree with, or don't.")
    questions: list[Text] = Field(
        [], description="Ways to ask people for it, with which interviews ask. Default: by its name."
    )

    @cached_property
    def kind(self) -> str:
        """What its values are: "text", "degrees" or "number"; "" where its forms don't go together."""
        kinds = {KINDS.get(leaf.form, "") for _, leaf in self.leaves()}
        return kinds.pop() if len(kinds) == 1 else ""

    @property
    def options(self) -> list[str]:
        """All that a text may say of it; empty for a number without words."""
        if self.kind == "degrees":
            return list(DEGREES.values())
        found = [value for _, leaf in self.leaves() for value in leaf.shares or ()]
        return list(dict.fromkeys(found)) or list(self.words)

    def said(self, value: Scalar) -> str:
        """How a text says `value`."""
        if isinstance(value, str) or value is None:
            return str(value)
        if self.kind == "degrees":
            return DEGREES[float(value)]
        if self.words:
            words, least = self._steps
            return words[max(0, bisect_right(least, value) - 1)]
        return str(value) if self.whole else f"{value:.2f}"

    @cached_property
    def _steps(self) -> tuple[list[str], list[float]]:
        return list(self.words), list(self.words.values())

    @property
    def limits(self) -> tuple[float, float]:
        """Least and largest number there can be; −∞ and ∞ of a text."""
        found = [leaf.bounds() for _, leaf in self.leaves() if leaf.shares is None]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else (-inf, inf)

    def problems(self) -> Problems:
        """What is wrong with it, without the attributes that it is conditional on."""
        wrong = list(self.own_problems())
        if wrong:
            yield from wrong
            return
        kind = self.kind
        if not kind:
            yield (), "the cases of a `given` are all texts, all stances or all numbers"
        elif kind != "number" and (self.whole or self.words):
            field = "whole" if self.whole else "words"
            yield (field,), f"`{field}` is for numbers"
        if bool(self.topic.strip()) != (kind == "degrees"):
            yield (), "`degrees` and `topic` go together: a stance is on a statement"
        if kind == "number" and self.whole:
            yield from self._whole_problems()
        values = list(self.words.values())
        if any(high <= low for low, high in pairwise(values)):
            yield ("words",), "the numbers of `words` ascend"
        if values and kind == "number" and values[0] > self.limits[0]:
            yield ("words",), f"no word for {self.limits[0]:g}; the first begins at {values[0]:g}"

    def _whole_problems(self) -> Problems:
        for _, leaf in self.leaves():
            edges = leaf.bins.edges if leaf.bins is not None else leaf.bounds()
            if any(edge != int(edge) for edge in edges):
                yield (), "whole numbers need bounds and edges that are whole"
            if edges[-1] - edges[0] > MOST_WHOLE:
                yield (), f"more than {MOST_WHOLE:,} whole numbers; leave out `whole`"


class Correlation(Settings):
    """Two numbers that go together."""

    of: tuple[str, str] = Field(description="The attributes, numbers that are not whole and not conditional.")
    rho: float = Field(
        gt=-1,
        lt=1,
        description="Pearson's r of their normal scores (a Gaussian copula); shares stay as they are.",
    )


class Population(Settings):
    """People who are drawn from declared shares."""

    population: Text = Field(description="What it is called.")
    title: str = Field("", description="One line about it, shown in listings.")
    source: str = Field("illustrative", description="What the shares rest on; `illustrative` if invented.")
    names: list[Text] = Field([], description="Names, of which each person is given one; they repeat.")
    attributes: dict[Name, Attribute] = Field(
        min_length=1, description="What is known of everybody, by name; in any order."
    )
    correlations: list[Correlation] = Field([], description="Numbers that go together.")
    persona: Text = Field(
        description="Who somebody is, in a sentence or two; `{age}` stands for the attribute `age`, "
        "`{name}` for the name."
    )

    @model_validator(mode="after")
    def _refuse_problems(self) -> Population:
        refuse(self.problems())
        return self

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The attributes, each after those that it is conditional on."""
        return tuple(TopologicalSorter(self._parents()).static_order())

    @cached_property
    def fields(self) -> frozenset[str]:
        """What the persona's text uses."""
        return frozenset(field for _, field, _, _ in Formatter().parse(self.persona) if field is not None)

    def _parents(self) -> dict[str, list[str]]:
        return {
            name: list(dict.fromkeys(case.attribute for cases, _ in attribute.leaves() for case in cases))
            for name, attribute in self.attributes.items()
        }

    def problems(self) -> Problems:
        """Everything that makes it impossible, where it stands, and why."""
        for name, attribute in self.attributes.items():
            here = ("attributes", name)
            if name in RESERVED:
                yield here, f"{name!r} is a column of every table of people; choose another name"
            for place, message in attribute.problems():
                yield (*here, *place), message
            yield from self._case_problems(here, attribute)
        try:
            _ = self.order
        except CycleError as error:
            circle = " → ".join(reversed(error.args[1]))
            yield ("attributes", error.args[1][0]), f"attributes are conditional on each other: {circle}"
        yield from self._persona_problems()
        yield from self._correlation_problems()

    def _case_problems(self, here: tuple[str, ...], declared: Distribution) -> Problems:
        for parent, cases in (declared.given or {}).items():
            place = (*here, "given", parent)
            if parent not in self.attributes:
                yield place, f"there is no attribute {parent!r}; there are: {', '.join(self.attributes)}"
                continue
            for where, message in _cover_problems(self.attributes[parent], parent, list(cases)):
                yield (*place, *where), message
            for key, inner in cases.items():
                yield from self._case_problems((*place, key), inner)

    def _persona_problems(self) -> Problems:
        try:
            parts = list(Formatter().parse(self.persona))
        except ValueError as error:
            yield ("persona",), f"this is no template: {error}"
            return
        for literal, field, spec, conversion in parts:
            if "{" in literal or "}" in literal:
                yield ("persona",), "a text has no braces but those of attributes"
            if spec or conversion:
                yield ("persona",), "write {name} alone, without : or !; numbers are told by `words`"
            if field == NAME and not self.names:
                yield ("persona",), "the text uses {name}, and there are no `names`"
            if field is not None and field != NAME and field not in self.attributes:
                known = ", ".join(self.attributes)
                yield ("persona",), f"there is no attribute {field!r} for the text; there are: {known}"

    def _correlation_problems(self) -> Problems:
        pairs = set()
        for position, correlation in enumerate(self.correlations):
            for name in correlation.of:
                here = ("correlations", position, "of")
                if name not in self.attributes:
                    yield here, f"there is no attribute {name!r}; there are: {', '.join(self.attributes)}"
                    return
                attribute = self.attributes[name]
                if attribute.kind != "number" or attribute.whole or attribute.given is not None:
                    yield here, f"{name!r} can't be correlated: only numbers that are neither whole nor given"
            pair = frozenset(correlation.of)
            if len(pair) < 2 or pair in pairs:
                yield here, "a correlation is of two different attributes, and each pair has one"
            pairs.add(pair)
        _, matrix = self.copula()
        if len(matrix) and np.linalg.eigvalsh(matrix)[0] < 1e-9:
            yield ("correlations",), "no numbers can be correlated like that (not positive definite)"

    def copula(self) -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
        """The attributes that are correlated, by name, and the correlations of their normal scores."""
        names = sorted({name for correlation in self.correlations for name in correlation.of})
        matrix = np.eye(len(names))
        for correlation in self.correlations:
            i, j = (names.index(name) for name in correlation.of)
            matrix[i, j] = matrix[j, i] = correlation.rho
        return names, matrix


def _cover_problems(parent: Attribute, name: str, keys: list[str]) -> Problems:
    """Cases that are none of the parent's values, that overlap, or that leave some out."""
    own = [key for key in keys if key != ELSE]
    if parent.kind == "text":
        for key in own:
            if key not in parent.options:
                yield (key,), f"{name} is never {key!r}; it is one of: {', '.join(parent.options)}"
        missing = [value for value in parent.options if value not in own]
        if missing and ELSE not in keys:
            yield (), f"no case for {', '.join(missing)}; add it, or `else`"
    elif parent.kind:
        yield from _span_problems(parent, name, own, otherwise=ELSE in keys)


def _span_problems(parent: Attribute, name: str, keys: list[str], otherwise: bool) -> Problems:
    spans = []
    for key in keys:
        found = span(key)
        if found is None or found[0] >= found[1]:
            yield (key,), f"{name} is a number: write a range such as 18..30, ..18 or 65.."
            return
        spans.append(found)
    spans.sort()
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        yield (), f"the ranges of {name} overlap"
    reached, high = parent.limits
    for start, end in spans:
        if start <= reached:
            reached = max(reached, end)
    if reached <= high and not otherwise:
        yield (), f"no case for {name} from {reached:g}; add it, or `else`"
