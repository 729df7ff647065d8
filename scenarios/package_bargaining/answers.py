"""What stakeholders and the mediator are asked for: one word about each item, so that none is named twice."""

from __future__ import annotations

from functools import lru_cache
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from palaestra.agents.answers import Choice

RESPONSE = Choice(("accept", "counter"))
STANCES = ("must have", "want", "could give up", "leave out", "refuse")
"""A stakeholder's word about an item; the first three put it into the proposal."""
RANKS = ("essential", "useful", "out")
"""The mediator's word about an item; the first two put it into the package, the essential ones first."""
CHARACTERS_PER_WORD = 8
"""Room for each word that the prompts ask for in a message or rationale."""


@lru_cache(maxsize=64)
def proposal_answer(ids: tuple[str, ...], words: int) -> type[BaseModel]:
    """The answer to `propose`: a stance on each of `ids`, and a message of at most `words` words."""
    return create_model(
        "ProposalAnswer",
        measures=(_word_on_each(ids, STANCES), ...),
        message=(str, Field(max_length=CHARACTERS_PER_WORD * words)),
    )


@lru_cache(maxsize=64)
def package_answer(ids: tuple[str, ...], stakeholders: tuple[str, ...], words: int) -> type[BaseModel]:
    """The answer to `mediate`: a rank for each of `ids`, who won't be content, and why."""
    some: Any = GenericAlias(list, (_one_of(stakeholders),))
    return create_model(
        "PackageAnswer",
        measures=(_word_on_each(ids, RANKS), ...),
        unresolved=(some, Field(max_length=len(stakeholders))),
        rationale=(str, Field(max_length=CHARACTERS_PER_WORD * words)),
    )


def _one_of(options: tuple[str, ...]) -> Any:
    literal: Any = Literal
    return literal[options]


def _word_on_each(ids: tuple[str, ...], words: tuple[str, ...]) -> type[BaseModel]:
    """An object with one of `words` for each of `ids`; aliases, as an id may be named like a method."""
    fields: dict[str, Any] = {
        f"item_{position}": (_one_of(words), Field(alias=item)) for position, item in enumerate(ids)
    }
    return create_model("Measures", __config__=ConfigDict(serialize_by_alias=True), **fields)
