"""What the modulator is asked for: the shapes of the scene that it imagines, and the names in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field, create_model

from palaestra.agents.answers import Choice

YES_NO = Choice(("yes", "no"))
HARM = Choice(("harmful", "harmless"))
LONGEST_NAME = 24
"""Characters of the name of somebody in the scene."""
SPARE_NAMES = 2
"""How many more names than roles may be given, as some may be of no use."""

Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Line = Annotated[str, Field(max_length=120)]


class Imagined(BaseModel):
    """The answer to `imagine`: what is behind the question, and what the asker wants to reach."""

    situation: str = Field(max_length=240)
    wish: Line


class Profiled(BaseModel):
    """The answer to `profile`."""

    traits: Line
    status: Line


@lru_cache(maxsize=64)
def cast_form(roles: int) -> type[BaseModel]:
    """The answer to `cast`: the asker's name, and those of at least `roles` others."""
    others = (list[Name], Field(min_length=roles, max_length=roles + SPARE_NAMES))
    return create_model("Cast", asker=(Name, ...), others=others)


@lru_cache(maxsize=64)
def plan_form(steps: int) -> type[BaseModel]:
    """The answer to `plan`: the asker's steps in order."""
    return create_model("Plan", steps=(list[Line], Field(min_length=steps, max_length=steps)))


def plain(text: str) -> str:
    """`text` on one line, without outer spaces."""
    return " ".join(text.split())


def folded(name: str) -> str:
    """What names are compared by: without case and outer spaces."""
    return plain(name).casefold()


def select_names(named: Iterable[str], backup: Iterable[str], taken: Iterable[str], count: int) -> list[str]:
    """The first `count` names of which each stands for somebody of its own.

    Args:
        named: as they were imagined; blank ones and those that are taken are left out.
        backup: fill up the rest, in order.
        taken: names that others have already.
        count: how many are wanted.
    """
    used = {folded(name) for name in taken}
    chosen: list[str] = []
    for name in map(plain, (*named, *backup)):
        if len(chosen) < count and name and folded(name) not in used:
            chosen.append(name)
            used.add(folded(name))
    return chosen
