"""The OpenAI engine against a server that says whatever a test wants: what is asked, and what comes of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.policy import Policy
from palaestra.sims.engines.openai_engine import OpenAIServer
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import Move, ask, call, settings

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
        body = {**completion("Hello.")[1], "model": named}
        server.respond = partial(lambda body, _request: (200, body), body)
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
        "no", path=[("no", {"yes": 0.3, "no": 0.1, "Maybe": 0.2, "never": 0.0})]
    )
    (reply,) = ask(
        OpenAIServer(settings(server.url), {}), call(Choice(("no", "yes"))), policy=Policy(temperature=0)
    )
    (request,) = server.requests
    assert request["structured_outputs"] == {"choice": ["no", "yes"]}
    assert (request["logprobs"], request["top_logprobs"], request["temperature"]) == (True, 20, 1)
    assert reply.probabilities == pytest.approx([0.25, 0.75])
    assert reply.mass == pytest.approx(0.4)
    assert reply.text == "yes"  # the likeliest, not what the server drew


def test_options_that_begin_alike_are_told_apart_by_continuing_what_they_share(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if "continue_final_message" in request:
            return completion(
                "0", path=[("0", {"0": 0.2, "<|im_end|>": 0.6, " ": 0.2, "<|endoftext|>": 0.0})]
            )
        return completion("2", path=[("2", {"1": 0.6, "2": 0.4})])

    server.respond = respond
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Choice(("1", "2", "10"))))
    assert reply.probabilities == pytest.approx([0.45, 0.4, 0.15])
    assert reply.text in ("1", "2", "10")
    _, second = server.requests
    assert second["messages"][-1] == {"role": "assistant", "content": "1"}
    assert second["structured_outputs"] == {"choice": ["", "0"]}
    assert (second["continue_final_message"], second["add_generation_prompt"]) == (True, False)
    assert (reply.output_tokens, reply.prompt_tokens) == (6, 22)


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


def test_a_server_that_tells_no_logprobs_is_soon_asked_without(server: FakeServer) -> None:
    server.respond = lambda _request: completion("yes")
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(Choice(("no", "yes")))] * 5)
    assert [(reply.text, reply.probabilities, reply.plain) for reply in replies] == [("yes", None, False)] * 5
    assert [("logprobs" in request) for request in server.requests] == [True, False] * 3 + [False] * 2


def test_one_answer_without_logprobs_is_a_sample_and_no_more(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        told = "logprobs" in request and len(server.requests) > 1
        return completion("yes", path=[("yes", {"yes": 0.8, "no": 0.1})] if told else None)

    server.respond = respond
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(Choice(("no", "yes")))] * 8)
    assert [reply.probabilities is None for reply in replies] == [True] + [False] * 7


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("**Yes**", [("**", {"**": 0.99, "yes": 1e-7, "no": 2e-7})]),  # the constraint was passed over
        ("yes", [("yes", {"**": 0.99, "yes": 1e-7, "no": 2e-7})]),  # it was kept to, against the model
        ("yes", [("Okay", {"Okay": 0.9, "yes": 0.05, "no": 0.05})]),  # of something else that was said
        ("yes", [("yes", {"yes": 1.0, "no": 1.0})]),  # no distribution
        ("yes", [("yes", {"yes": 0.9, "Yes": 0.1})]),  # not all options
        ("maybe", [("maybe", {"maybe": 0.2, "yes": 0.4, "no": 0.4})]),  # no option
    ],
)
def test_no_probability_comes_out_of_noise(
    server: FakeServer, said: str, path: list[tuple[str, dict[str, float]]]
) -> None:
    server.respond = lambda request: completion(said, path=path if "logprobs" in request else None)
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Choice(("yes", "no"))))
    assert (reply.text, reply.probabilities, reply.mass) == (said, None, None)


def test_a_thought_that_is_kept_secret_gets_room_as_well(server: FakeServer) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if request["max_tokens"] > 100:
            return completion("Hello.")
        status, body = completion("", "length", used=request["max_tokens"])
        body["usage"]["completion_tokens_details"] = {"reasoning_tokens": request["max_tokens"]}
        return status, body

    server.respond = respond
    replies = ask(OpenAIServer(settings(server.url), {}), *[call(Text(max_tokens=20))] * 2)
    assert [reply.text for reply in replies] == ["Hello."] * 2
    assert [request["max_tokens"] for request in server.requests] == [20, 532, 532]


def test_a_thought_of_the_server_takes_no_probability_from_the_answer(server: FakeServer) -> None:
    """Log-probabilities are told of the thought as well; those of the answer count."""
    path = [
        ("Well", {"Well": 0.6, "no": 0.2}),
        ("</think>", {"</think>": 1.0}),
        ("yes", {"yes": 0.6, "no": 0.2}),
    ]

    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if request["max_tokens"] < 100:
            return completion("<think>Well", "length", used=request["max_tokens"])
        status, body = completion("yes", path=path)
        body["choices"][0]["message"]["reasoning_content"] = "Well"
        return status, body

    server.respond = respond
    (reply,) = ask(OpenAIServer(settings(server.url), {}), call(Choice(("yes", "no"))))
    assert (reply.thought, reply.mass) == ("Well", pytest.approx(0.8))
    assert reply.probabilities == pytest.approx([0.75, 0.25])


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


@pytest.mark.parametrize("odd", [2**70, -(2**64), "\ud83d"])
def test_further_fields_may_be_whatever_is_json(server: FakeServer, odd: int | str) -> None:
    engine = OpenAIServer(settings(server.url, extra={"odd": odd}), {})
    assert ask(engine, call(Text()))[0].text == "Hello."
    assert server.requests[0]["odd"] == odd
