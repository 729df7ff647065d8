"""A venue: where runs play one after another on engines that are started once.

Loading a model takes longer than many a short run, so a sweep keeps its engines between runs. In a
notebook, which has an event loop already, a venue has its loop in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import current_thread, main_thread
from types import TracebackType
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.failures import EngineDied
from palaestra.agents.policy import Policy
from palaestra.sims.engines.engine import Engine, Listener, Outspoken
from palaestra.sims.engines.fleet import build

Key = tuple[str, frozenset[Path | None]]
"""An engine's settings, and the adapters that it serves."""


class Venue:
    """An event loop, and the engines that were started on it; a context manager.

    An engine that a run doesn't use is closed before one is started for it: two seldom fit.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._thread = ThreadPoolExecutor(1) if _in_event_loop() else None
        self._engines: dict[Key, _Kept] = {}
        self._used: set[Key] = set()
        self._do(self._runner.get_loop)  # the thread's own, not the notebook's

    def __enter__(self) -> Venue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._do(self._close)
        finally:
            if self._thread is not None:
                self._thread.shutdown()

    def run(self, playing: Coroutine[Any, Any, None]) -> None:
        """Run `playing` to its end; an interrupt ends everything that it began."""
        self._used = set()
        if self._thread is None:
            self._play(lambda: self._runner.run(playing))
            return
        loop = self._runner.get_loop()
        task = loop.create_task(playing)
        self._do(
            lambda: self._play(lambda: loop.run_until_complete(task)),
            press=lambda: loop.call_soon_threadsafe(task.cancel),
        )

    def _play(self, run: Callable[[], None]) -> None:
        try:
            run()
        except (KeyboardInterrupt, asyncio.CancelledError):
            loop = self._runner.get_loop()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            raise

    def _close(self) -> None:
        with self._runner:
            for kept in self._engines.values():
                if kept.running:
                    self._runner.run(kept.engine.close())

    def _do(self, what: Callable[[], object], press: Callable[[], object] = lambda: None) -> None:
        """Do `what`, in the thread if there is one; Ctrl-C then calls `press`, and is raised at the end."""
        if self._thread is None:
            what()
            return
        with _interrupts_wait(press):
            self._thread.submit(what).result()

    def engine(self, settings: EngineSettings, policies: Mapping[str, Policy]) -> Engine:
        """The engine that `settings` describe; an earlier run's, if it has the same adapters."""
        key = settings.model_dump_json(), frozenset(policy.adapter for policy in policies.values())
        self._used.add(key)
        if key not in self._engines:
            self._engines[key] = _Kept(build(settings, policies), self._make_room)
        return self._engines[key]

    async def _make_room(self) -> None:
        for key, kept in self._engines.items():
            if key not in self._used and kept.running:
                kept.running = False
                await kept.close()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextlib.contextmanager
def _interrupts_wait(press: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C calls `press`, and KeyboardInterrupt is raised at the end.

    Raised at once, where this thread hands work to another, it could leave a lock held for good.
    """
    usual = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(usual):
        yield
        return
    pressed = False

    def note(*_: object) -> None:
        nonlocal pressed
        pressed = True
        press()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if pressed:
            raise KeyboardInterrupt


class _Kept:
    """An engine that goes on running when a run closes it, unless it died."""

    def __init__(self, engine: Engine, make_room: Callable[[], Awaitable[None]]) -> None:
        self.engine = engine
        self.running = False
        self._make_room = make_room

    async def start(self) -> None:
        if not self.running:
            await self._make_room()
            await self.engine.start()
            self.running = True

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        try:
            return await self.engine.answer(call, policy, seed, attempt)
        except EngineDied:
            self.running = False
            raise

    def tell(self, listener: Listener) -> None:
        if isinstance(self.engine, Outspoken):
            self.engine.tell(listener)

    async def close(self) -> None:
        if not self.running:
            await self.engine.close()

    def identity(self) -> dict[str, str]:
        return self.engine.identity()
