"""What goes wrong between us and a server: what is waited out, what ends a run, what nobody gets to see."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from typing import Any

import pytest

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import REFUSED, Call, Reply
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import server_connection
from palaestra.sims.engines.completion import words_of
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.openai_engine import MOST_REFUSED, OpenAIServer
from palaestra.sims.engines.server_faults import Hiccup, seconds_to_wait
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import KEY, Move, ask, call, free_port, settings


def asked(server: FakeServer, *calls: Call) -> list[Reply]:
    """The replies as a run gets them, one after another."""

    async def session() -> list[Reply]:
        async with Fleet(
            {"default": settings(server.url, key_variable=None)}, {"default": Policy()}, 2
        ) as fleet:
            return [await fleet.ask(each) for each in calls]

    return asyncio.run(session())


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


@pytest.mark.parametrize("name", ["smollm2:ann", "smollm2:nitro"])
def test_a_variant_of_a_model_need_not_be_listed(server: FakeServer, name: str) -> None:
    assert ask(OpenAIServer(settings(server.url, model=name), {}), call(Text()))[0].text == "Hello."


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
def test_a_server_error_that_lasts_is_a_death(server: FakeServer, status: int) -> None:
    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) == 1 else (status, problem("out of memory"))
    )
    with pytest.raises(EngineDied, match="out of memory"):
        ask(OpenAIServer(settings(server.url), {}), *[call(Text())] * 2)


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


def test_a_server_that_stays_away_ends_the_run(server: FakeServer) -> None:
    engine = OpenAIServer(settings(server.url), {})
    ask(engine)
    server.stop()
    with pytest.raises(EngineUnavailable, match=r"can't be reached(.|\n)*Start one"):
        ask(engine)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, your prompt contains 3000 input tokens",
        "max_tokens=9000 cannot be greater than max_model_len=2048. Please request fewer output tokens.",
        "the request exceeds the available context size",
        "Input validation error: `inputs` must have less than 1024 tokens. Given: 1100",
        "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)",
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


# What passes


@pytest.mark.parametrize("status", [401, 404, 408, 429, 500, 502, 503, 529])
def test_what_a_server_answers_once_is_asked_again(server: FakeServer, status: int) -> None:
    def respond(_request: dict[str, Any]) -> tuple[int, Any]:
        return (status, problem("not now")) if len(server.requests) == 2 else completion("Hello.")

    server.respond = respond
    engine, listener = OpenAIServer(settings(server.url), {}), Listener()
    engine.tell(listener)
    assert [reply.text for reply in ask(engine, *[call(Text())] * 2)] == ["Hello."] * 2
    assert listener.faults == {f"status {status}": 1}


def test_a_server_that_asks_for_a_pause_gets_it(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) > 1 else (429, problem("slow down"))
    )
    server.more_headers = {"Retry-After": "7"}
    monkeypatch.setattr(asyncio, "sleep", sleep)
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


def test_a_server_that_never_stops_loading_ends_the_run_with_its_words(server: FakeServer) -> None:
    server.models = 503, problem("Loading model")
    server.respond = lambda _request: (503, problem("Loading model"))
    with pytest.raises(EngineUnavailable, match=r"Loading model(.|\n)*Start one"):
        ask(OpenAIServer(settings(server.url, patience=0.3), {}), call(Text()))


# What is refused for good

ANSWERS: list[Answer] = [Text(), Json(Move), Choice(("no", "yes"))]

FILTERS = [
    (400, {"error": {"code": "content_filter", "message": "The response was filtered"}}),
    (400, {"error": {"message": "Your prompt was flagged by our moderation"}}),
    (403, {"error": {"message": "Your chosen model requires moderation and your input was flagged"}}),
    (200, {"error": {"code": 403, "message": "Input was flagged for violence"}}),
    (422, {"detail": "This request violates the content policy"}),
    (403, {"error": {"code": 403, "message": "Request blocked: prompt injection patterns detected"}}),
]


@pytest.mark.parametrize(("status", "body"), FILTERS)
@pytest.mark.parametrize(
    "answer", [Text(), Json(Move), Choice(("no", "yes"))], ids=["text", "json", "choice"]
)
def test_a_prompt_that_a_filter_refuses_is_one_failed_call(
    server: FakeServer, status: int, body: dict[str, Any], answer: Answer
) -> None:
    server.respond = lambda _request: (status, body)
    replies = asked(server, call(answer), call(answer))
    for reply in replies:
        assert (reply.failed, reply.finish, reply.value, reply.attempts) == (True, REFUSED, None, 1)
        assert any(word in reply.refusal for word in ("flagged", "filtered", "policy", "blocked"))
    assert len(server.requests) == 2, "nothing plainer helps"


def test_a_prompt_that_is_refused_whatever_is_asked_of_it_is_one_failed_call(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        odd = "odd" in request["messages"][-1]["content"]
        return (400, problem("No.")) if odd else completion("Hello.")

    server.respond = respond
    well, odd, after = asked(server, call(Text()), call(Text(), "An odd one."), call(Text()))
    assert (well.text, odd.failed, odd.refusal, after.text) == (
        "Hello.",
        True,
        f"{server.url}: status 400, No.",
        "Hello.",
    )


def test_where_prompt_after_prompt_is_refused_the_run_ends(server: FakeServer) -> None:
    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) < 2 else (400, problem("No."))
    )
    with pytest.raises(EngineUnavailable, match="status 400, No"):
        asked(server, *[call(Text())] * (MOST_REFUSED + 2))


def test_an_answer_that_a_filter_cuts_is_none_and_says_so(server: FakeServer) -> None:
    server.respond = lambda _request: completion("Once upon a", "content_filter")
    (reply,) = asked(server, call(Text()))
    assert (reply.failed, reply.text, reply.refusal, reply.attempts) == (True, "", "content_filter", 3)


def test_money_that_is_out_ends_the_run_with_the_server_s_words(server: FakeServer) -> None:
    server.respond = lambda _request: (
        429,
        problem("You exceeded your quota: insufficient_quota, see billing"),
    )
    with pytest.raises(EngineUnavailable, match=r"insufficient_quota(.|\n)*Pay"):
        ask(OpenAIServer(settings(server.url, patience=300), {}), call(Text()))
    assert len(server.requests) == 1


WORDS = [
    ({"error": {"message": "Too hot"}}, "Too hot"),
    ({"error": "Too hot"}, "Too hot"),
    ({"message": "Too hot", "request_id": "x"}, "Too hot"),
    (
        {"detail": [{"loc": ["body", "temperature"], "msg": "Too hot", "input": 9}]},
        "body.temperature: Too hot",
    ),
    (
        {"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": "Too hot"}]}},
        "body.x: Too hot",
    ),
    ({"errors": [{"message": "Too hot"}, {"message": "Too cold"}]}, "Too hot; Too cold"),
    ({"error": {"message": "Provider error", "metadata": {"raw": "Too hot"}}}, "Provider error; Too hot"),
    (b"<html><head><style>b{}</style></head><body><h1>Too</h1> hot</body></html>", "Too hot"),
    (b"Too hot\n", "Too hot"),
    (b"", ""),
]


@pytest.mark.parametrize(("body", "words"), WORDS)
def test_a_server_s_own_words_are_told_in_whatever_form(body: Any, words: str) -> None:
    assert words_of(body if isinstance(body, bytes) else json.dumps(body).encode()) == words
