"""Progress of a run: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from types import TracebackType

from rich.live import Live
from rich.text import Text

from palaestra.agents.basis import PROBABILITIES, basis_of
from palaestra.agents.budget import money
from palaestra.agents.calls import OVERFLOW, Call, Reply
from palaestra.sims.terminal import console, shown

SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run, or a shard of one, has done.

    Attributes:
        ended: episodes that are over.
        spend: what its calls have cost, None where nobody knows.
        calls, prompt_tokens, cached_tokens, output_tokens: of the sitting that is counted.
        failed: likewise, answers that could not be parsed.
    """

    ended: int = 0
    spend: float | None = None
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    failed: int = 0

    def then(self, later: Tally) -> Tally:
        """After one more sitting."""
        return replace(self + later, ended=later.ended, spend=later.spend)

    def __add__(self, other: Tally) -> Tally:
        """Of this and of another shard."""
        known = [spend for spend in (self.spend, other.spend) if spend is not None]
        return Tally(
            self.ended + other.ended,
            sum(known) if known else None,
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.failed + other.failed,
        )


class Progress:
    """Counts what a run has done and shows it on standard error.

    Args:
        episodes: how many episodes the run has.
        done: how many of them are over already.
        calls_per_episode: an estimate, for the time left.
        quiet: show nothing.
        spend: tells what the run has cost, None where nobody knows.
    """

    def __init__(
        self,
        episodes: int,
        done: int = 0,
        calls_per_episode: float = 0.0,
        quiet: bool = False,
        spend: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.episodes = episodes
        self.ended = done
        self.calls = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.output_tokens = 0
        self.failed = 0
        self._expected_calls = calls_per_episode * (episodes - done)
        self._quiet = quiet
        self._spend = spend
        self._began: float | None = None
        self._ended: float | None = None
        self._next_line = perf_counter() + SECONDS_BETWEEN_LINES
        self._console = console(sys.stderr)
        self._live: Live | None = None
        self._told: set[tuple[str, str]] = set()

    def __enter__(self) -> Progress:
        self._began, self._ended = perf_counter(), None
        self._next_line = self._began + SECONDS_BETWEEN_LINES
        if self._console.is_terminal and not self._quiet:
            self._live = Live(get_renderable=self._text, console=self._console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = perf_counter()
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()
        elif not self._quiet:
            self.say(self.line())

    def say(self, words: str) -> None:
        """Show a line of words."""
        if not self._quiet:
            with contextlib.suppress(OSError):  # nobody looks any more: no reason to stop
                self._console.print(shown(words), soft_wrap=True)

    def episode_ended(self) -> None:
        """See `Observer`."""
        self.ended += 1

    def call_answered(self, call: Call, reply: Reply) -> None:
        """See `Observer`; what a purpose's answers rest on is said once, where it isn't what it should be."""
        self.calls += 1
        self.prompt_tokens += reply.prompt_tokens
        self.cached_tokens += reply.cached_tokens
        self.output_tokens += reply.output_tokens
        self.failed += reply.failed and reply.finish != OVERFLOW
        basis = basis_of(call.answer, reply)
        if basis is not None and (call.purpose, basis) not in self._told:
            self._told.add((call.purpose, basis))
            if basis != PROBABILITIES:
                self.say(f"{call.purpose!r} is answered by {basis}")
        self._line_now_and_then()

    def tally(self) -> Tally:
        """What was counted so far."""
        tokens = self.prompt_tokens, self.cached_tokens, self.output_tokens
        return Tally(self.ended, self._spend(), self.calls, *tokens, self.failed)

    def show(self, tally: Tally) -> None:
        """Show what others have counted."""
        self.ended, self.calls, self.failed = tally.ended, tally.calls, tally.failed
        self.prompt_tokens, self.cached_tokens = tally.prompt_tokens, tally.cached_tokens
        self.output_tokens = tally.output_tokens
        self._line_now_and_then()

    def _line_now_and_then(self) -> None:
        if self._live is None and not self._quiet and perf_counter() >= self._next_line:
            self._next_line = perf_counter() + SECONDS_BETWEEN_LINES
            self.say(self.line())

    @property
    def seconds(self) -> float:
        """Time since the first call could be asked, to the end of play; 0 before."""
        return 0.0 if self._began is None else (self._ended or perf_counter()) - self._began

    def line(self) -> str:
        """Episodes, calls, speed, cache hits, what it cost and the time left, in one line."""
        seconds = max(self.seconds, 1e-9)
        expected = self._expected_calls if self.calls <= self._expected_calls else 0.0
        parts = [
            f"episodes {self.ended}/{self.episodes}",
            f"calls {self.calls}" + (f"/{expected:.0f}" if expected else ""),
            f"{self.output_tokens / seconds:.0f} tokens/s",
        ]
        if self.prompt_tokens:
            parts.append(f"cached {self.cached_tokens / self.prompt_tokens:.0%}")
        if self.failed:
            parts.append(f"{self.failed} answers unparsed")
        if (spend := self._spend()) is not None:
            parts.append(f"spent {money(spend)}")
        if 0 < self.calls < expected:
            left = seconds * (expected - self.calls) / self.calls
            parts.append(f"{_duration(left)} left")
        return " · ".join(parts) + f" · {_duration(seconds)}"

    def _text(self) -> Text:
        return shown(self.line())


def _duration(seconds: float) -> str:
    """Seconds as 7.2s, 1m05s or 2h03m."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"
