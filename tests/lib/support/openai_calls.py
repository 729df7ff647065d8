"""Calls that tests put to the OpenAI engine, and the key that must not be seen."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from pydantic import BaseModel, Field

from palaestra.agents.answers import Answer
from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.policy import Policy
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.openai_engine import OpenAIServer
from support.chat_server import FakeServer

KEY = "sk-very-secret-4711"


class Move(BaseModel):
    reason: str = Field(max_length=40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(answer: Answer, text: str = "What is the capital of France?", seed: int = 2**62 + 7) -> Call:
    prompt = (Message(0, "system", "You answer briefly."), Message(1, "user", text))
    return Call(
        index=5,
        agent="Ann",
        purpose="argue",
        about={},
        prompt=prompt,
        answer=answer,
        policy="default",
        seed=seed,
    )


def settings(url: str, **fields: Any) -> OpenAIEngine:
    return OpenAIEngine(
        **{"model": "smollm2", "url": url, "key_variable": "TEST_KEY", "patience": 1} | fields
    )


def ask(engine: OpenAIServer, *calls: Call, policy: Policy | None = None) -> list[Reply]:
    async def session() -> list[Reply]:
        try:
            await engine.start()
            return [await engine.answer(c, policy or Policy(), c.seed, 0) for c in calls]
        finally:
            await engine.close()

    return asyncio.run(session())


def asked(server: FakeServer, *calls: Call) -> list[Reply]:
    """The replies as a run gets them, one after another."""

    async def session() -> list[Reply]:
        async with Fleet(
            {"default": settings(server.url, key_variable=None)}, {"default": Policy()}, 2
        ) as fleet:
            return [await fleet.ask(each) for each in calls]

    return asyncio.run(session())
