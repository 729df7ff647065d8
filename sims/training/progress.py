"""Progress of a training: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from datetime import timedelta
from time import perf_counter
from types import TracebackType

from rich.live import Live

from palaestra.sims.terminal import console, shown

SECONDS_BETWEEN_LINES = 10.0


class TrainingProgress:
    """Shows the steps of a training on standard error.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = console(sys.stderr)
        self._live: Live | None = None
        self._line = ""
        self._first = self._steps = 0
        self._started = self._shown = perf_counter()

    def __enter__(self) -> TrainingProgress:
        if self._console.is_terminal and not self._quiet:
            self._live = Live(get_renderable=lambda: shown(self._line), console=self._console)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()

    def say(self, words: str) -> None:
        """Show a line of words."""
        if not self._quiet:
            with contextlib.suppress(OSError):  # nobody looks any more: no reason to stop
                self._console.print(shown(words), soft_wrap=True)

    def begin(self, done: int, steps: int) -> None:
        """Steps are about to be taken, of which `done` are taken already."""
        self._first, self._steps = done, steps
        self._started = self._shown = perf_counter()

    def stepped(self, step: int, logs: Mapping[str, float]) -> None:
        """Step number `step` is taken; `logs` is what the trainer says of it."""
        now = perf_counter()
        left = (now - self._started) / max(step - self._first, 1) * (self._steps - step)
        self._line = f"step {step}/{self._steps} · {describe(logs)} · {timedelta(seconds=round(left))} left"
        if self._live is None and (step == self._steps or now >= self._shown + SECONDS_BETWEEN_LINES):
            self._shown = now
            self.say(self._line)


def describe(logs: Mapping[str, float]) -> str:
    """The loss, what is told of preferences or of CUT's judgments.

    Of preferences how often and by how much the reward of the better one is higher; of CUT the share of
    answers that nobody faulted.
    """
    parts = [
        f"{name} {logs[key]:{form}}"
        for key, name, form in (
            ("loss", "loss", ".3f"),
            ("rewards/accuracies", "accuracy", ".0%"),
            ("rewards/margins", "margin", ".3f"),
            ("satisfied", "satisfied", ".0%"),
        )
        if key in logs
    ]
    return " · ".join(parts)
