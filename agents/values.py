"""Values of many fields that are made at every call: frozen dataclasses, made as fast as open ones.

A frozen dataclass sets each field through `object.__setattr__`, six times as slow as setting it, and
`dataclasses.replace` is ten times as slow as making the object anew: together that was a tenth of what the
framework costs. Here a value is filled while it is of a twin class that isn't frozen, with the same slots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, dataclass_transform

__all__ = ["replaced", "value"]

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True)
def value(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[Class]], type[Class]]:
    """Makes a frozen dataclass with slots, of two fields or more; its options are those of `dataclass`."""

    def made(declared: type[Class]) -> type[Class]:
        if hasattr(declared, "__post_init__"):
            raise TypeError(
                f"{declared.__name__} has __post_init__, for which a value's way of being made is no way"
            )
        frozen: Any = dataclass(slots=True, eq=eq, unsafe_hash=eq, kw_only=kw_only)(declared)
        names = [field.name for field in fields(frozen)]
        if len(names) < 2:
            raise TypeError(f"{declared.__name__} has fewer than two fields: make it a frozen dataclass")
        own = {"__slots__": frozen.__slots__, "__setattr__": object.__setattr__}
        open_, fill = type(frozen.__name__, frozen.__bases__, own), frozen.__init__

        @wraps(fill)
        def filled(self: Any, *args: Any, **kwargs: Any) -> None:
            if type(self) is not frozen:
                raise TypeError(
                    f"{type(self).__name__} extends {frozen.__name__}: decorate it with @value(), too"
                )
            object.__setattr__(self, "__class__", open_)
            fill(self, *args, **kwargs)
            self.__class__ = frozen

        frozen.__init__ = filled
        frozen.__setattr__ = frozen.__delattr__ = _refuse
        frozen.__reduce__ = _reduce
        frozen.__open__ = open_
        frozen.__values__ = attrgetter(*names)
        return cast(type[Class], frozen)

    return made


def _refuse(self: object, name: str, *_given: object) -> NoReturn:
    raise FrozenInstanceError(f"nobody changes {name!r} of a {type(self).__name__}")


def _reduce(self: Any) -> tuple[Any, ...]:
    """How a value is copied, and sent to another process."""
    return _remade, (
        type(self),
        dict(zip([field.name for field in fields(self)], self.__values__(self), strict=True)),
    )


def _remade(kind: type[Class], fields: dict[str, object]) -> Class:
    return kind(**fields)


if TYPE_CHECKING:
    from dataclasses import replace as replaced
else:

    def replaced(of, **changes):
        """A copy of the value `of`, whose fields may be given by position, with these changed."""
        kind = type(of)
        copy = object.__new__(kind.__open__)
        kind.__init__.__wrapped__(copy, *kind.__values__(of))
        for name, new in changes.items():
            setattr(copy, name, new)
        copy.__class__ = kind
        return copy
