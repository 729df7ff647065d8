"""The scripted engine: made-up replies at a chosen pace, with chosen faults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import ContextOverflow, EngineDied
from palaestra.agents.memory import size
from palaestra.agents.policy import Policy
from palaestra.agents.scripted import scripted_reply


class Scripted:
    """Answers every call from its seed alone, after a delay drawn from it."""

    def __init__(self, settings: ScriptedEngine, policies: Mapping[str, Policy]) -> None:
        self._settings = settings
        self._answered = 0

    async def start(self) -> None:
        """Nothing to do."""

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`; raises `EngineDied` at every `die_every`-th attempt."""
        settings = self._settings
        if settings.context is not None and (prompt := size(call.prompt)) >= settings.context:
            raise ContextOverflow(f"{call.purpose!r}: {prompt} tokens, and the context is {settings.context}")
        self._answered += 1
        if settings.die_every and self._answered % settings.die_every == 0:
            raise EngineDied("scripted death")
        if settings.delay:
            await asyncio.sleep(Random(seed).expovariate(1 / settings.delay))
        return scripted_reply(call, attempt=attempt, garbled=settings.garbled)

    async def close(self) -> None:
        """Nothing to do."""

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {"kind": "scripted"}
