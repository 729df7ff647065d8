"""What several metrics make of the same tables is made once, and forgotten with the tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from weakref import ReferenceType, ref

import polars as pl

Made = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]


def remembered(make: Made) -> Made:
    """`make`, a function of two tables; asked again of the very same two, it gives the frame that it made."""
    last: list[tuple[ReferenceType[pl.DataFrame], ReferenceType[pl.DataFrame], pl.DataFrame]] = []

    @wraps(make)
    def made(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        for first, second, frame in last:
            if first() is one and second() is other:
                return frame
        last[:] = [(ref(one, forget), ref(other, forget), make(one, other))]
        return last[0][2]

    def forget(_gone: object) -> None:
        last.clear()

    return made
