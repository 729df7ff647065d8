"""What debaters are asked for: the shapes of their answers, and what these mean."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, create_model

from palaestra.agents.answers import Choice
from palaestra.scenarios.knights_knaves.statements import ROLES

ROLE = Choice(ROLES)
LONGEST_REASONING = 300
"""Characters that a debater may write for its reasoning on one player."""


def agreements(agree: Iterable[str], disagree: Iterable[str]) -> list[tuple[str, bool]]:
    """With whom a debater agrees (True) or disagrees (False); who is in both lists is in neither."""
    with_whom, against = dict.fromkeys(agree), dict.fromkeys(disagree)
    said = [(other, True) for other in with_whom if other not in against]
    return said + [(other, False) for other in against if other not in with_whom]


@lru_cache(maxsize=64)
def discussion_form(others: tuple[str, ...]) -> type[BaseModel]:
    """The shape of a debater's word on one player, among these others."""
    schema, known = _one_of(others)
    return create_model(
        "Discussion",
        reasoning=(str, Field(max_length=LONGEST_REASONING)),
        agree_with=(list[Annotated[str, schema, known]], Field(max_length=len(others))),
        disagree_with=(list[Annotated[str, schema, known]], Field(max_length=len(others))),
    )


@lru_cache(maxsize=256)
def order_form(players: tuple[str, ...]) -> type[BaseModel]:
    """The shape of an order of the players; repeated names are told apart afterwards."""
    whole = Field(min_length=len(players), max_length=len(players))
    schema, known = _one_of(players)
    return create_model("Order", order=(list[Annotated[str, schema, known]], whole))


def _one_of(names: tuple[str, ...]) -> tuple[WithJsonSchema, AfterValidator]:
    """What lets a text be one of these names, which are known only now: for the engine, and for the reply."""

    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"{name!r} is none of: {', '.join(names)}")
        return name

    return WithJsonSchema({"type": "string", "enum": list(names)}), AfterValidator(known)
