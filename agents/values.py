"""Values that are made a million times in a run: what type checkers hold to be frozen, made as fast as can be.

A frozen dataclass sets each field through `object.__setattr__`, which takes six times as long as setting it;
`dataclasses.replace` takes ten times as long as making the object anew. For what is made at every call that
is a tenth of all that the framework costs. So these are frozen where mypy looks, and plain where Python runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

__all__ = ["replaced", "value"]

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True)
def value(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[Class]], type[Class]]:
    """Makes a dataclass with slots that nobody changes; `eq` and `kw_only` as `dataclass` has them."""
    return dataclass(slots=True, eq=eq, unsafe_hash=eq, kw_only=kw_only)


if TYPE_CHECKING:
    from dataclasses import replace as replaced
else:

    def replaced(of, **changes):
        """A copy of the value `of` with these fields changed, as `dataclasses.replace` makes it."""
        fields = {name: getattr(of, name) for name in of.__dataclass_fields__}
        return type(of)(**{**fields, **changes})
