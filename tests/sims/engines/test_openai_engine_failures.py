"""What goes wrong between us and a server: what is waited out, what ends a run, what nobody gets to see."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import Reply
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import server_connection
from palaestra.sims.engines.openai_engine import OpenAIServer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import KEY, Move, ask, call, free_port, settings


def test_the_key_is_sent_and_shown_nowhere(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.respond = lambda _request: (418, problem(f"your key {KEY} is a teapot"))
    engine = OpenAIServer(settings(server.url), {})
    with pytest.raises(EngineUnavailable, match="is a teapot") as failure:
        ask(engine, call(Text()))
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert engine.identity() == {"kind": "openai", "model": "smollm2", "url": server.url}
    assert KEY not in f"{failure.value}{failure.value!r}{failure.value.__cause__}{engine!r}"
    assert KEY not in caplog.text


def test_without_a_key_none_is_needed(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert set(server.keys) == {"Bearer none"}


def test_a_server_that_needs_no_key_gets_none(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(OpenAIServer(settings(server.url, key_variable=None), {}), call(Text()))
    assert set(server.keys) == {"Bearer none"}


def test_what_the_client_reads_for_openai_reaches_no_other_host(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"private-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: private\nAuthorization: Bearer private")
    ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert "private" not in "".join(f"{headers}" for headers in server.headers)
    assert {headers["Content-Type"] for headers in server.headers} == {None, "application/json"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_request_is_sent_on_to_another_address(server: FakeServer, status: int) -> None:
    other = FakeServer()
    try:
        server.models = status, {}
        server.moved_to = f"{other.url}/models"
        with pytest.raises(EngineUnavailable, match=rf"sends on to another address \(status {status}\)"):
            ask(OpenAIServer(settings(server.url), {}))
        server.models = 404, {}
        server.respond = lambda _request: (status, {})
        with pytest.raises(EngineUnavailable, match="If you trust that address, name it in `engines"):
            ask(OpenAIServer(settings(server.url), {}), call(Text()))
        assert len(server.requests) == 1
        assert other.headers == []
    finally:
        other.stop()


def test_nobody_at_the_address() -> None:
    port = free_port()
    with pytest.raises(EngineUnavailable, match=rf"{port}.*can't be reached(.|\n)*engines.NAME.url"):
        ask(OpenAIServer(settings(f"http://127.0.0.1:{port}/v1"), {}))


def test_a_model_that_is_not_served(server: FakeServer) -> None:
    server.models = 200, {"object": "list", "data": [{"id": "llama"}, {"id": "smollm2-135m"}]}
    with pytest.raises(EngineUnavailable, match=r"llama, smollm2-135m(.|\n)*did you mean 'smollm2-135m'"):
        ask(OpenAIServer(settings(server.url), {}))


def test_a_server_that_lists_no_models_is_taken(server: FakeServer) -> None:
    server.models = 404, {"detail": "Not Found"}
    assert ask(OpenAIServer(settings(server.url), {}), call(Text()))[0].text == "Hello."


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable(server: FakeServer, status: int) -> None:
    server.models = status, problem(f"wrong key {KEY}")
    with pytest.raises(EngineUnavailable, match="TEST_KEY") as failure:
        ask(OpenAIServer(settings(server.url), {}))
    assert KEY not in str(failure.value)


def test_a_server_that_wants_a_key_after_all(server: FakeServer) -> None:
    server.models = 401, problem("no key")
    with pytest.raises(EngineUnavailable, match="Name the variable that holds its key in"):
        ask(OpenAIServer(settings(server.url, key_variable=None), {}))


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_a_death(server: FakeServer, status: int) -> None:
    server.respond = lambda _request: (status, problem("out of memory"))
    with pytest.raises(EngineDied, match="out of memory"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_no_answer_in_time_is_a_death(server: FakeServer) -> None:
    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.5)
        return completion("late")

    server.respond = respond
    with pytest.raises(EngineDied, match="in time"):
        ask(OpenAIServer(settings(server.url, timeout=0.1), {}), call(Text()))


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


def test_a_server_that_stays_away_ends_the_run(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_connection, "RECONNECT_WAITS", (0.01, 0.01))
    engine = OpenAIServer(settings(server.url), {})
    ask(engine)
    server.models = 503, problem("loading")
    with pytest.raises(EngineUnavailable, match=r"loading(.|\n)*Start one"):
        ask(engine)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, your prompt contains 3000 input tokens",
        "max_tokens=9000 cannot be greater than max_model_len=2048. Please request fewer output tokens.",
        "the request exceeds the available context size",
    ],
)
@pytest.mark.parametrize(
    "answer", [Text(), Json(Move), Choice(("no", "yes"))], ids=["text", "json", "choice"]
)
def test_a_prompt_beyond_the_context(server: FakeServer, message: str, answer: Answer) -> None:
    server.respond = lambda _request: (400, problem(message))
    with pytest.raises(ContextOverflow, match=r"Ann's 'argue' \(call 5\)(.|\n)*--max-model-len"):
        ask(OpenAIServer(settings(server.url), {}), call(answer))


def test_an_answer_that_the_context_cuts_short(server: FakeServer) -> None:
    # vLLM shortens the answer to what is left of the context and doesn't say so.
    server.respond = lambda _request: completion("Once", "length", used=7)
    with pytest.raises(ContextOverflow, match="7 of 96 tokens"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_another_refusal_is_told_in_the_servers_words(server: FakeServer) -> None:
    server.respond = lambda _request: (400, problem("temperature: above maximum value 2"))
    with pytest.raises(EngineUnavailable, match="above maximum value 2"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_a_busy_server_is_asked_again(server: FakeServer) -> None:
    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        return completion("Hello.") if len(server.requests) > 1 else (429, problem("slow down"))

    server.respond = respond
    assert ask(OpenAIServer(settings(server.url), {}), call(Text()))[0].text == "Hello."
    server.respond = lambda _request: (429, problem("slow down"))
    with pytest.raises(EngineUnavailable, match="slow down"):
        ask(OpenAIServer(settings(server.url, timeout=1), {}), call(Text()))


def test_something_that_is_no_chat_server(server: FakeServer) -> None:
    server.models = 404, {}
    server.respond = lambda _request: (200, {"hello": "world"})
    with pytest.raises(EngineUnavailable, match="not with chat completions"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


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
