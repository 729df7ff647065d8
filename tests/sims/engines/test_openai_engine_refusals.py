"""What a server refuses for good: prompts beyond its context or past its filters, told in its own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import REFUSED
from palaestra.agents.failures import ContextOverflow
from palaestra.sims.engines.completion import words_of
from palaestra.sims.engines.openai_engine import OpenAIServer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import Move, ask, asked, call, settings


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


def test_an_answer_that_a_filter_cuts_is_none_and_says_so(server: FakeServer) -> None:
    server.respond = lambda _request: completion("Once upon a", "content_filter")
    (reply,) = asked(server, call(Text()))
    assert (reply.failed, reply.text, reply.refusal, reply.attempts) == (True, "", "content_filter", 3)


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
