"""A venue: where several runs play one after another on engines that are started once.

Loading a model takes longer than many a short run, so a sweep keeps its engines between runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from agents.calls import Call, Reply
from agents.failures import EngineDied
from agents.policy import EngineSettings, Policy
from sims.engines.engine import Engine, build


class Venue:
    """An event loop, and the engines that were started on it; a context manager."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._engines: dict[tuple[str, frozenset[Path | None]], _Kept] = {}

    def __enter__(self) -> Venue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._runner:
            for kept in self._engines.values():
                self._runner.run(kept.engine.close())

    def run(self, playing: Coroutine[Any, Any, None]) -> None:
        """Run `playing` to its end."""
        self._runner.run(playing)

    def engine(self, settings: EngineSettings, policies: Mapping[str, Policy]) -> Engine:
        """The engine that `settings` describe; an earlier run's, if it has the same adapters."""
        key = settings.model_dump_json(), frozenset(policy.adapter for policy in policies.values())
        if key not in self._engines:
            self._engines[key] = _Kept(build(settings, policies))
        return self._engines[key]


class _Kept:
    """An engine that goes on running when a run closes it, unless it died."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._running = False

    async def start(self) -> None:
        if not self._running:
            await self.engine.start()
            self._running = True

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        try:
            return await self.engine.answer(call, policy, seed, attempt)
        except EngineDied:
            self._running = False
            raise

    async def close(self) -> None:
        if not self._running:
            await self.engine.close()

    def identity(self) -> dict[str, str]:
        return self.engine.identity()
