"""The OpenAI engine against a server that says whatever the test wants."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import Reply
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import openai_engine
from palaestra.sims.engines.openai_engine import OpenAIServer, part
from support.chat_server import FakeServer, completion, positions, problem
from support.openai_calls import KEY, Move, ask, call, free_port, settings


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


# What is asked, and what becomes of the answer


def test_text_is_asked_with_the_policys_sampling(server: FakeServer) -> None:
    (reply,) = ask(
        OpenAIServer(settings(server.url), {}),
        call(Text(stop=("\n",)), "Say </s> twice."),
        policy=Policy(temperature=0.3, top_p=0.5, max_tokens=20),
    )
    (request,) = server.requests
    assert request["temperature"] == 0.3
    assert request["top_p"] == 0.5
    assert request["max_tokens"] == 20
    assert request["stop"] == ["\n"]
    assert 0 <= request["seed"] < 2**31
    assert [turn["role"] for turn in request["messages"]] == ["system", "user"]
    assert request["messages"][1]["content"] == "Say <\u200b/s> twice."
    assert (reply.text, reply.finish, reply.model) == ("Hello.", "stop", "smollm2")
    assert (reply.prompt_tokens, reply.cached_tokens, reply.output_tokens) == (11, 8, 3)


def test_the_model_that_a_server_names_is_told_with_each_reply(server: FakeServer) -> None:
    for named, told in (("smollm2-0125", "smollm2-0125"), ("", None), (None, None)):
        status, body = completion("Hello.")
        body["model"] = named
        server.respond = lambda _request: (status, body)  # noqa: B023 (asked before the next round)
        (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Text()))
        assert reply.model == told


def test_a_text_cut_at_its_limit_says_so(server: FakeServer) -> None:
    server.respond = lambda request: completion("Once upon", "length", used=request["max_tokens"])
    assert ask(OpenAIServer(settings(server.url), {}), call(Text(max_tokens=4)))[0].finish == "length"


def test_json_is_asked_by_its_schema(server: FakeServer) -> None:
    server.respond = lambda _request: completion('{"reason": "x"}')
    answer = Json(Move)
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(answer))
    wanted = server.requests[0]["response_format"]["json_schema"]
    assert wanted["schema"] == answer.schema
    assert wanted["strict"] is True
    assert server.requests[0]["max_tokens"] == 4 * answer.max_characters
    assert answer.parse(reply.text) == {"reason": "x"}


def test_json_makes_do_with_less_room(server: FakeServer) -> None:
    answer = Json(Move)

    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if request["max_tokens"] > answer.max_characters:
            return 400, problem("max_tokens=200 cannot be greater than max_model_len=128.")
        return completion('{"reason": "x"}')

    server.respond = respond
    assert ask(OpenAIServer(settings(server.url), {}), call(answer))[0].text == '{"reason": "x"}'


# Choices


def test_a_choice_has_probabilities_from_its_first_token(server: FakeServer) -> None:
    server.respond = lambda _request: completion(
        "yes", path=[("no", {"yes": 0.3, "no": 0.1, "Maybe": 0.2, "never": 0.0})]
    )
    (reply,) = ask(
        OpenAIServer(settings(server.url), {}), call(Choice(("no", "yes"))), policy=Policy(temperature=0)
    )
    (request,) = server.requests
    assert request["structured_outputs"] == {"choice": ["no", "yes"]}
    assert (request["logprobs"], request["top_logprobs"], request["temperature"]) == (True, 20, 1)
    assert reply.probabilities == pytest.approx([0.25, 0.75])
    assert reply.text == "yes"


def test_options_that_begin_alike_are_told_apart_by_continuing_what_they_share(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if "continue_final_message" in request:
            return completion("0", path=[("0", {"0": 0.25, "<|im_end|>": 0.75, "<|endoftext|>": 0.0})])
        return completion("2", path=[("2", {"1": 0.6, "2": 0.4})])

    server.respond = respond
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Choice(("1", "2", "10"))))
    assert reply.probabilities == pytest.approx([0.45, 0.4, 0.15])
    assert reply.text in ("1", "2", "10")
    _, second = server.requests
    assert second["messages"][-1] == {"role": "assistant", "content": "1"}
    assert second["structured_outputs"] == {"choice": ["", "0"]}
    assert (second["continue_final_message"], second["add_generation_prompt"]) == (True, False)
    assert (reply.output_tokens, reply.prompt_tokens) == (6, 11)


def test_a_detour_in_the_sampled_tokens_is_not_followed(server: FakeServer) -> None:
    # The model may say "l", "ean" for "lean"; the options' probabilities are those after "lean".
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if "continue_final_message" in request:
            return completion(" yes", path=[(" yes", {" yes": 0.8, " no": 0.2, " ": 0.01})])
        return completion(
            "lean no", path=[("l", {"lean": 0.3, "l": 0.7}), ("ean", {"ean": 1.0}), (" no", {" no": 1.0})]
        )

    server.respond = respond
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Choice(("lean yes", "lean no"))))
    assert reply.probabilities == pytest.approx([0.8, 0.2])
    assert server.requests[1]["messages"][-1]["content"] == "lean"


def test_a_server_without_logprobs_is_asked_for_them_once(server: FakeServer) -> None:
    server.respond = lambda _request: completion("yes")
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(Choice(("no", "yes")))] * 3)
    assert [(reply.text, reply.probabilities) for reply in replies] == [("yes", None)] * 3
    assert [("logprobs" in request) for request in server.requests] == [True, False, False, False]


def test_an_undetermined_choice_is_sampled_and_has_no_probabilities(server: FakeServer) -> None:
    # After "1", the server doesn't show the token that would end the answer.
    server.respond = lambda request: completion(
        "10",
        path=[("0", {"0": 0.9})] if "continue_final_message" in request else [("1", {"1": 0.6, "2": 0.4})],
    )
    (reply,) = ask(
        OpenAIServer(settings(server.url), {}), call(Choice(("1", "2", "10"))), policy=Policy(temperature=0.2)
    )
    assert (reply.text, reply.probabilities) == ("10", None)
    assert server.requests[-1]["temperature"] == 0.2
    assert server.requests[-1]["structured_outputs"] == {"choice": ["1", "2", "10"]}


@pytest.mark.parametrize(
    ("options", "path", "expected"),
    [
        (["ab", "ac"], [("a", {"a": 1.0}), ("c", {"b": 0.2, "c": 0.6, " ": 0.2})], {"ab": 0.25, "ac": 0.75}),
        (["1", "10"], [("10", {"1": 0.4, "10": 0.4})], {"1": 0.5, "10": 0.5}),
        (["yes", "no"], [("yes", {"yes": 0.9, "maybe": 0.1})], {}),  # "no" isn't among the listed
        (["yes", "yellow"], [("yes", {"yes": 0.5, "y": 0.5})], {}),  # "y" may begin either
        (["yes", "no"], [(" yes", {" yes": 0.5, " no": 0.5})], {}),  # options are taken as they are
        (["yes", "no"], [], {}),
        (["aa", "ab"], [("a", {"a": 1.0}), ("x", {"x": 1.0})], {}),
    ],
)  # fmt: skip
def test_part(
    options: list[str], path: list[tuple[str, dict[str, float]]], expected: dict[str, float]
) -> None:
    from openai.types.chat.chat_completion import ChoiceLogprobs

    groups = part(options, "", ChoiceLogprobs.model_validate({"content": positions(path)}))
    assert {group[0]: share for share, _, group in groups} == pytest.approx(expected)
    assert all(len(group) == 1 for _, _, group in groups)


@pytest.mark.parametrize("field", ["structured_outputs", "logprobs"])
def test_a_server_that_refuses_the_extension_is_asked_without_it(server: FakeServer, field: str) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        return (400, problem(f"Unknown argument: {field}")) if field in request else completion(" yes ")

    server.respond = respond
    engine = OpenAIServer(settings(server.url), {})
    first, second = ask(engine, call(Choice(("no", "yes"))), call(Choice(("no", "yes"))))
    assert (first.text, first.probabilities) == ("yes", None)
    assert (second.text, second.probabilities) == ("yes", None)
    assert ("structured_outputs" in server.requests[-1]) == (field == "logprobs")
    refused = [request for request in server.requests if field in request]
    assert len(refused) <= 2, "it must be remembered"
    assert field not in server.requests[-1]


# Failures


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
    monkeypatch.setattr(openai_engine, "RECONNECT_WAITS", (0.01, 0.5))
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
    monkeypatch.setattr(openai_engine, "RECONNECT_WAITS", (0.01, 0.01))
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
