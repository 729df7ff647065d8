"""A kind of answer is a class beside the rules that ask for it: it narrows one that engines know."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel, Field

from palaestra.agents.answers import Json, JsonValue
from palaestra.agents.calls import Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import UnparsedAnswer
from palaestra.agents.policy import Policy
from palaestra.sims.engines.fleet import Fleet
from support.chat_server import FakeServer, completion
from support.openai_calls import KEY, settings
from support.scripted_debates import call


class Places(BaseModel):
    """The numbers of three speakers, the best first."""

    first: int = Field(ge=1, le=3)
    second: int = Field(ge=1, le=3)
    third: int = Field(ge=1, le=3)


class Ranking(Json):
    """An order: nobody has two places."""

    __slots__ = ()

    def parse(self, text: str) -> JsonValue:
        value = super().parse(text)
        if sorted(value.values()) != [1, 2, 3]:
            raise UnparsedAnswer("somebody has two places")
        return value


def asked(engine: EngineSettings) -> Reply:
    async def session() -> Reply:
        async with Fleet({"default": engine}, {"default": Policy()}, retries=40) as fleet:
            return await fleet.ask(call(Ranking(Places)))

    return asyncio.run(session())


def test_its_own_rules_refuse_what_its_form_lets_pass_on_a_made_up_engine() -> None:
    reply = asked(ScriptedEngine())
    assert isinstance(reply.value, dict)
    assert sorted(reply.value.values()) == [1, 2, 3]
    assert len(reply.rejected) == reply.attempts - 1 > 0


def test_a_server_is_bound_to_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    server = FakeServer()
    server.respond = lambda _request: completion(
        '{"first": 2, "second": 2, "third": 1}'
        if len(server.requests) == 1
        else '{"first": 2, "second": 3, "third": 1}'
    )
    try:
        reply = asked(settings(server.url))
    finally:
        server.stop()
    assert reply.value == {"first": 2, "second": 3, "third": 1}
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == {"first", "second", "third"}
    assert reply.attempts == 2
