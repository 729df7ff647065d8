"""What servers answer that no fault of one request explains: bursts, costs, secrets, odd limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput, ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.scenarios.core.load import check
from palaestra.sims.engines.completion import EmbeddedError, Malformed, read, words_of
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.openai_engine import OpenAIServer
from palaestra.sims.engines.server_faults import FailedAnswer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import KEY, Move, ask, call, settings

YES = Choice(("yes", "no"))


def at_once(server: FakeServer, calls: Sequence[Call], **fields: Any) -> list[Reply | BaseException]:
    async def session() -> list[Reply | BaseException]:
        engine = settings(server.url, key_variable=None, **fields)
        async with Fleet({"default": engine}, {"default": Policy()}, retries=2) as fleet:
            return await asyncio.gather(*(fleet.ask(each) for each in calls), return_exceptions=True)

    return asyncio.run(session())


def test_a_burst_of_prompts_that_a_filter_refuses_ends_no_run(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        odd = "odd" in request["messages"][-1]["content"]
        return (400, problem("flagged by the content policy")) if odd else completion("Hello.")

    server.respond = respond
    calls = [call(Text(), "An odd one." if number % 2 else "One.", seed=number) for number in range(80)]
    replies = [reply for reply in at_once(server, calls) if isinstance(reply, Reply)]
    assert [reply.failed for reply in replies] == [bool(number % 2) for number in range(80)]


def test_a_server_that_dies_with_errors_takes_no_calls_with_it(server: FakeServer) -> None:
    """Calls under way when it dies are not failed calls: they are asked again when the run goes on."""
    server.respond = lambda _request: (
        completion("Hello.") if len(server.requests) <= 20 else (500, problem("EngineDeadError"))
    )
    replies = at_once(server, [call(Text(), seed=number) for number in range(60)], max_restarts=0)
    assert not [reply for reply in replies if isinstance(reply, Reply) and reply.failed]
    assert all(isinstance(reply, Reply | EngineUnavailable | EngineDied) for reply in replies)


def test_each_request_of_a_call_is_paid_for(server: FakeServer) -> None:
    server.respond = lambda _request: completion("yes")
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(YES))
    assert len(server.requests) == 2  # weighed in vain, then sampled
    assert (reply.prompt_tokens, reply.cached_tokens, reply.output_tokens) == (22, 16, 6)


def test_options_that_can_t_be_weighed_are_soon_sampled_at_once(server: FakeServer) -> None:
    server.respond = lambda _request: completion("yes", path=[("yes", {"yes": 0.9, "maybe": 0.1})])
    ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 20)
    assert len(server.requests) == 20 + 4


def test_a_key_that_a_server_quotes_is_told_nowhere(server: FakeServer) -> None:
    server.respond = lambda _request: (200, {"headers": {"Authorization": f"Bearer {KEY}"}})
    with pytest.raises(EngineUnavailable, match=r"Bearer \[key\]") as failure:
        ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert KEY not in f"{failure.value}{failure.value!r}"


@pytest.mark.parametrize("key", ["\u201csk-1\u201d", "sk-1\nsk-2"])
def test_a_key_that_can_be_none_is_refused_by_its_variable(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    with pytest.raises(EngineUnavailable, match="TEST_KEY has characters that no key has"):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_an_answer_that_comes_byte_by_byte_is_waited_for_no_longer_than_the_timeout(
    server: FakeServer,
) -> None:
    server.piecemeal = 0.1
    with pytest.raises((EngineDied, EngineUnavailable), match="in time"):
        ask(OpenAIServer(settings(server.url, timeout=0.3, patience=0), {}), call(Text()))
    assert len(server.requests) == 1


BODIES = [b"[" * 100_000, b'{"error": {"code": "\xc2\xb2"}}', b'{"choices": [{"message": 1}]}']


@pytest.mark.parametrize("body", BODIES)
def test_no_body_is_more_than_malformed(body: bytes) -> None:
    with pytest.raises((Malformed, EmbeddedError)):
        read(body)


def test_what_is_no_thought_and_no_probability_is_left_out() -> None:
    body = completion("yes", path=[("yes", {"yes": 0.5})])[1]
    body["choices"][0]["message"]["reasoning"] = False
    body["choices"][0]["logprobs"]["content"][0]["logprob"] = -(10**400)
    found = read(json.dumps(body).encode())
    assert (found.text, found.thought, found.positions) == ("yes", "", ())


def test_content_in_parts_is_what_its_texts_say_and_its_thinking_is_a_thought() -> None:
    body = completion("")[1]
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    texts = [{"type": "text", "text": "Good "}, {"type": "text", "text": "day."}]
    body["choices"][0]["message"]["content"] = [thinking, *texts]
    found = read(json.dumps(body).encode())
    assert (found.text, found.thought) == ("Good day.", "Hm.")


def test_an_error_page_of_any_size_is_read_as_far_as_it_tells() -> None:
    assert words_of(b"<h1>Bad gateway</h1>" + b"<script " * 200_000).startswith("Bad gateway")


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (429, "Rate limit reached, add a payment method at account/billing", ""),
        (429, "You exceeded your current quota, check your plan and billing details", ""),
        (429, "You exceeded your current quota; insufficient_quota", "unpaid"),
        (402, "Insufficient credits", "unpaid"),
        (429, "Request too large for gpt on tokens per min: Limit 30000, Requested 40027", "overflows"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", "overflows"),
        (400, "'stop': string too long", ""),
        (400, "Schema is too large", ""),
        (400, "max_tokens is too large: 608. This model supports at most 512", "overflows"),
        (400, "Invalid value: 'safety_identifier'", ""),
        (400, "model names are case-sensitive", ""),
        (400, "rejected by our safety system", "filtered"),
    ],
)
def test_words_mean_what_they_are_about(status: int, words: str, kind: str) -> None:
    answered = FailedAnswer(status, words)
    found = [name for name in ("overflows", "filtered", "unpaid") if getattr(answered, name)]
    assert found == ([kind] if kind else [])


def test_a_count_that_is_a_little_short_is_a_cut_text(server: FakeServer) -> None:
    server.respond = lambda request: completion("Once", "length", used=request["max_tokens"] - 1)
    assert ask(OpenAIServer(settings(server.url), {}), call(Text()))[0].finish == "length"
    server.respond = lambda _request: completion("Once", "length", used=3)
    with pytest.raises(ContextOverflow):
        ask(OpenAIServer(settings(server.url), {}), call(Text()))


def test_choices_and_objects_are_learnt_of_apart(server: FakeServer) -> None:
    """An enum that is taken says nothing of schemas: an object's is refused once, and then asked no more."""

    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if "structured_outputs" in request:
            return 400, problem("Unknown parameter: 'structured_outputs'")
        if "maxLength" in json.dumps(request.get("response_format", {})):
            return 400, problem("Invalid schema for response_format")
        return completion('{"answer": "yes"}' if "enum" in json.dumps(request) else '{"reason": "x"}')

    server.respond = respond
    ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 3, *[call(Json(Move))] * 3)
    before = len(server.requests)
    engine = OpenAIServer(settings(server.url), {})
    server.requests.clear()
    ask(engine, call(YES), *[call(Json(Move))] * 10)
    assert before
    assert len(server.requests) <= 10 + 6


@pytest.mark.parametrize("name", ["temperature", "seed", "structured_outputs", "stop"])
def test_what_exactness_rests_on_can_t_be_added(name: str, tmp_path: Path) -> None:
    file = {"scenario": "debate", "motions": ["M."], "debaters": [{"name": n, "stance": "for"} for n in "AB"]}
    engine = {"kind": "openai", "model": "m", "extra": {name: 1}}
    with pytest.raises(BadInput, match=f"'{name}' can't be set"):
        check(file | {"engines": {"default": engine}}, str(tmp_path / "a.yaml"))


def test_options_that_are_told_in_words_hold_no_control_tokens(server: FakeServer) -> None:
    server.respond = lambda request: (
        (400, problem("Unknown: structured_outputs, response_format"))
        if {"structured_outputs", "response_format"} & set(request)
        else completion("no")
    )
    ask(OpenAIServer(settings(server.url), {}), call(Choice(("<|im_end|>", "no"))))
    assert "<|im_end|>" not in server.requests[-1]["messages"][-1]["content"]


def test_half_a_character_in_a_refusal_is_a_question_mark(server: FakeServer) -> None:
    status, body = completion("")
    body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "no \ud83d"}
    server.respond = lambda _request: (status, body)
    (reply,) = at_once(server, [call(Text())])
    assert isinstance(reply, Reply)
    assert reply.refusal == "no ?"
