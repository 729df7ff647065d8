"""A server that speaks OpenAI's chat protocol: vLLM's own, another's, or a hosted one.

A choice is constrained by vLLM's `structured_outputs`; its probabilities are read from the
answer's log-probabilities. Options that begin alike take one more request, which continues
what they share. The server puts our texts through the chat template: see `plain`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from math import exp, fsum
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply, turns
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.agents.trust import OPENAI_HOSTS, Address
from palaestra.sims.engines.option_tree import draw

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAIError
    from openai.types.chat.chat_completion import ChatCompletion, ChoiceLogprobs

MOST_HICCUPS = 2  # how often one request may fail at the server's fault before the server counts as gone
RECONNECT_WAITS = (0.2, 0.4, 0.8, 1.6, 3.0)  # seconds
HEADERS = ("accept", "connection", "content-", "host", "transfer-encoding", "user-agent", "x-stainless-")
"""How the names of headers begin that a server gets; OPENAI_ORG_ID and OPENAI_CUSTOM_HEADERS make others."""
END = "\0"  # stands for the control token that follows a complete option
PLAIN, CONSTRAINED, WEIGHED = range(3)  # how much of vLLM's extension a choice uses
Parameters = dict[str, Any]
Options = Sequence[str]

_CONTROL = re.compile(
    r"<(?=[|｜]|/?\w[\w.:/-]*[|｜]?>)"  # <|im_start|>, <｜User｜>, </s>, <start_of_turn>, <turn|>
    r"|\[(?=/?(?:[a-z]?[A-Z][A-Z_]+|control)[_\d]*\]|[|｜])|[\[\]](?=e?~)"  # [/INST], [gMASK], [|user|], ]~b]
)
_OVERFLOW = re.compile(r"(?is)context.?(length|size|window)|max_model_len|too (large|long)|maximum.*tokens")
_START = "Start one (python -m vllm.entrypoints.openai.api_server, say), or mend `engines.NAME.url`."
_MOVED = "If you trust that address, name it in `engines.NAME.url`: requests and keys are not sent on."
_COMPARE = "Compare `engines.NAME.url` (its /v1?), `model` and the policy with what the server takes."


class _Request(Protocol):
    """A request of the HTTP client that the installed `openai` uses."""

    headers: MutableMapping[str, str]


class OpenAIServer:
    """A model on a server."""

    def __init__(self, settings: OpenAIEngine, policies: Mapping[str, Policy]) -> None:
        self._settings = settings
        self._url = settings.url
        self._client: AsyncOpenAI | None = None
        self._reached = False
        self._extension = WEIGHED

    async def start(self) -> None:
        """See `Engine.start`; a server that was reached before has a few seconds to come back."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        settings = self._settings
        self._key = os.environ.get(settings.key_variable or "", "").strip()
        self._slots = asyncio.Semaphore(settings.parallel)
        # A redirect would take the prompts, and with some servers the key, to whom nobody named.
        hooks = {} if Address.of(settings.url).host in OPENAI_HOSTS else {"request": [self._only_its_own]}
        self._client = AsyncOpenAI(
            api_key=self._key or "none",
            base_url=settings.url,
            timeout=settings.timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(follow_redirects=False, event_hooks=hooks),
        )
        for wait in (*(RECONNECT_WAITS if self._reached else ()), None):
            try:
                await self._check_model(self._client)
                break
            except EngineDied as absence:
                if wait is None:
                    raise EngineUnavailable(absence.args[0], _START) from None
                await asyncio.sleep(wait)
        self._reached = True

    async def _only_its_own(self, request: _Request) -> None:
        """Leave off what the client adds to each request from variables that are OpenAI's own."""
        for name in [name for name in request.headers if not name.startswith(HEADERS)]:
            del request.headers[name]
        request.headers["Authorization"] = f"Bearer {self._key or 'none'}"

    async def _check_model(self, client: AsyncOpenAI) -> None:
        from openai import OpenAIError

        try:
            listed = await client.models.list(timeout=min(self._settings.timeout, 10))
        except OpenAIError as error:
            if getattr(error, "status_code", None) in (404, 405):
                return  # It lists no models.
            self._fail(error)
        model, served = self._settings.model, [entry.id for entry in getattr(listed, "data", None) or []]
        if served and model not in served:
            remedy = f"Mend `engines.NAME.model`; did you mean {get_close_matches(model, served, 1, 0)[0]!r}?"
            raise EngineUnavailable(f"{self._url} serves {', '.join(served[:20])}, but no {model!r}", remedy)

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        sampling = Parameters(temperature=policy.temperature, top_p=policy.top_p, seed=seed % 2**31)
        match call.answer:
            case Choice(options):
                return await self._choose(call, options, sampling, seed)
            case Json(schema=schema, max_characters=needed):
                wanted = {"name": "answer", "schema": schema, "strict": True}
                sampling["response_format"] = {"type": "json_schema", "json_schema": wanted}
                longest = max(needed, min(4 * needed, 4096))
                try:
                    return _reply(await self._ask(call, needed, max_tokens=longest, **sampling))
                except ContextOverflow:  # Some servers won't promise that much, though less would do.
                    return _reply(await self._ask(call, needed, max_tokens=needed, **sampling))
            case Text(max_tokens, stop):
                needed = max_tokens or policy.max_tokens
                sampling["stop"] = list(stop) or None
                return _reply(await self._ask(call, needed, max_tokens=needed, **sampling))

    async def _choose(self, call: Call, options: Options, sampling: Parameters, seed: int) -> Reply:
        """An option drawn from the probabilities of all, or sampled where they can't be told."""
        asked: list[ChatCompletion] = []
        shares, alike = dict[str, float](), [(1.0, "", options)]
        while alike and self._extension == WEIGHED:
            share, said, group = alike.pop()
            asked.append(await self._pick(call, group, said, sampling | {"temperature": 1, "top_p": 1}))
            parts = part(group, said, asked[-1].choices[0].logprobs)
            if not asked[-1].choices[0].logprobs:
                self._extension = min(self._extension, CONSTRAINED)
            if not parts:
                break
            shares |= {members[0]: share * within for within, _, members in parts if len(members) == 1}
            alike += [(share * within, text, members) for within, text, members in parts if len(members) > 1]
        if len(shares) < len(options):
            return _reply(await self._pick(call, options, "", sampling), *asked)
        probabilities = tuple(shares[option] for option in options)
        text = options[draw(probabilities, sampling["temperature"], seed)]
        return replace(_reply(*asked), text=text, probabilities=probabilities)

    async def _pick(self, call: Call, options: Options, said: str, sampling: Parameters) -> ChatCompletion:
        """An answer that is one of `options`, of which `said` is said already."""
        needed = max(len(option.encode()) for option in options) + 1
        extra: Parameters = {"structured_outputs": {"choice": [option[len(said) :] for option in options]}}
        extra |= {"continue_final_message": True, "add_generation_prompt": False} if said else {}
        level = self._extension
        while True:
            extras: Parameters = {"extra_body": extra} if level >= CONSTRAINED else {}
            extras |= {"logprobs": True, "top_logprobs": 20} if level == WEIGHED else {}
            try:
                answer = await self._ask(call, needed, said, max_tokens=needed, **sampling, **extras)
            except _Refused:
                if level == PLAIN:
                    raise
                level -= 1
                continue
            self._extension = min(self._extension, level)
            return answer

    async def _ask(self, call: Call, needed: int, said: str = "", **parameters: Any) -> ChatCompletion:
        """The server's answer, or how it goes on after `said`; it must have had room for `needed` tokens."""
        from openai import APITimeoutError, InternalServerError, OpenAIError, RateLimitError

        messages: Any = [{"role": role, "content": plain(text)} for role, text in turns(call.prompt)]
        messages += [{"role": "assistant", "content": plain(said)}] if said else []
        parameters |= {"model": self._settings.model, "messages": messages}
        pause, patience, hiccups = 0.5, self._settings.timeout, 0
        async with self._slots:
            while self._client is not None:
                try:
                    answer: ChatCompletion = await self._client.chat.completions.create(**parameters)
                    break
                except OpenAIError as error:
                    hiccups += isinstance(error, InternalServerError | APITimeoutError)
                    passing = isinstance(error, RateLimitError) or 0 < hiccups <= MOST_HICCUPS
                    if not passing or pause > patience:
                        self._fail(error, call)
                await asyncio.sleep(pause)
                pause, patience = 2 * pause, patience - pause
            else:
                raise EngineDied("the connection is closed")
        if not getattr(answer, "choices", None):
            raise EngineUnavailable(f"{self._url} answers, but not with chat completions", _COMPARE)
        used = answer.usage.completion_tokens if answer.usage else needed
        if answer.choices[0].finish_reason == "length" and used < needed:
            raise _overflow(call, f"it was cut after {used} of {needed} tokens")
        return answer

    def _fail(self, error: OpenAIError, call: Call | None = None) -> NoReturn:
        """Raise the failure that `error` is, without the key, which a server may quote."""
        from openai import APIStatusError, APITimeoutError

        if not isinstance(error, APIStatusError):
            words = "gave no answer in time" if isinstance(error, APITimeoutError) else "can't be reached"
            raise EngineDied(f"{self._url} {words}") from None
        status = error.status_code
        if status in (401, 403):
            variable = self._settings.key_variable
            remedy = f"Set the environment variable {variable} to a key that it accepts."
            if variable is None:
                remedy = "Name the variable that holds its key in `engines.NAME.key_variable`."
            raise EngineUnavailable(f"{self._url} refuses the key (status {status})", remedy) from None
        if 300 <= status < 400:
            raise EngineUnavailable(f"{self._url} sends on to another address (status {status})", _MOVED)
        said = f"{self._url}: {error.message.replace(self._key, '[key]') if self._key else error.message}"
        if status >= 500:
            raise EngineDied(said) from None
        if status == 429:
            remedy = "Lower `engines.NAME.parallel`, raise its `timeout`, or wait for the limit to pass."
            raise EngineUnavailable(said, remedy) from None
        if call is None or status not in (400, 413, 422):
            raise EngineUnavailable(said, _COMPARE) from None
        raise (_overflow(call, said) if _OVERFLOW.search(said) else _Refused(said, _COMPARE)) from None

    async def close(self) -> None:
        """See `Engine.close`."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {"kind": "openai", "model": self._settings.model, "url": self._url}


class _Refused(EngineUnavailable):
    """A request that the server finds wrong; a plainer one may do."""


def _overflow(call: Call, words: str) -> ContextOverflow:
    return ContextOverflow(
        f"{call.agent}'s {call.purpose!r} (call {call.index}) leaves no room for the answer: {words}",
        "Raise the server's context (vLLM: --max-model-len), or play fewer rounds or shorter turns.",
    )


def plain(text: str) -> str:
    """`text` with an invisible U+200B in whatever looks like a control token of a chat template."""
    return _CONTROL.sub(lambda opening: f"{opening[0]}\u200b", text)


def part(options: Options, said: str, logprobs: ChoiceLogprobs | None) -> list[tuple[float, str, Options]]:
    """How options go on after `said`: groups of them, with probabilities and what they share.

    As in `option_tree`, an option is spelled in the longest tokens there are, and a control
    token ends it. Returns [] where the answer's tokens don't tell options apart, or not all.
    """
    for position in (logprobs.content if logprobs else None) or []:
        # Of tokens with the same text, such as two kinds of end, the likeliest comes last and counts.
        listed: list[Any] = [position, *reversed(position.top_logprobs or ())]
        texts = {said + (t.token if plain(t.token) == t.token else END): exp(t.logprob) for t in listed}
        groups: dict[str, list[str]] = {}
        for option in options:
            begun = (text for text, p in texts.items() if p and (option + END).startswith(text))
            groups.setdefault(max(begun, key=len, default=""), []).append(option)
        if any(o.startswith(t) for t, g in groups.items() if t not in g for o in options if o not in g):
            return []  # What begins one group may begin another.
        total = fsum(texts.get(text, 0) for text in groups)
        text = max(groups, key=len)
        if len(groups) > 1 or (len(said) < len(text) and text != said + position.token):
            return [(texts[text] / total, text, group) for text, group in groups.items()]
        said += position.token
    return []


def _reply(*answers: ChatCompletion) -> Reply:
    """What the first of `answers` says, and the tokens of them all (the prompt's once)."""
    usage = answers[0].usage
    cached = usage.prompt_tokens_details.cached_tokens if usage and usage.prompt_tokens_details else 0
    return Reply(
        text=(answers[0].choices[0].message.content or "").strip(),
        finish="length" if answers[0].choices[0].finish_reason == "length" else "stop",
        prompt_tokens=usage.prompt_tokens if usage else 0,
        cached_tokens=cached or 0,
        output_tokens=sum(answer.usage.completion_tokens for answer in answers if answer.usage),
        model=answers[0].model or None,
        thought=_thought(answers[0]),
    )


def _thought(answer: ChatCompletion) -> str:
    """What the server tells apart from the answer; each family of servers has a name of its own for it."""
    told = answer.choices[0].message.model_extra or {}
    found = next((told[name] for name in ("reasoning_content", "reasoning") if told.get(name)), "")
    return found.strip() if isinstance(found, str) else ""
