"""Requests in waves of one adapter each, for engines to which mixed batches are slow: vLLM on a CPU."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

Adapter = Path | None


class AdapterWaves:
    """Lets requests of one adapter run at a time; the base model counts as one.

    A wave lasts while its requests run. Who waits longest is next, with all that wait for the same adapter.

    Args:
        longest: requests that join a wave at most while others wait.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._now: Adapter = None
        self._running = self._joined = 0
        self._waiting: dict[Adapter, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, adapter: Adapter) -> AsyncIterator[None]:
        """Wait for the adapter's turn, and hold it."""
        if not self._running:
            self._now, self._joined = adapter, 0
        if adapter == self._now and (not self._waiting or self._joined < self._longest):
            self._running += 1
            self._joined += 1
        else:
            await self._wait(adapter)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, adapter: Adapter) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(adapter, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._running -= 1
        while not self._running and self._waiting:
            self._now = next(iter(self._waiting))
            let_in = [place for place in self._waiting.pop(self._now) if not place.cancelled()]
            for place in let_in:
                place.set_result(None)
            self._running = self._joined = len(let_in)
