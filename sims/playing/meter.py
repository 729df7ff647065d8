"""Counts what a run takes, over all its sittings, and asks nothing that its `limits` don't allow.

A call is let through where it fits even if it takes the most that it may: the longest answer, nothing cached.
Where it doesn't, it waits for the calls under way, which mostly take less; once none is under way and it
still doesn't fit, the limit is reached. So nothing that was paid for is lost, the limits of calls, tokens
and spend hold, and `minutes` is exceeded by the calls under way then. What retries take, and prompts longer
than their characters promised, is counted when it is known, and may exceed a limit by that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from palaestra.agents.budget import LIMITS, Limit, Usage, figure
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import LimitReached
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.sims.engines.foreseen import TOKENS_A_CHARACTER, at_most, characters

ROUNDING = 1e-9
"""The share of a limit by which sums of spend may miss it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What calls took of each limit but the time."""

    calls: int = 0
    tokens: int = 0
    spend: float = 0.0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.calls + other.calls, self.tokens + other.tokens, self.spend + other.spend)

    def __sub__(self, other: Taken) -> Taken:
        return Taken(self.calls - other.calls, self.tokens - other.tokens, self.spend - other.spend)


class Meter:
    """What a run has taken and may still take.

    Args:
        config: of the run: its limits, and the prices of its engines.
        used: by policy, what earlier sittings took.
        seconds: tells how long the run has been played, over all its sittings.
    """

    def __init__(
        self, config: ScenarioConfig, used: Mapping[str, Usage], seconds: Callable[[], float]
    ) -> None:
        self._limits = {limit: most for limit in LIMITS if (most := config.limits.of(limit)) is not None}
        self._foresees = bool(self._limits.keys() & {"tokens", "spend"})
        self._policies = config.policies
        self._engines = config.used_engines()
        self._priced = any(engine.prices is not None for engine in self._engines.values())
        self._counts = self._priced or bool(self._limits)
        self._seconds = seconds
        self._used = sum((self._taken(policy, usage) for policy, usage in used.items()), Taken())
        self._reserved = Taken()
        self._seen: Counter[str] = Counter()
        self._queue = asyncio.Lock()
        self._settled = asyncio.Event()
        self._reached: LimitReached | None = None

    async def ask(self, answer: Callable[[Call], Awaitable[Reply]], call: Call) -> Reply:
        """The reply that `answer` gives to `call`, which is asked in its turn, and where it is allowed.

        Raises:
            LimitReached: it isn't, and no call is under way any more.
        """
        if not self._counts:
            return await answer(call)
        reserved = await self._admitted(call)
        used = Taken()
        try:
            reply = await answer(call)
            usage = Usage(1, reply.prompt_tokens, reply.cached_tokens, reply.output_tokens)
            used = self._taken(call.policy, usage)
            if self._foresees:
                self._seen.update(characters=characters(call), tokens=reply.prompt_tokens)
        finally:
            self._used += used
            self._reserved -= reserved
            self._settled.set()
        return reply

    @property
    def used(self) -> Taken:
        """What calls have taken that were answered."""
        return self._used

    def reached(self) -> LimitReached | None:
        """The limit that is reached before anything is asked; None where there is none."""
        now = self._amounts(self._used)
        for limit, most in self._limits.items():
            if now[limit] >= most * (1 - ROUNDING):
                return self.told(limit)
        return None

    def told(self, limit: Limit, next_call: Taken | None = None) -> LimitReached:
        """That a limit is reached, with what was taken, and what the next call might take."""
        most = self._limits[limit]
        now = self._amounts(self._used)
        counted = ", ".join(
            figure(kind, now[kind]) for kind in LIMITS if kind != "spend" or self.spend() is not None
        )
        more = ""
        if next_call is not None and limit in ("tokens", "spend"):
            more = f"; the next call may take up to {figure(limit, self._amounts(next_call)[limit])}"
        raised = f"limits.{limit}={2 * most:.10g}"
        return LimitReached(f"the limit of {figure(limit, most)} is reached: {counted}{more}", limit, raised)

    def spend(self) -> float | None:
        """What the run has cost; None where its engines have no prices."""
        return self._used.spend if self._priced else None

    async def _admitted(self, call: Call) -> Taken:
        """What is reserved for `call`, once it fits."""
        async with self._queue:
            while self._reached is None:
                most = self._most(call)
                limit = self._exceeded_by(most)
                if limit is None:
                    self._reserved += most
                    return most
                if not self._reserved.calls:
                    self._reached = self.told(limit, most)
                    break
                self._settled.clear()
                await self._settled.wait()
            raise self._reached

    def _most(self, call: Call) -> Taken:
        """What `call` may take; its tokens only where they matter."""
        if not self._foresees:
            return Taken(calls=1)
        usage = at_most(call, self._policies[call.policy], self._tokens_a_character)
        return self._taken(call.policy, usage)

    def _exceeded_by(self, more: Taken) -> Limit | None:
        """The first limit that would be exceeded if so much more was taken; the time has to be left over."""
        then = self._amounts(self._used + self._reserved + more)
        for limit, most in self._limits.items():
            if then[limit] >= most if limit == "minutes" else then[limit] > most * (1 + ROUNDING):
                return limit
        return None

    def _amounts(self, taken: Taken) -> dict[Limit, float]:
        return {
            "calls": taken.calls,
            "tokens": taken.tokens,
            "minutes": self._seconds() / 60,
            "spend": taken.spend,
        }

    def _taken(self, policy: str, usage: Usage) -> Taken:
        prices = self._engines[self._policies[policy].engine].prices
        return Taken(usage.calls, usage.prompt + usage.output, usage.cost(prices))

    @property
    def _tokens_a_character(self) -> float:
        """Of the prompts asked so far, with what retries added; at least that of English."""
        seen = self._seen
        return max(TOKENS_A_CHARACTER, seen["tokens"] / seen["characters"] if seen["characters"] else 0.0)
