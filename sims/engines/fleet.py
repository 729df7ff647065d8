"""The fleet of engines that a run's policies need: asks again, starts again, takes thoughts apart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial

from palaestra.agents.answers import Answer, Text
from palaestra.agents.calls import OVERFLOW, REFUSED, Call, Message, Reply, derive_seed
from palaestra.agents.engine import ENGINES, EngineSettings, answering, require_allowed, unweighed
from palaestra.agents.extensions import border, imported
from palaestra.agents.failures import (
    ContextOverflow,
    EngineDied,
    EngineUnavailable,
    PalaestraError,
    UnparsedAnswer,
)
from palaestra.agents.policy import Policy
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.agents.values import replaced
from palaestra.sims.engines.engine import Engine, Listener, Outspoken
from palaestra.sims.engines.pace import paced
from palaestra.sims.engines.thoughts import parted


def build(settings: EngineSettings, policies: Mapping[str, Policy]) -> Engine:
    """The engine that `settings` describe, for `policies`, at the rates that they set; nothing is started.

    Raises:
        ExtensionFault: the class of its kind can't be imported or made, or lacks a method.
    """
    found = ENGINES[settings.kind].engine
    with border(f"engine {settings.kind!r}", answering(settings.kind)):
        made = (imported(found) if isinstance(found, str) else found)(settings, policies)
        if not isinstance(made, Engine):
            methods = ", ".join(name for name in vars(Engine) if not name.startswith("_"))
            raise TypeError(f"{type(made).__name__} is no Engine: it needs {methods}")
        return paced(made, settings)


THINK_FIRST = "First think about it: write notes for yourself, which nobody else will read."
THEN_ANSWER = "Now give what you were asked for, and nothing else."


@dataclass(slots=True)
class _Berth:
    """An engine with what it takes to restart it."""

    engine: Engine
    settings: EngineSettings
    restarts: int = 0
    spent: int = 0  # of these, since it last answered
    listener: Listener = field(default_factory=Listener)
    lost: EngineUnavailable | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def border(self, doing: str) -> AbstractContextManager[None]:
        """Tells what the engine raises unforeseen as its fault."""
        return border(f"engine {self.settings.kind!r}", answering(self.settings.kind), doing)


class Fleet:
    """The engines of a run.

    Args:
        engines: settings by name; only those that a policy uses are started.
        policies: by name.
        retries: how often an answer that can't be parsed is asked again.
        notify: told in words when an engine is restarted.
        make: makes an engine; `build` by default.
        allowed: what a person allows the engines.

    Raises:
        BadInput: the engines need more than that; none was made.
    """

    def __init__(
        self,
        engines: Mapping[str, EngineSettings],
        policies: Mapping[str, Policy],
        retries: int,
        notify: Callable[[str], None] = lambda _words: None,
        make: Callable[[EngineSettings, Mapping[str, Policy]], Engine] | None = None,
        allowed: Allowed = NOTHING,
    ) -> None:
        used = {policy.engine for policy in policies.values()}
        require_allowed({name: engines[name] for name in engines if name in used}, allowed)
        self._policies = policies
        self._retries = retries
        self._notify = notify
        self._berths: dict[str, _Berth] = {}
        for name, settings in engines.items():
            own = {key: policy for key, policy in policies.items() if policy.engine == name}
            if own:
                engine = (make or build)(settings, own)
                self._berths[name] = _Berth(engine, settings)
                if isinstance(engine, Outspoken):
                    engine.tell(self._berths[name].listener)
                    self._berths[name].listener.say = partial(self._tell, name)

    async def __aenter__(self) -> Fleet:
        try:
            for berth in self._berths.values():
                with berth.border("start"):
                    await berth.engine.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all engines."""
        async with contextlib.AsyncExitStack() as engines:
            for berth in self._berths.values():
                engines.push_async_callback(berth.engine.close)

    def identities(self) -> dict[str, dict[str, str]]:
        """What each engine says of itself, by name."""
        told = {}
        for name, berth in self._berths.items():
            with berth.border("identity"):
                told[name] = berth.engine.identity()
        return told

    def faults(self) -> dict[str, dict[str, int]]:
        """What each engine met, by name: how often each kind."""
        met = {name: berth.listener.faults for name, berth in self._berths.items()}
        return {name: dict(faults.most_common()) for name, faults in met.items() if faults}

    def _tell(self, name: str, words: str) -> None:
        self._notify(f"engine {name!r}: {words}")

    async def ask(self, call: Call) -> Reply:
        """The parsed reply to `call`; asked again, with another seed, while it can't be parsed.

        A reply that never parses comes back marked `failed`, without a value; so does one to a prompt
        that is refused for good, and one to a shortenable call whose prompt was too long.

        Raises:
            ContextOverflow: see `Engine.answer`; the call is not shortenable.
            EngineUnavailable: the engine died more often than its settings allow.
            ExtensionFault: it failed in a way that no engine may.
        """
        rejected: tuple[str, ...] = ()
        thoughts: tuple[str, ...] = ()
        tokens = [0, 0, 0]
        while True:
            attempt = len(rejected)
            seed = derive_seed(call.seed, attempt) if attempt else call.seed
            try:
                reply = await self._answer(call, seed, attempt)
            except ContextOverflow:
                if call.shortenable:
                    return Reply("", finish=OVERFLOW, failed=True)
                raise
            thoughts = (*thoughts, reply.thought)
            tokens[0] += reply.prompt_tokens
            tokens[1] += reply.cached_tokens
            tokens[2] += reply.output_tokens
            value, failed = None, reply.finish == REFUSED
            if not failed:
                try:
                    value = call.answer.parse(reply.text)
                except UnparsedAnswer:
                    rejected, failed = (*rejected, reply.text), True
                    if attempt < self._retries:
                        continue
            return replaced(
                reply,
                value=value,
                thought=_joined(*thoughts),
                prompt_tokens=tokens[0],
                cached_tokens=tokens[1],
                output_tokens=tokens[2],
                attempts=attempt + 1,
                failed=failed,
                rejected=rejected,
                call=call.index,
            )

    async def _answer(self, call: Call, seed: int, attempt: int) -> Reply:
        policy = self._policies[call.policy]
        berth = self._berths[policy.engine]
        if call.weighed and not berth.settings.weighs_texts:
            raise EngineUnavailable(*unweighed(policy.engine, berth.settings))
        while True:
            if berth.lock.locked():  # a call begun while an engine starts again would count as another death
                async with berth.lock:
                    pass
            if berth.lost is not None:
                raise berth.lost
            restarts = berth.restarts
            try:
                if policy.think.kind == "scratchpad" and not call.weighed:
                    reply = await self._after_notes(berth.engine, call, policy, seed, attempt)
                else:
                    told = await berth.engine.answer(call, policy, seed, attempt)
                    reply = without_thought(_reply(told), call.answer)
                if restarts == berth.restarts:
                    berth.spent = 0
                return reply
            except EngineDied as death:
                async with berth.lock:
                    if berth.lost is None and berth.restarts == restarts:
                        await self._restart(policy.engine, berth, death)
                    if berth.lost is not None:
                        raise berth.lost from death
            except PalaestraError:
                raise
            except Exception:
                with berth.border(f"call {call.index} ({call.purpose!r})"):
                    raise

    async def _after_notes(
        self, engine: Engine, call: Call, policy: Policy, seed: int, attempt: int
    ) -> Reply:
        """The reply to `call` after the model has written notes for itself, as any model can."""
        asked = (*call.prompt, Message(-1, "user", THINK_FIRST))
        noting = replace(call, prompt=asked, answer=Text(max_tokens=policy.think.tokens))
        told = await engine.answer(noting, policy, derive_seed(seed, "thought"), attempt)
        notes = without_thought(_reply(told), noting.answer)
        noted = (Message(-1, "assistant", notes.text or "…"), Message(-1, "user", THEN_ANSWER))
        answering = replace(call, prompt=(*asked, *noted))
        told = await engine.answer(answering, policy, seed, attempt)
        reply = without_thought(_reply(told), call.answer)
        return replace(
            reply,
            thought=_joined(notes.thought, notes.text, reply.thought),
            token_ids=None,  # they follow a thought, which no prompt has
            logprobs=None,
            prompt_tokens=notes.prompt_tokens + reply.prompt_tokens,
            cached_tokens=notes.cached_tokens + reply.cached_tokens,
            output_tokens=notes.output_tokens + reply.output_tokens,
        )

    async def _restart(self, name: str, berth: _Berth, death: PalaestraError) -> None:
        """Start a dead engine again, as often as it may be; or note that it is lost."""
        while berth.spent < berth.settings.max_restarts:
            berth.spent += 1
            berth.restarts += 1
            self._notify(f"engine {name!r} died ({death.args[0]}); starting it again")
            try:
                with berth.border("restart"):
                    await berth.engine.close()
                    await berth.engine.start()
                return
            except EngineUnavailable as failure:
                death = failure
        berth.lost = EngineUnavailable(
            f"engine {name!r} died {berth.spent + 1} times, the last time: {death.args[0]}",
            "See `palaestra doctor`; what was answered is recorded.",
        )


def without_thought(reply: Reply, answer: Answer) -> Reply:
    """The reply with a thought that stands in its text told apart, unless it answers as it stands."""
    if not isinstance(answer, Text):
        with contextlib.suppress(UnparsedAnswer):
            answer.parse(reply.text)
            return reply
    found = parted(reply.text)
    if not found.thought and found.answer == reply.text:
        return reply
    # The tokens are of both: what trains on them would learn the thought.
    thought = _joined(reply.thought, found.thought)
    return replace(reply, text=found.answer, thought=thought, token_ids=None, logprobs=None)


def _joined(*thoughts: str) -> str:
    return "\n\n".join(filter(None, thoughts))


def _reply(answered: object) -> Reply:
    """What an engine, perhaps a stranger's, answered."""
    if not isinstance(answered, Reply):
        raise TypeError(f"it answered {answered!r}, which is no Reply")
    # Half a pair of UTF-16, as JSON of a server may hold it, is no character: no file takes it.
    said = (answered.text, answered.thought, answered.refusal, answered.model or "")
    if all(map(str.isascii, said)):
        return answered
    text, thought, refusal, model = (words.encode(errors="replace").decode() for words in said)
    if (text, thought, refusal, model) == said:
        return answered
    return replace(answered, text=text, thought=thought, refusal=refusal, model=model or None)
