"""What passes at a server is waited out, and asked again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Any

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.calls import Reply
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import server_connection
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.openai_engine import OpenAIServer
from palaestra.sims.engines.server_faults import Hiccup, seconds_to_wait
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import ask, call, settings


def test_a_server_that_comes_back_is_reached_again(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connection, "RECONNECT_WAITS", (0.01, 0.5))
    engine = OpenAIServer(settings(server.url), {})

    async def session() -> Reply:
        await engine.start()
        await engine.close()
        with pytest.raises(EngineDied):
            await engine.answer(call(Text()), Policy(), 1, 0)
        models, server.models = server.models, (503, problem("loading"))
        asyncio.get_running_loop().call_later(0.2, lambda: setattr(server, "models", models))
        await engine.start()
        try:
            return await engine.answer(call(Text()), Policy(), 1, 0)
        finally:
            await engine.close()

    assert asyncio.run(session()).text == "Hello."


def test_a_busy_server_is_asked_again(server: FakeServer) -> None:
    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        return completion("Hello.") if len(server.requests) > 1 else (429, problem("slow down"))

    server.respond = respond
    assert ask(OpenAIServer(settings(server.url), {}), call(Text()))[0].text == "Hello."
    server.respond = lambda _request: (429, problem("slow down"))
    with pytest.raises(EngineUnavailable, match="slow down"):
        ask(OpenAIServer(settings(server.url, timeout=1), {}), call(Text()))


def test_no_more_requests_at_once_than_allowed(server: FakeServer) -> None:
    now, most, lock = 0, 0, threading.Lock()
    three_at_once = threading.Barrier(3, timeout=60)

    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        three_at_once.wait()
        time.sleep(0.02)  # a fourth would come now
        with lock:
            now -= 1
        return completion("Hello.")

    server.respond = respond
    engine = OpenAIServer(settings(server.url, parallel=3), {})

    async def session() -> None:
        await engine.start()
        await asyncio.gather(*(engine.answer(call(Text()), Policy(), i, 0) for i in range(12)))
        await engine.close()

    asyncio.run(session())
    assert most == 3


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("status", [401, 404, 408, 429, 500, 502, 503, 529])
def test_what_a_server_answers_once_is_asked_again(server: FakeServer, status: int, number: int) -> None:
    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        return (status, problem("not now")) if len(server.requests) == number else completion("Hello.")

    server.respond = respond
    engine, listener = OpenAIServer(settings(server.url), {}), Listener()
    engine.tell(listener)
    assert [reply.text for reply in ask(engine, *[call(Text())] * 2)] == ["Hello."] * 2
    assert listener.faults == {f"status {status}": 1}


def test_a_server_that_asks_for_a_pause_gets_it(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def pause(_self: object, _closed: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)

    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) > 1 else (429, problem("slow down"))
    )
    server.more_headers = {"Retry-After": "7"}
    monkeypatch.setattr(server_connection.Connection, "_pause", pause)
    ask(OpenAIServer(settings(server.url, patience=30), {}), call(Text()))
    assert waited == [7.0]


def test_requests_that_failed_together_come_back_one_by_one() -> None:
    connection = server_connection.Connection(settings("http://127.0.0.1:9/v1", patience=300))
    busy = Hiccup("status 503", "busy", patient=True)
    waits = {connection._wait(busy, Counter({"status 503": 3}), 0.0, 6) for _ in range(50)}
    assert len(waits) == 50
    assert all(wait is not None and 1 <= wait <= 3 for wait in waits)  # 2 seconds, and half of it either way


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(told: dict[str, str], seconds: float | None) -> None:
    assert seconds_to_wait(told) == seconds


def test_a_pause_may_be_told_as_a_date() -> None:
    assert seconds_to_wait({"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}) == 0.0
    assert (seconds_to_wait({"retry-after": "Thu, 01 Jan 2076 00:00:00 GMT"}) or 0) > 1e9


def test_a_server_that_is_loading_is_waited_for_aloud_and_once(server: FakeServer) -> None:
    server.models = 503, problem("Loading model")
    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) > 3 else (503, problem("Loading model"))
    )
    engine, said = OpenAIServer(settings(server.url, patience=30), {}), list[str]()
    engine.tell(Listener(said.append))
    assert ask(engine, call(Text()))[0].text == "Hello."
    assert said == [f"waiting for {server.url}: status 503, Loading model"]
