"""Whether answers say who wrote them: then judges are not blind, whatever they are shown."""

from __future__ import annotations

import re

import polars as pl

from palaestra.metrics.intervals import Estimate, mean
from palaestra.metrics.pairs.preference_pairs import SIDES, text

SHORTEST_NAME = 3
"""Characters of a name that is looked for: shorter ones stand in any text."""


def signed_answers(pairs: pl.DataFrame) -> Estimate | None:
    """How much more often an answer names its own author than the other answer of its pair does, −1 … 1.

    A name that is a word of the language stands in both alike. None where no pair has two named authors.
    """
    known = pairs.select("prompt_id", *(f"{side}_agent" for side in SIDES), *(text(side) for side in SIDES))
    excess: list[float] = []
    prompts: list[str] = []
    for prompt, *rest in known.drop_nulls().iter_rows():
        names, texts = rest[:2], rest[2:]
        if names[0] == names[1] or min(map(len, names)) < SHORTEST_NAME:
            continue
        found = [[stands_in(said, name, any_case=True) for said in texts] for name in names]
        excess.append((found[0][0] - found[0][1] + found[1][1] - found[1][0]) / 2)
        prompts.append(prompt)
    return mean(excess, prompts)


def stands_in(said: str, name: str, *, any_case: bool = False) -> bool:
    """Whether a name stands in a text as a word."""
    flags = re.IGNORECASE if any_case else re.NOFLAG
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, flags) is not None
