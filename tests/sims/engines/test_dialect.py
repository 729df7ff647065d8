"""What a server doesn't take is left off, one thing at a time, and only as long as it has to be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Reply
from palaestra.agents.failures import BadInput, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.scenarios.core.load import check
from palaestra.sims.engines.dialect import INSTEAD, JSON_FORMS, PLAIN, Dialect, loosened, named, plainer
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.openai_engine import OpenAIServer
from palaestra.sims.engines.server_faults import FailedAnswer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import Move, ask, call, settings

YES = Choice(("yes", "no"))
Body = dict[str, Any]
WORDS = [
    lambda name: problem(f"Unsupported parameter: '{name}' is not supported with this model."),
    lambda name: {"object": "error", "message": {"detail": [{"loc": ["body", name], "msg": "Extra inputs"}]}},
    lambda name: {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "not permitted"}]},
    lambda name: {"error": f"Input validation error: `{name}` must be > 0.0 and < 1.0"},
    lambda name: {"error": {"message": "Unrecognized request argument supplied", "param": name}},
    lambda _name: {"error": "Bad request"},
]
"""How servers tell which parameter they don't take; the last doesn't."""


def refusing(
    *names: str, words: Callable[[str], Any], status: int = 400
) -> Callable[[Body], tuple[int, Any]]:
    def respond(request: Body) -> tuple[int, Any]:
        for name in names:
            if name in request:
                return status, words(name)
        listed = {"yes": 0.8, "no": 0.2} if "logprobs" in request else None
        wrapped = "response_format" in request
        return completion(
            '{"answer": "yes"}' if wrapped else "yes", path=[("yes", listed)] if listed else None
        )

    return respond


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("name", ["top_p", "seed", "temperature", "stop", "max_tokens"])
def test_one_parameter_that_a_server_refuses_is_left_off_from_then_on(
    server: FakeServer, name: str, status: int, words: Callable[[str], Any]
) -> None:
    server.respond = refusing(name, words=words, status=status)
    engine, told = OpenAIServer(settings(server.url), {}), list[str]()
    engine.tell(Listener(told.append))
    replies = ask(engine, *[call(Text(stop=("\n",)))] * 3)
    assert [reply.text for reply in replies] == ["yes"] * 3
    others = {"messages", "model", "max_tokens", "temperature", "top_p", "seed", "stop"} - {name}
    others |= {"max_completion_tokens"} if name == "max_tokens" else set()
    instead = {name: INSTEAD.get(name, "without")}
    if name == "top_p":
        instead["top_p: 1"] = INSTEAD["top_p: 1"]
    assert [set(request) for request in server.requests[-2:]] == [others] * 2
    expected = [f"the server takes no `{taken}`; it is asked {how}" for taken, how in instead.items()]
    assert told in (expected, expected[:1])  # where nothing is named, one step may do


def test_a_server_that_takes_no_top_p_of_one_is_asked_with_just_less(server: FakeServer) -> None:
    server.respond = lambda request: (
        (422, {"error": "Input validation error: `top_p` must be > 0.0 and < 1.0"})
        if request["top_p"] >= 1
        else completion("Hello.")
    )
    assert [reply.text for reply in ask(OpenAIServer(settings(server.url), {}), *[call(Text())] * 2)] == [
        "Hello."
    ] * 2
    assert [request["top_p"] for request in server.requests] == [1, 0.9999, 0.9999]


@pytest.mark.parametrize("words", WORDS)
def test_probabilities_are_told_where_the_constraint_is_refused(
    server: FakeServer, words: Callable[[str], Any]
) -> None:
    server.respond = refusing("structured_outputs", "response_format", words=words)
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 2)
    for reply in replies:
        assert (reply.text, reply.probabilities, reply.plain) == ("yes", pytest.approx((0.8, 0.2)), True)
    last = server.requests[-1]
    assert last["messages"][-1]["content"].endswith("and nothing else:\nyes\nno")
    assert "structured_outputs" not in last
    assert "response_format" not in last


def test_a_choice_is_an_enum_where_only_schemas_are_taken(server: FakeServer) -> None:
    path = [(token, {token: 1.0}) for token in ('{"', "answer", '":', ' "')]
    path += [("no", {"yes": 0.3, "no": 0.6}), ('"}', {'"}': 1.0})]

    def respond(request: Body) -> tuple[int, Any]:
        if "structured_outputs" in request:
            return 400, problem("Unrecognized request argument supplied: structured_outputs")
        return completion('{"answer": "no"}', path=path)

    server.respond = respond
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(YES))
    assert (reply.mass, reply.plain) == (pytest.approx(0.9), False)
    assert reply.probabilities == pytest.approx([1 / 3, 2 / 3])
    schema = server.requests[-1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"answer": {"type": "string", "enum": ["yes", "no"]}}


def test_an_object_is_asked_by_what_a_server_takes_down_to_plain_words(server: FakeServer) -> None:
    """Whatever of the ladder it takes, the answer is parsed as strictly."""
    forms: dict[str, Callable[[Body], bool]] = {
        "json_schema": lambda request: "reason" in json.dumps(request.get("response_format", {})),
        "structured_json": lambda request: "structured_outputs" in request,
        "loose_schema": lambda request: "maxLength" not in json.dumps(request),
        "json_object": lambda request: request.get("response_format") == {"type": "json_object"},
        "plain": lambda request: not {"response_format", "structured_outputs"} & set(request),
    }
    assert tuple(forms) == JSON_FORMS
    for form, taken in forms.items():
        server.respond = partial(object_or_refusal, taken, form == PLAIN)
        (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Json(Move)))
        assert (reply.text, reply.plain) == ('{"reason": "x"}', form in ("json_object", "plain"))


def object_or_refusal(taken: Callable[[Body], bool], fenced: bool, request: Body) -> tuple[int, Any]:
    if not taken(request):
        return 400, problem("Invalid schema for response_format, or unknown: structured_outputs")
    return completion('```json\n{"reason": "x"}\n```' if fenced else '{"reason": "x"}')


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You are not allowed to request logprobs from this model"),
        (404, "No endpoints found that can handle the requested parameters"),
    ],
)
def test_a_parameter_may_be_refused_as_if_it_were_a_place_or_a_right(
    server: FakeServer, status: int, words: str
) -> None:
    server.respond = lambda request: (status, problem(words)) if "logprobs" in request else completion("yes")
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 2)
    assert [reply.text for reply in replies] == ["yes"] * 2
    assert "logprobs" not in server.requests[-1]


def test_a_thought_that_took_all_the_room_is_asked_again_with_more(server: FakeServer) -> None:
    words = "Could not finish the message because max_tokens or model output limit was reached."
    server.respond = lambda request: (
        completion("Hello.") if request["max_tokens"] > 200 else (400, problem(words))
    )
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(Text())] * 2)
    assert [reply.text for reply in replies] == ["Hello."] * 2
    assert len(server.requests) == 3


def test_a_slip_of_the_server_changes_nothing_for_later_requests(server: FakeServer) -> None:
    def respond(request: Body) -> tuple[int, Any]:
        if len(server.requests) in (2, 3):
            return 400, problem("Unknown parameter: 'structured_outputs'.")
        return completion("yes", path=[("yes", {"yes": 0.8, "no": 0.2})])

    server.respond = respond
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 4)
    assert [reply.probabilities is not None for reply in replies] == [True] * 4
    assert ["structured_outputs" in request for request in server.requests] == [True] * 3 + [False] + [
        True
    ] * 2


def test_a_retry_is_asked_more_plainly_where_the_constraint_was_passed_over(server: FakeServer) -> None:
    def respond(request: Body) -> tuple[int, Any]:
        return completion("yes" if "response_format" in request else "**Yes**")

    server.respond = respond

    async def asked() -> list[Reply]:
        async with Fleet({"default": settings(server.url)}, {"default": Policy()}, retries=2) as fleet:
            return [await fleet.ask(call(YES)) for _ in range(4)]

    replies = asyncio.run(asked())
    assert [(reply.value, reply.failed) for reply in replies] == [("yes", False)] * 4
    assert (replies[0].attempts, replies[-1].attempts) == (2, 1)
    bound = ["structured_outputs" in request for request in server.requests]
    assert bound[:3] == [True, True, False]  # weighed and sampled, then asked again


def test_a_constraint_that_is_passed_over_is_known_by_answers_that_are_cut(server: FakeServer) -> None:
    """An answer that begins as no option does wasn't bound to any, however early it is cut."""

    def respond(request: Body) -> tuple[int, Any]:
        if "response_format" in request:
            return completion('{"answer": "yes"}')
        return completion("The sea", "length", used=request["max_tokens"])

    server.respond = respond
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(YES)] * 6)
    assert replies[-1].text == "yes"


def test_what_a_user_drops_is_never_sent_and_what_he_adds_always(server: FakeServer) -> None:
    engine = settings(server.url, drop=["top_p", "seed"], extra={"reasoning_effort": "low"})
    ask(OpenAIServer(engine, {}), call(Text()), call(YES))
    for request in server.requests:
        assert not {"top_p", "seed"} & set(request)
        assert request["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"drop": ["top-p"]}, r"no request has 'top-p' to drop; there are .*top_p"),
        ({"drop": ["model"]}, "no request has 'model' to drop"),
        ({"extra": {"messages": []}}, "'messages' can't be set"),
        ({"extra": {"stream": True}}, "'stream' can't be set"),
    ],
)
def test_what_can_t_be_dropped_or_added_is_refused(field: Body, told: str) -> None:
    file = {"scenario": "debate", "motions": ["M."], "debaters": [{"name": n, "stance": "for"} for n in "AB"]}
    with pytest.raises(BadInput, match=told):
        check(file | {"engines": {"default": {"kind": "openai", "model": "m", **field}}}, "a.yaml")


def test_where_everything_is_refused_the_server_s_first_words_are_told(server: FakeServer) -> None:
    server.respond = lambda _request: (422, {"detail": [{"loc": ["body", "messages"], "msg": "Too few"}]})
    with pytest.raises(EngineUnavailable, match=r"status 422, body\.messages: Too few"):
        ask(OpenAIServer(settings(server.url), {}), call(YES))


def test_what_was_taken_once_is_not_given_up() -> None:
    dialect, told = Dialect(), list[str]()
    dialect.say = told.append
    dialect.learn({"seed"}, set())
    dialect.learn(set(), {"seed", "top_p"})
    assert dialect.dropped == {"top_p"}
    assert told == ["the server takes no `top_p`; it is asked without"]


def test_a_form_is_given_up_when_it_was_passed_over_more_often_than_kept() -> None:
    dialect = Dialect()
    for kept in (True, True, True, False, False, False):
        dialect.observe("structured_json", kept)
    assert dialect.forms(JSON_FORMS) == list(JSON_FORMS)
    dialect.observe("structured_json", False)
    assert "structured_json" not in dialect.forms(JSON_FORMS)
    for _ in range(9):
        dialect.observe(PLAIN, False)
    assert dialect.forms((PLAIN,)) == [PLAIN]


def test_one_thing_alone_is_left_off_before_more_at_once() -> None:
    ways = list(plainer(["structured_outputs", "plain"], {"seed", "top_p"}))
    assert ways == [
        {"structured_outputs"},
        {"seed"},
        {"top_p"},
        {"structured_outputs", "seed"},
        {"structured_outputs", "seed", "top_p"},
    ]


def test_only_what_was_sent_is_blamed() -> None:
    sent = {"seed", "top_p", "logprobs", "top_logprobs"}
    assert named("top_logprobs must be at most 5", sent) == {"top_logprobs"}
    assert named("`top_n_tokens` must be >= 0 and <= 5. Given: 20", sent) == {"top_logprobs"}
    assert named("sample logprobs of 20, which is greater than max allowed: 5", sent) == {"top_logprobs"}
    assert named("logprobs is not supported", sent) == {"logprobs"}
    assert named("body.seed: not permitted", sent) == {"seed"}
    assert named("temperature is odd", sent) == set()


def test_too_many_stops_are_no_prompt_that_is_too_long() -> None:
    words = "Invalid 'stop': array too long. Expected an array with maximum length 4, but got one of 5."
    assert named(words, {"stop", "seed"}) == {"stop"}
    assert not FailedAnswer(400, words).overflows


def test_a_loose_schema_keeps_names_and_kinds() -> None:
    bounded = {
        "type": "object",
        "properties": {"pattern": {"type": "string", "maxLength": 4, "pattern": "a"}},
    }
    assert loosened(bounded) == {"type": "object", "properties": {"pattern": {"type": "string"}}}
