"""What stakeholders and the mediator are asked for; lists hold only what exists."""

from __future__ import annotations

from functools import lru_cache
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from agents.answers import Choice

RESPONSE = Choice(("accept", "counter"))
MOST_DEMANDS = 2
"""Most items that a stakeholder insists on, refuses or would give up, each."""
MOST_CHARACTERS = 160
"""Longest message or rationale."""


@lru_cache(maxsize=64)
def proposal_answer(ids: tuple[str, ...]) -> type[BaseModel]:
    """The answer to `propose`, whose lists hold only `ids`."""
    demands = (some_of(ids), Field(max_length=MOST_DEMANDS))
    return create_model(
        "ProposalAnswer",
        proposal=(some_of(ids), Field(min_length=1, max_length=len(ids))),
        must_have=demands,
        red_lines=demands,
        concessions=demands,
        message=(str, Field(max_length=MOST_CHARACTERS)),
    )


@lru_cache(maxsize=64)
def package_answer(ids: tuple[str, ...], stakeholders: tuple[str, ...]) -> type[BaseModel]:
    """The answer to `mediate`, whose lists hold only `ids` and `stakeholders`."""
    return create_model(
        "PackageAnswer",
        package=(some_of(ids), Field(min_length=1, max_length=len(ids))),
        unresolved=(some_of(stakeholders), Field(max_length=len(stakeholders))),
        rationale=(str, Field(max_length=MOST_CHARACTERS)),
    )


def some_of(options: tuple[str, ...]) -> Any:
    """The type of a list of these strings."""
    one_of: Any = Literal
    return GenericAlias(list, (one_of[options],))
