"""The way to a chat server: requests go out, hiccups are waited out, answers come back or a clear failure.

A hiccup is whatever may pass: a dropped connection, a server that is busy or loading, an answer that nobody
can read. A request is then made again, later each time and at a moment of its own, so that a server that
comes back isn't run over by all at once. How often each kind happened is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections import Counter
from typing import Any

import orjson

from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.agents.trust import OPENAI_HOSTS, Address
from palaestra.sims.engines.completion import Completion, EmbeddedError, Malformed, read, words_of
from palaestra.sims.engines.dialect import LENGTHS, PARAMETERS, named
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.http_transport import (
    COMPLETIONS,
    CONNECTIONS,
    MODELS,
    HttpAnswer,
    Late,
    Transport,
    Unreached,
)
from palaestra.sims.engines.pace import Pace
from palaestra.sims.engines.server_faults import (
    PATIENT,
    REFUSING,
    FailedAnswer,
    Hiccup,
    RequestRefused,
    StillLoading,
    seconds_to_wait,
)

MOST_TRIES = 6
"""How often a request is made whose hiccups are no reason to wait for long."""
MOST_TIMEOUTS = 2
"""How often one is made that isn't answered in time: each took the whole of it."""
MOST_UNANSWERED = 2
"""How often one is made that is refused before the server has answered any."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds before a request is made again; they double, and are spread by half of them either way."""
KEYLESS = (401, 403)
"""With which status a server wants another key."""
NOT_IN_TIME = "no answer in time"
SECONDS_TO_LIST = 10.0
RECONNECT_WAITS = (0.2, 0.4, 0.8, 1.6, 3.0)
"""Seconds between looks for a server that was reached before."""
START = "Start one (python -m vllm.entrypoints.openai.api_server, say), or mend `engines.NAME.url`."
MOVED = "If you trust that address, name it in `engines.NAME.url`: requests and keys are not sent on."
COMPARE = "Compare `engines.NAME.url` (its /v1?), `model` and the policy with what the server takes."
PAY = "Pay, or change the key; what was answered is recorded."
SLOWER = "Lower `engines.NAME.parallel`, raise its `patience`, or wait for the limit to pass."


class Connection:
    """To one server.

    Args:
        settings: of the engine.
        alone: whether a server that is loading is waited for; else others answer in its place.

    Attributes:
        answers: how many requests were answered.
        listener: hears what is met.
    """

    def __init__(self, settings: OpenAIEngine, alone: bool = True) -> None:
        self._settings = settings
        self._alone = alone
        self._url = settings.url.rstrip("/")
        self._client: Transport | None = None
        self._closed = asyncio.Event()
        self._key = ""
        self._room = 0
        self._reached = False
        self._waiting = False
        self.answers = 0
        self.listener = Listener()
        rates = settings.requests_per_minute, settings.tokens_per_minute
        self._pace = Pace(*rates) if any(rates) else None

    async def open(self) -> list[str]:
        """Connect; a server that was reached before has a few seconds to come back.

        Returns:
            The models that it serves; none where it doesn't tell, or not yet.

        Raises:
            EngineUnavailable: it isn't to be had; `StillLoading` where it isn't yet, and isn't alone.
        """
        settings = self._settings
        self._key = os.environ.get(settings.key_variable or "", "").strip()
        if not self._key.isascii() or not self._key.isprintable():
            odd = f"the key in {settings.key_variable} has characters that no key has"
            raise EngineUnavailable(odd, "Copy it anew: quotes and line breaks are no part of it.")
        await self.close()
        self._room = CONNECTIONS.take(settings.parallel)
        self._slots = asyncio.Semaphore(self._room)
        self._closed = asyncio.Event()
        self._client = Transport(self._url, self._headers())
        served = await self._await_models(self._client)
        self._reached = True
        return served

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._key or 'none'}"}
        if Address.of(self._url).host in OPENAI_HOSTS:
            named = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
            headers |= {header: os.environ[name] for header, name in named.items() if os.environ.get(name)}
        return headers

    async def _await_models(self, client: Transport) -> list[str]:
        for wait in (*RECONNECT_WAITS, None):
            try:
                return await self._models(client)
            except Hiccup as absence:
                if wait is None and absence.patient:
                    if not self._alone:
                        raise StillLoading(absence.words, START) from None
                    return []  # It is loading; the first requests wait for it.
                if wait is None or not (absence.patient or self._reached):
                    raise EngineUnavailable(absence.words, START) from None
            await asyncio.sleep(wait)
        return []

    async def _models(self, client: Transport) -> list[str]:
        response = await self._sent(client)
        status = response.status
        if status in KEYLESS:
            raise EngineUnavailable(self._told(f"refuses the key (status {status})"), self._key_remedy())
        if status in PATIENT or 300 <= status < 400 or status == 402:
            raise self._failure(status, words_of(self._content(response)), response)
        if status != 200:
            return []  # It lists none, or fails at that alone.
        try:
            listed = orjson.loads(response.content)["data"]
            return [entry["id"] for entry in listed if isinstance(entry["id"], str)]
        except (ValueError, KeyError, TypeError):
            return []

    async def post(self, body: dict[str, Any], tries: int = MOST_TRIES) -> Completion:
        """What the server answers to a request for a chat completion.

        Args:
            body: the request.
            tries: how often it is made, at most, where hiccups are no reason to wait for long.

        Raises:
            RequestRefused: the server finds it wrong, or fails at it each time.
            EngineDied: the server answers nothing any more.
            EngineUnavailable: it wants another key, money, never answered, or isn't what it should be.
        """
        answers, failed, waited = 0, Counter[str](), 0.0
        async with self._slots:
            while True:
                client, closed = self._client, self._closed
                if client is None:
                    raise EngineDied("the connection is closed")
                try:
                    return await self._at_its_pace(client, body)
                except Hiccup as hiccup:
                    if self._client is not client:
                        raise EngineDied("the connection was closed") from None
                    self.listener.faults[hiccup.kind] += 1
                    answers = answers if failed else self.answers
                    failed[hiccup.kind] += 1
                    if hiccup.patient and self.answers > answers:  # it is busy with others, and gets on
                        answers, waited = self.answers, 0.0
                    wait = self._wait(hiccup, failed, waited, tries)
                    if wait is None:
                        raise self._given_up(hiccup, self.answers > answers) from None
                    self._say_once(hiccup)
                waited += wait
                await self._pause(closed, wait)

    async def _pause(self, closed: asyncio.Event, seconds: float) -> None:
        """Wait so long; raises `EngineDied` as soon as the connection is closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closed.wait(), seconds)
            raise EngineDied("the connection was closed")

    async def _at_its_pace(self, client: Transport, body: dict[str, Any]) -> Completion:
        if self._pace is None:
            return await self._completion(client, body)
        tokens = _tokens(body)
        await self._pace.admit(tokens)
        used = 0
        try:
            completion = await self._completion(client, body)
            used = completion.prompt_tokens + (completion.output_tokens or 0)
            return completion
        finally:
            self._pace.correct(used - tokens)

    async def _completion(self, client: Transport, body: dict[str, Any]) -> Completion:
        response = await self._sent(client, body)
        if response.status != 200:
            raise self._failure(response.status, words_of(self._content(response)), response)
        try:
            completion = read(self._content(response))
        except EmbeddedError as error:
            raise self._failure(error.status, str(error), response, embedded=True) from None
        except Malformed as problem:
            words = self._told(f"answers, but not with chat completions: {problem}")
            raise Hiccup("an answer that can't be read", words) from None
        self.answers += 1
        self._waiting = False
        return completion

    async def _sent(self, client: Transport, body: dict[str, Any] | None = None) -> HttpAnswer:
        """The answer to a request for a completion, or for the list of models."""
        timeout = self._settings.timeout
        try:
            if body is None:
                return await client.get(MODELS, min(timeout, SECONDS_TO_LIST))
            return await client.post(COMPLETIONS, _encoded(body), timeout)
        except Unreached as failure:
            kind = NOT_IN_TIME if isinstance(failure, Late) else "a dropped connection"
            raise Hiccup(kind, self._told(str(failure))) from None

    def _failure(
        self, status: int, words: str, response: HttpAnswer, embedded: bool = False
    ) -> Hiccup | RequestRefused | EngineUnavailable:
        """What an answer that is no completion means."""
        answered = FailedAnswer(status, words)
        said = self._told(f"status {status}" + (f", {words}" if words else ""))
        if 300 <= status < 400:
            return EngineUnavailable(self._told(f"sends on to another address (status {status})"), MOVED)
        after = seconds_to_wait(response.headers)
        if answered.unpaid and after is None:
            return EngineUnavailable(said, PAY)
        if status in REFUSING or answered.filtered or answered.overflows or answered.unsupported:
            # What names a parameter isn't about the prompt, whatever else it says.
            other = not named(words, set(PARAMETERS)) - LENGTHS
            return RequestRefused(said, other and answered.filtered, other and answered.overflows)
        if status in KEYLESS and not self.answers:
            said = self._told(f"refuses the key (status {status})")
        kind = f"status {status}" + (" within an answer" if embedded else "")
        return Hiccup(kind, said, status in PATIENT, after, status)

    def _say_once(self, hiccup: Hiccup) -> None:
        """Tell that a server is waited for, once until it answers."""
        if hiccup.patient and not self._waiting:
            self._waiting = True
            self.listener.say(f"waiting for {hiccup.words}")

    def _key_remedy(self) -> str:
        variable = self._settings.key_variable
        if variable is None:
            return "Name the variable that holds its key in `engines.NAME.key_variable`."
        return f"Set the environment variable {variable} to a key that it accepts."

    def _wait(self, hiccup: Hiccup, failed: Counter[str], waited: float, tries: int) -> float | None:
        """Seconds until the request is made again; None if it isn't."""
        number = failed.total()
        spread = random.uniform(0.5, 1.5)
        wait: float = max(min(FIRST_WAIT * 2 ** (number - 1), LONGEST_WAIT) * spread, hiccup.after or 0.0)
        if waited + wait > self._settings.patience:
            return None
        if hiccup.patient:
            return wait
        most = MOST_TIMEOUTS if hiccup.kind == NOT_IN_TIME else tries
        if not self.answers and 400 <= hiccup.status < 500:  # likely for good, a slip of the address or key
            most = MOST_UNANSWERED
        return wait if number < most else None

    def _given_up(
        self, hiccup: Hiccup, others_answered: bool
    ) -> RequestRefused | EngineDied | EngineUnavailable:
        """The failure of a request whose hiccups don't pass."""
        if hiccup.status == 429:
            return EngineUnavailable(hiccup.words, SLOWER)
        if hiccup.status in KEYLESS:
            return EngineUnavailable(hiccup.words, self._key_remedy())
        if others_answered or (hiccup.status >= 500 and not hiccup.patient):
            waited = hiccup.patient or hiccup.kind == NOT_IN_TIME
            return RequestRefused(hiccup.words, worn=True, waited=waited)
        if not self.answers and hiccup.status:
            return EngineUnavailable(hiccup.words, START if hiccup.patient else COMPARE)
        if not self.answers and hiccup.kind == "an answer that can't be read":
            return EngineUnavailable(hiccup.words, COMPARE)
        return EngineDied(hiccup.words)

    def _told(self, words: str) -> str:
        return f"{self._url} {words}" if not words.startswith("status") else f"{self._url}: {words}"

    def _content(self, response: HttpAnswer) -> bytes:
        """What a server answered, without the key, which it may quote."""
        return response.content.replace(self._key.encode(), b"[key]") if self._key else response.content

    async def close(self) -> None:
        """Let go of it; what is under way fails as `EngineDied`."""
        client, self._client = self._client, None
        self._closed.set()
        CONNECTIONS.give_back(self._room)
        self._room = 0
        if client is not None:
            await client.close()


def _encoded(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # numbers beyond 64 bits, and halves of characters, are JSON all the same
        return json.dumps(body).encode()


def _tokens(body: dict[str, Any]) -> int:
    """What a request may take at most, about: English has four characters a token."""
    said = sum(len(message["content"]) for message in body["messages"])
    return said // 4 + int(body.get("max_tokens") or body.get("max_completion_tokens") or 0)
