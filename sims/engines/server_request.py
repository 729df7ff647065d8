"""A request to a chat server, and how it is made plainer until the server takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from palaestra.agents.calls import Call, turns
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import ContextOverflow, EngineDied
from palaestra.sims.engines.completion import Completion
from palaestra.sims.engines.dialect import PLAIN, WORDED, Dialect, Form, loosened, named, plainer
from palaestra.sims.engines.option_tokens import Options
from palaestra.sims.engines.plain_text import plain
from palaestra.sims.engines.server_connection import MOST_TRIES, Connection
from palaestra.sims.engines.server_faults import RequestRefused

KEY = "answer"
"""Of the object that a choice is where it is asked by a JSON schema."""
WRAPPED = 24
"""Tokens that such an object may take beside the choice."""
JUST_BELOW = 0.9999
"""In place of a `top_p` of 1, which TGI refuses: some servers have another default than 1."""
LISTED, FEWER_LISTED = 20, 5
"""Likeliest tokens that are asked for; some servers list no more than five."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a server.

    Attributes:
        settings: of the engine.
        call: whose prompt it is.
        sampling: temperature, top_p and seed.
        needed: tokens that must be free for the answer.
        longest: most tokens of the answer; 0 for `needed`.
        stop: strings that end it.
        options: of a choice.
        schema: of a JSON object.
        forms: in which a choice or an object may be asked, the one to begin with first.
        said: what of the answer is said already.
        weighed: whether the probabilities of tokens are asked for.
        thought: tokens that a thought may take beside the answer.
    """

    settings: OpenAIEngine
    call: Call
    sampling: Mapping[str, Any]
    needed: int
    longest: int = 0
    stop: tuple[str, ...] = ()
    options: Options = ()
    schema: dict[str, Any] = field(default_factory=dict)
    forms: tuple[Form, ...] = (PLAIN,)
    said: str = ""
    weighed: bool = False
    thought: int = 0

    def form(self, left_off: Set[str]) -> Form:
        """The strictest form that isn't left off."""
        return next(form for form in self.forms if form == PLAIN or form not in left_off)

    def body(self, left_off: Set[str]) -> tuple[dict[str, Any], set[str]]:
        """The request without what is left off; and which parameters and form it has."""
        form = self.form(left_off)
        body: dict[str, Any] = {"model": self.settings.model, "messages": self._messages(form)}
        length = (self.longest or self.needed) + (
            WRAPPED if self.options and form != "structured_choice" else 0
        )
        length += self.thought
        wanted: dict[str, dict[str, Any]] = {
            name: {name: value} for name, value in self.sampling.items() if value is not None
        }
        wanted["stop"] = {"stop": list(self.stop)} if self.stop else {}
        wanted["max_tokens"] = {"max_tokens": length}
        if "max_tokens" in left_off:
            wanted["max_completion_tokens"] = {"max_completion_tokens": length}
        if self.weighed:
            listed = FEWER_LISTED if "top_logprobs" in left_off else LISTED
            wanted["logprobs"] = {"logprobs": True, "top_logprobs": listed}
        if self.said:
            wanted["continue_final_message"] = {
                "continue_final_message": True,
                "add_generation_prompt": False,
            }
        wanted[form] = self._constraint(form)
        sent = {name for name, fields in wanted.items() if fields and name not in left_off}
        for name in sent:
            body |= wanted[name]
        if "logprobs" in sent and "top_logprobs" not in left_off:
            sent.add("top_logprobs")
        if body.get("top_p") == 1:
            if "top_p: 1" in left_off:
                body["top_p"] = JUST_BELOW
            else:
                sent.add("top_p: 1")
        return body | self.settings.extra, sent

    def _messages(self, form: Form) -> list[dict[str, str]]:
        said = turns(self.call.prompt)
        messages = [{"role": str(role), "content": plain(text)} for role, text in said]
        if form in WORDED and (self.options or self.schema):
            messages = _with(messages, self._words())
        return [*messages, {"role": "assistant", "content": plain(self.said)}] if self.said else messages

    def _words(self) -> str:
        """What is wanted, for a server that can't be bound to it."""
        if self.options:
            told = "Answer with one of these, word for word, and nothing else:"
            return "\n".join((told, *map(plain, self.options)))
        schema = json.dumps(self.schema, ensure_ascii=False)
        return f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{schema}"

    def _constraint(self, form: Form) -> dict[str, Any]:
        match form:
            case "structured_choice":
                begun = len(self.said)
                return {"structured_outputs": {"choice": [option[begun:] for option in self.options]}}
            case "structured_json":
                return {"structured_outputs": {"json": self.schema}}
            case "enum_schema":
                offered = {"type": "string", "enum": list(self.options)}
                return _by_schema(
                    {
                        "type": "object",
                        "properties": {KEY: offered},
                        "required": [KEY],
                        "additionalProperties": False,
                    }
                )
            case "json_schema":
                return _by_schema(self.schema)
            case "loose_schema":
                return _by_schema(loosened(self.schema))
            case "json_object":
                return {"response_format": {"type": "json_object"}}
        return {}


def _by_schema(schema: dict[str, Any]) -> dict[str, Any]:
    wanted = {"name": KEY, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _with(messages: list[dict[str, str]], words: str) -> list[dict[str, str]]:
    """The messages with words of ours at the end: in the last turn, if that is a user's."""
    if messages and messages[-1]["role"] == "user":
        last = {"role": "user", "content": f"{messages[-1]['content']}\n\n{words}"}
        return [*messages[:-1], last]
    return [*messages, {"role": "user", "content": words}]


async def negotiated(request: Request, connection: Connection, dialect: Dialect) -> tuple[Completion, Form]:
    """The server's answer to a request, as it is or made plainer; and the form that it was asked in.

    Raises:
        RequestRefused: it refuses the plainest as well, or fails at it while it answers others.
        EngineDied: it fails at this and answers nothing else.
        ContextOverflow: there is no room for the answer.
    """
    way, answers, tries = _Way(request, dialect), 0, MOST_TRIES
    while True:
        body, sent = request.body(way.left_off)
        try:
            completion = await connection.post(body, tries)
        except RequestRefused as refusal:
            if refusal.unfinished:
                return Completion.unfinished(), request.form(way.left_off)
            if refusal.overflows:
                raise _overflow(request.call, refusal.words) from None
            if refusal.filtered or refusal.waited:
                raise
            connection.listener.faults["a request that was refused"] += 1
            answers = answers if way.first else connection.answers
            if not way.further(refusal, sent):
                first = way.first or refusal
                if first.worn and connection.answers == answers:
                    raise EngineDied(first.words) from None
                raise first from None
            tries = 1 if refusal.worn else MOST_TRIES
        else:
            dialect.learn(sent, way.left_off, way.named)
            _require_room(request, completion)
            return completion, request.form(way.left_off)


class _Way:
    """From a request as it is to the plainest.

    Attributes:
        left_off: what the next request goes without.
        first: the refusal that began it.
        named: whether the server named all that is left off.
    """

    def __init__(self, request: Request, dialect: Dialect) -> None:
        self._request = request
        self._dialect = dialect
        self._base = set(dialect.dropped)
        self._steps: Iterator[frozenset[str]] | None = None
        self._again = True
        self.left_off = set(self._base)
        self.first: RequestRefused | None = None
        self.named = True

    def further(self, refusal: RequestRefused, sent: set[str]) -> bool:
        """Choose what to leave off next, after this refusal of what was sent; False where nothing is left."""
        self.first = self.first or refusal
        blamed = named(refusal.words, sent)
        if self._again and not refusal.worn and (not blamed or sent <= self._dialect.taken):
            self._again = False  # what the server took before may be refused by a slip
            return True
        if blamed:
            self._base |= blamed
            self.left_off |= blamed
        else:
            forms = [form for form in self._request.forms if form not in self._base]
            self._steps = self._steps or plainer(forms, sent - set(forms))
            step = next(self._steps, None)
            if step is None:
                return False
            self.left_off, self.named = self._base | step, False
        if self._request.said and "continue_final_message" in self.left_off:
            self._dialect.learn(set(), {"continue_final_message"})
            return False
        return True


def _require_room(request: Request, completion: Completion) -> None:
    """Some servers shorten an answer to what is left of the context, and don't say so."""
    used = completion.output_tokens
    if completion.finish == "length" and used and used < request.needed / 2:  # servers count differently
        raise _overflow(request.call, f"it was cut after {used} of {request.needed} tokens")


def _overflow(call: Call, words: str) -> ContextOverflow:
    return ContextOverflow(
        f"{call.agent}'s {call.purpose!r} (call {call.index}) leaves no room for the answer: {words}",
        "Raise the server's context (vLLM: --max-model-len), or play fewer rounds or shorter turns.",
    )
