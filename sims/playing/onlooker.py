"""Who looks on while a run is played: is shown how it gets on, and can stop it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import current_thread, main_thread
from typing import Protocol

from palaestra.sims.playing.progress import Progress


class Onlooker(Protocol):
    """Looks on at one sitting after another."""

    def progress(
        self, episodes: int, done: int, calls_per_episode: float, spend: Callable[[], float | None]
    ) -> Progress:
        """What counts and shows a sitting's progress, see `Progress`."""

    def stopping(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """While it lasts, whoever looks on can have `stop` called, in the event loop that is running."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Whoever sits at this process's terminal.

    Attributes:
        quiet: show no progress.
    """

    quiet: bool = False

    def progress(
        self, episodes: int, done: int, calls_per_episode: float, spend: Callable[[], float | None]
    ) -> Progress:
        """See `Onlooker`."""
        return Progress(episodes, done, calls_per_episode, self.quiet, spend)

    @contextlib.contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Ctrl-C stops cleanly; a second one, or one while an engine loads, at once.

        So do SIGTERM, and SIGHUP of a terminal that is closed, unless that is ignored, as `nohup` has it.
        """
        if current_thread() is not main_thread():  # in a notebook the venue handles interrupts
            yield
            return
        loop = asyncio.get_running_loop()
        others = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]

        def stop_once() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            stop()

        loop.add_signal_handler(signal.SIGINT, stop_once)
        for number in others:
            loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            for number in others:
                loop.remove_signal_handler(number)
