"""A server that speaks OpenAI's chat protocol: vLLM's own, another's, or a hosted one.

No server is trusted to do what it is asked. A choice has probabilities only where the answer is an option
and the options hold real mass of what the model might say; else it is a sample. What a server refuses is
asked more plainly (`dialect`), what may pass is asked again (`server_connection`), and a prompt that is
refused for good is a failed call. The server puts our texts through the chat template: see `plain_text`.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import fsum
from typing import Any

from palaestra.agents.answers import Choice, Json, Likelihood, Text, Value
from palaestra.agents.calls import REFUSED, Call, Reply
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import ContextOverflow, EngineUnavailable, UnparsedAnswer
from palaestra.agents.policy import Policy
from palaestra.sims.engines.completion import Completion
from palaestra.sims.engines.dialect import CHOICE_FORMS, JSON_FORMS, PLAIN, WORDED, Dialect, Form
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.option_tokens import Group, Options, of_answer, of_value, part
from palaestra.sims.engines.option_tree import draw
from palaestra.sims.engines.server_connection import COMPARE, Connection
from palaestra.sims.engines.server_faults import RequestRefused
from palaestra.sims.engines.server_request import KEY, Request, negotiated
from palaestra.sims.engines.thoughts import parted

LEAST_MASS = 0.001
"""What options must hold of the model's probability, all together, for each one's to mean anything."""
MOST_UNWEIGHED = 4
"""How often options are weighed in vain before they are sampled at once; far oftener, once it succeeded."""
MOST_REFUSED = 20
"""Prompts refused in a row, after which it isn't the prompts."""


@dataclass(frozen=True, slots=True)
class _Received:
    """An answer, the form that it was asked in, and what it says there."""

    completion: Completion
    form: Form
    text: str
    thought: str

    def after(self, earlier: _Received) -> _Received:
        """The same with what the answer before it cost."""
        first, second = earlier.completion, self.completion
        spent = replace(
            second,
            prompt_tokens=first.prompt_tokens + second.prompt_tokens,
            cached_tokens=first.cached_tokens + second.cached_tokens,
            output_tokens=(first.output_tokens or 0) + (second.output_tokens or 0),
        )
        return replace(self, completion=spent)

    @property
    def cut(self) -> bool:
        return self.completion.finish == "length"


class OpenAIServer:
    """A model on a server.

    Args:
        settings: the engine's.
        policies: those that it answers for.
        alone: see `Connection`.
    """

    def __init__(self, settings: OpenAIEngine, policies: Mapping[str, Policy], alone: bool = True) -> None:
        self._settings = settings
        self._connection = Connection(settings, alone)
        self._dialect = Dialect(settings.left_off())
        self._listener = self._connection.listener
        self._thinks = False
        self._refused = 0
        self._unweighed: Counter[tuple[Options, Form]] = Counter()

    def tell(self, listener: Listener) -> None:
        """See `Outspoken.tell`."""
        self._listener = self._connection.listener = listener
        self._dialect.say = lambda words: listener.say(words)

    async def start(self) -> None:
        """See `Engine.start`; a server that is loading, or was reached before, is waited for."""
        model, served = self._settings.model, await self._connection.open()
        # Adapters and variants, `model:adapter`, aren't listed everywhere.
        if served and model not in served and model.rpartition(":")[0] not in served:
            remedy = f"Mend `engines.NAME.model`; did you mean {get_close_matches(model, served, 1, 0)[0]!r}?"
            said = f"{self._settings.url} serves {', '.join(served[:20])}, but no {model!r}"
            raise EngineUnavailable(said, remedy)

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`. Each further attempt is made in a plainer form."""
        try:
            reply = await self._reply(call, policy, seed, attempt)
        except RequestRefused as refusal:
            return self._given_up(refusal)
        self._refused = 0
        return reply

    def _given_up(self, refusal: RequestRefused) -> Reply:
        """The reply to a prompt that is refused for good; raises what it is where it isn't the prompt."""
        self._refused += not refusal.filtered  # filters answer faster than models
        if self._refused > MOST_REFUSED or not (self._connection.answers or refusal.filtered):
            raise EngineUnavailable(refusal.words, COMPARE) from None
        self._listener.faults["a prompt that was refused"] += 1
        return Reply("", finish=REFUSED, failed=True, refusal=refusal.words)

    async def _reply(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        sampling = {"temperature": policy.temperature, "top_p": policy.top_p, "seed": seed % 2**31}
        match call.answer:
            case Choice(options):
                return await self._choose(call, policy, options, sampling, seed, attempt)
            case Json(schema=schema, max_characters=needed):
                longest = max(needed, min(4 * needed, 4096))
                wanted = Request(self._settings, call, sampling, needed, longest, schema=schema)
                wanted = replace(wanted, forms=self._forms(JSON_FORMS, attempt))
                try:
                    asked = await self._ask(wanted, policy, call.answer.parse)
                except ContextOverflow:  # Some servers won't promise that much, though less would do.
                    asked = await self._ask(replace(wanted, longest=needed), policy, call.answer.parse)
                return replace(_reply(asked), plain=asked.form in WORDED)
            case Text(max_tokens, stop):
                needed = max_tokens or policy.max_tokens
                return _reply(
                    await self._ask(Request(self._settings, call, sampling, needed, stop=stop), policy)
                )
            case Likelihood():
                raise TypeError("no server is asked how probable a given text is: see `weighs_texts`")

    def _forms(self, ladder: tuple[Form, ...], attempt: int) -> tuple[Form, ...]:
        forms = self._dialect.forms(ladder)
        return tuple(forms[min(attempt, len(forms) - 1) :])

    async def _choose(
        self,
        call: Call,
        policy: Policy,
        options: Options,
        sampling: dict[str, Any],
        seed: int,
        attempt: int,
    ) -> Reply:
        """An option drawn from the probabilities of all, or sampled where they can't be told."""
        needed = max(len(option.encode()) for option in options) + 1
        wanted = Request(self._settings, call, sampling, needed, options=options)
        wanted = replace(wanted, forms=self._forms(CHOICE_FORMS, attempt))
        asked: list[_Received] = []
        known_as = (tuple(options), wanted.forms[0])
        if self._dialect.uses("logprobs") and self._unweighed[known_as] < MOST_UNWEIGHED:
            found = await self._weigh(wanted, policy, asked)
            if found:
                self._unweighed[known_as] = -MOST_UNWEIGHED
                probabilities = tuple(found[option].share for option in options)
                mass = fsum(group.probability for group in found.values())
                text = options[draw(probabilities, policy.temperature, seed)]
                told = replace(_reply(*asked), text=text, probabilities=probabilities)
                return replace(told, mass=min(mass, 1.0), plain=asked[0].form == PLAIN)
            self._unweighed[known_as] += 1
            as_asked = (policy.temperature, policy.top_p) == (1, 1) and self._dialect.uses("temperature")
            if as_asked:  # it was sampled just so
                return replace(_reply(*asked), plain=asked[0].form == PLAIN)
        sample = await self._ask(wanted, policy, call.answer.parse)
        return replace(_reply(sample, *asked), plain=sample.form == PLAIN)

    async def _weigh(self, wanted: Request, policy: Policy, asked: list[_Received]) -> dict[str, Group]:
        """What the model would say each option with; {} where that isn't known.

        Args:
            wanted: the choice.
            policy: whose it is.
            asked: takes up what was asked for it.
        """
        exact = {**wanted.sampling, "temperature": 1, "top_p": 1}
        whole = replace(wanted, sampling=exact, weighed=True)
        found, alike = dict[str, Group](), [Group(1.0, 1.0, "", wanted.options)]
        while alike:
            group = alike.pop()
            further = replace(whole, options=group.options, said=group.said)
            if group.said and not self._continues(asked[0].form):
                return {}
            try:
                asked.append(
                    await self._ask(further, policy, None if group.said else wanted.call.answer.parse)
                )
            except (RequestRefused, ContextOverflow):
                if not group.said:
                    raise
                return {}
            parts = self._parts(asked[-1], group)
            if not parts:
                return {}
            for each in parts:
                share, probability = group.share * each.share, group.probability * each.probability
                within = replace(each, share=share, probability=probability)
                if len(each.options) == 1:
                    found[each.options[0]] = within
                else:
                    alike.append(within)
        mass = fsum(group.probability for group in found.values())
        return found if mass >= LEAST_MASS else {}

    def _continues(self, form: Form) -> bool:
        """Whether the server goes on with what is said, as vLLM does; others begin anew, unnoticed."""
        return form == "structured_choice" and self._dialect.uses("continue_final_message")

    def _parts(self, asked: _Received, group: Group) -> list[Group]:
        """How the options of a group go on, where the answer is one of them."""
        positions = asked.completion.positions
        self._dialect.observe("logprobs", bool(positions))
        begun = len(group.said)
        if asked.text not in (option[begun:].strip() for option in group.options):
            return []
        if asked.form == "enum_schema" and asked.completion.text != asked.text:
            at = of_value(positions, asked.completion.text, asked.text)
        else:
            at = of_answer(positions, asked.text)
        return part(group.options, group.said, at)

    async def _ask(
        self, request: Request, policy: Policy, parse: Callable[[str], Value] | None = None
    ) -> _Received:
        """What the server answers; a thought gets room of its own.

        Args:
            request: what is asked.
            policy: whose it is.
            parse: what makes the answer's value, where it has a form to keep to.
        """
        thought = policy.think.tokens if self._thinks or policy.think.kind == "native" else 0
        asked = await self._once(replace(request, thought=thought) if thought else request)
        if asked.cut and not asked.text and (asked.thought or asked.completion.hidden):
            self._thinks = True
            longer = max(4 * thought, policy.think.tokens)
            asked = (await self._once(replace(request, thought=longer))).after(asked)
        if parse is not None:
            self._observe(asked, parse, request.options)
        return asked

    async def _once(self, request: Request) -> _Received:
        completion, form = await negotiated(request, self._connection, self._dialect)
        if completion.finish == "content_filter":
            completion = replace(completion, text="", refusal=completion.refusal or "content_filter")
        text, thought = completion.text, completion.thought
        if request.options or request.schema:
            found = parted(text)
            if found.thought or found.open:
                text, thought = found.answer, "\n\n".join(filter(None, (thought, found.thought)))
        return _Received(completion, form, _said(text, request, form), thought)

    def _observe(self, asked: _Received, parse: Callable[[str], Value], starts: Options) -> None:
        """Note whether the server kept to the form that it was asked in; a start that was cut may have."""
        try:
            parse(asked.text)
        except UnparsedAnswer:
            begun = any(start.startswith(asked.text) for start in starts) or asked.text.startswith("{")
            if asked.text and not (asked.cut and begun):
                self._dialect.observe(asked.form, False)
        else:
            self._dialect.observe(asked.form, True)

    async def close(self) -> None:
        """See `Engine.close`."""
        await self._connection.close()

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {"kind": "openai", "model": self._settings.model, "url": self._settings.url}


def _said(text: str, request: Request, form: Form) -> str:
    """The answer in a text that a form may wrap."""
    if request.options and form == "enum_schema":
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            return str(json.loads(text)[KEY]).strip()
    if request.schema and form in WORDED and text.startswith("```") and text.endswith("```"):
        return text.strip("`").removeprefix("json").strip()
    return text


def _reply(first: _Received, *others: _Received) -> Reply:
    """What the first of the answers says, and the tokens of them all: each request is paid for."""
    every = [asked.completion for asked in (first, *others)]
    return Reply(
        text=first.text,
        finish="length" if first.cut else "stop",
        prompt_tokens=sum(each.prompt_tokens for each in every),
        cached_tokens=sum(each.cached_tokens for each in every),
        output_tokens=sum(each.output_tokens or 0 for each in every),
        model=first.completion.model,
        thought=first.thought,
        refusal="" if first.text else first.completion.refusal,
    )
