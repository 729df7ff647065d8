"""What ends a run at a server: nobody there, no such model, faults that last, money that is out."""

from __future__ import annotations

import time
from typing import Any

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.sims.engines.openai_engine import MOST_REFUSED, OpenAIServer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import ask, asked, call, free_port, settings


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


def test_a_server_that_stays_away_ends_the_run(server: FakeServer) -> None:
    engine = OpenAIServer(settings(server.url), {})
    ask(engine)
    server.stop()
    with pytest.raises(EngineUnavailable, match=r"can't be reached(.|\n)*Start one"):
        ask(engine)


def test_another_refusal_is_told_in_the_servers_words(server: FakeServer) -> None:
    server.respond = lambda _request: (400, problem("temperature: above maximum value 2"))
    with pytest.raises(EngineUnavailable, match="above maximum value 2"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, r"refuses the key(.|\n)*TEST_KEY"), (404, r"no such thing(.|\n)*Compare `engines")],
)
def test_what_is_refused_before_anything_was_answered_is_asked_twice(
    server: FakeServer, status: int, remedy: str
) -> None:
    server.respond = lambda _request: (status, problem("no such thing"))
    with pytest.raises(EngineUnavailable, match=remedy):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert len(server.requests) == 2


def test_something_that_is_no_chat_server(server: FakeServer) -> None:
    server.models = 404, {}
    server.respond = lambda _request: (200, {"hello": "world"})
    with pytest.raises(EngineUnavailable, match="not with chat completions"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_a_server_that_never_stops_loading_ends_the_run_with_its_words(server: FakeServer) -> None:
    server.models = 503, problem("Loading model")
    server.respond = lambda _request: (503, problem("Loading model"))
    with pytest.raises(EngineUnavailable, match=r"Loading model(.|\n)*Start one"):
        ask(OpenAIServer(settings(server.url, patience=0.3), {}), call(Text()))


def test_where_prompt_after_prompt_is_refused_the_run_ends(server: FakeServer) -> None:
    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) < 2 else (400, problem("No."))
    )
    with pytest.raises(EngineUnavailable, match="status 400, No"):
        asked(server, *[call(Text())] * (MOST_REFUSED + 2))


def test_money_that_is_out_ends_the_run_with_the_server_s_words(server: FakeServer) -> None:
    server.respond = lambda _request: (
        429,
        problem("You exceeded your quota: insufficient_quota, see billing"),
    )
    with pytest.raises(EngineUnavailable, match=r"insufficient_quota(.|\n)*Pay"):
        ask(OpenAIServer(settings(server.url, patience=300), {}), call(Text()))
    assert len(server.requests) == 1
