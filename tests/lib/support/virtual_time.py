"""An event loop whose clock jumps to when the next thing is due, so that waiting takes no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from selectors import DefaultSelector, SelectorKey
from typing import TypeVar

Result = TypeVar("Result")


class _Jumping(DefaultSelector):
    """A selector that doesn't wait: it moves the clock on by the time that it should have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is not None:
            self.now += max(timeout, 0)
        return super().select(timeout if timeout is None else 0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_no_time(doing: Coroutine[None, None, Result]) -> Result:
    """What `doing` returns, on a loop whose clock begins at 0 and jumps."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(doing)


def now() -> float:
    """The running loop's time, seconds, to the millisecond."""
    return round(asyncio.get_running_loop().time(), 3)
