"""Holds an engine to so many requests and tokens a minute, so that a server needn't refuse any.

Calls begin in the order in which they come, evenly spaced: a call that takes a hundredth of what a minute
may have keeps the next one waiting for a hundredth of a minute. So no minute has more, wherever it begins,
but for the call that it begins with. An answer counts at its longest until it is there.
"""

from __future__ import annotations

import asyncio
import contextlib

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.policy import Policy
from palaestra.sims.engines.engine import Engine, Listener, Outspoken
from palaestra.sims.engines.foreseen import at_most

MINUTE = 60.0  # seconds
NO_WAIT = 0.001  # seconds that are not waited for: clocks are no finer


class Pace:
    """Lets calls pass at a rate.

    Args:
        requests: most a minute; None for any number.
        tokens: likewise.
    """

    def __init__(self, requests: float | None, tokens: float | None) -> None:
        self._rates = {"requests": requests, "tokens": tokens}
        self._free_at = {"requests": 0.0, "tokens": 0.0}  # when the next call may begin, the loop's time
        self._queue = asyncio.Lock()
        self._sooner = asyncio.Event()

    async def admit(self, tokens: int) -> None:
        """Return when a call may begin that takes so many `tokens`."""
        clock = asyncio.get_running_loop().time
        async with self._queue:
            while (wait := max(self._free_at.values()) - clock()) > NO_WAIT:
                self._sooner.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._sooner.wait(), wait)
            for kind, amount in (("requests", 1), ("tokens", tokens)):
                self._free_at[kind] = max(self._free_at[kind], clock()) + self._seconds(kind, amount)

    def correct(self, by: int) -> None:
        """Count so many tokens more (or fewer, below 0) for a call than it was admitted for."""
        self._free_at["tokens"] += self._seconds("tokens", by)
        self._sooner.set()

    def _seconds(self, kind: str, amount: float) -> float:
        rate = self._rates[kind]
        return 0.0 if rate is None else MINUTE * amount / rate


class Paced:
    """An engine that answers at a pace; every attempt counts, whatever comes of it."""

    def __init__(self, engine: Engine, pace: Pace) -> None:
        self._engine = engine
        self._pace = pace

    async def start(self) -> None:
        """See `Engine.start`."""
        await self._engine.start()

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        most = at_most(call, policy)
        await self._pace.admit(most.prompt + most.output)
        reply = await self._engine.answer(call, policy, seed, attempt)
        if isinstance(reply, Reply):
            self._pace.correct(reply.prompt_tokens + reply.output_tokens - most.prompt - most.output)
        return reply

    def tell(self, listener: Listener) -> None:
        """See `Outspoken.tell`."""
        if isinstance(self._engine, Outspoken):
            self._engine.tell(listener)

    async def close(self) -> None:
        """See `Engine.close`."""
        await self._engine.close()

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return self._engine.identity()


def paced(engine: Engine, settings: EngineSettings) -> Engine:
    """`engine` at the rates that its settings ask for."""
    if settings.paces_itself or (settings.requests_per_minute is None and settings.tokens_per_minute is None):
        return engine
    return Paced(engine, Pace(settings.requests_per_minute, settings.tokens_per_minute))
