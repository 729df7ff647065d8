"""From chat turns to tokens, so that what agents say is kept to the letter and never becomes a control token.

A chat template writes control tokens around the turns. If the turns' texts went through it, a text that
spells a control token would forge one. So the template is rendered once for each sequence of roles, with
place-holders; the control tokens in what it wrote are looked up, and everything between them, texts included,
is encoded by a tokenizer that knows no control tokens (`text_tokens`), each message once (`message_tokens`).
For texts that spell none, the tokens are the usual ones.

Controls are the added tokens that are special, and those that the template itself writes; other added tokens
are words (Gemma's runs of newlines and spaces, its HTML tags). How a template is checked before a model is
served by it stands in `template_contract`.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from palaestra.agents.calls import Message as Said
from palaestra.agents.calls import Prompt, Role, by_turn
from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines.message_tokens import MessageTokens, Passage
from palaestra.sims.engines.tellings import Message, tellings
from palaestra.sims.engines.text_tokens import TextTokens
from palaestra.sims.engines.thoughts import (
    CHANNELS,
    FAMILIES,
    SIGNS,
    THOUGHT_FIELDS,
    THOUGHT_OPTIONS,
    Marks,
    marks_told,
)

_SLOT = re.compile("slot9f3a7c([0-9]+)e")
PROBED: tuple[tuple[Role, ...], ...] = (
    ("user",),
    ("system", "user"),
    ("user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
)
"""Sequences of roles by which a template is known; it must be able to tell the first two."""


class ChatTemplate:
    """The chat template of a model's tokenizer.

    Args:
        tokenizer: a fast tokenizer of the `transformers` library.
        options: passed to the template, such as `enable_thinking`.
        text: the template, where it isn't the tokenizer's own.
        day: what the template is told of the date.

    Attributes:
        control_tokens: the ids that no text can become.
        messages: encodes turns, and tells how.

    Raises:
        EngineUnavailable: there is no chat template, the tokenizer isn't a fast one, or the template leaves a
            turn out or changes it.
    """

    def __init__(
        self,
        tokenizer: Any,
        options: Mapping[str, Any] | None = None,
        text: str | None = None,
        day: date | None = None,
    ) -> None:
        self.name = str(tokenizer.name_or_path)
        if not tokenizer.is_fast:
            raise EngineUnavailable(
                f"the tokenizer of {self.name} is not a fast one",
                "Convert it with transformers' `convert_slow_tokenizer`, or serve it and use kind: openai.",
            )
        if text is None and tokenizer.chat_template is None:
            raise EngineUnavailable(
                f"{self.name} has no chat template",
                "Take an instruction-tuned model, or give it a template: `engines.NAME.chat_template`.",
            )
        self._tokenizer = tokenizer
        self._text = text
        self._options = dict(options or {})
        self._day = day or date.today()
        description = json.loads(tokenizer.backend_tokenizer.to_str())
        added = {token["content"]: token for token in description["added_tokens"]}
        self._find_controls(added)
        self._texts = TextTokens(description, self._controls, self.control_tokens)
        self.messages = MessageTokens(self._texts)
        self._skeletons: dict[tuple[Role, ...], list[int | str]] = {}
        self._plans: dict[tuple[Role, ...], list[list[int] | Passage]] = {}

    @property
    def text(self) -> str:
        """The template in Jinja."""
        return self._text or str(self._tokenizer.chat_template)

    def encode(self, prompt: Prompt) -> list[int]:
        """The tokens of `prompt`, up to where the model's answer begins."""
        return self._encoded(by_turn(prompt))

    def _encoded(self, spoken: Sequence[tuple[Role, Sequence[Said]]]) -> list[int]:
        messages = [turn for _, turn in spoken]
        tokens: list[int] = []
        for part in self._plan(tuple(role for role, _ in spoken)):
            if isinstance(part, list):
                tokens += part
            else:
                self.messages.encode(part, messages, tokens)
        return tokens

    def encode_answer(self, prompt_end: str, answer: str) -> list[int]:
        """The tokens of `answer` as they follow the text `prompt_end`."""
        before = self._texts.encode(prompt_end)
        both = self._texts.encode(prompt_end + answer)
        return both[len(before) :] if both[: len(before)] == before else self._texts.encode(answer)

    def written(self, text: str) -> list[int]:
        """The tokens of what is written in the template's place, its control tokens among them."""
        return self._tokens(self._split(text))

    def thought(self, marks: Marks, text: str) -> list[int]:
        """The tokens of a thought whose opening is written, up to where the answer begins."""
        after = self._split(marks.closes + marks.leads)
        if isinstance(after[0], str):
            return self._tokens([text + after[0], *after[1:]])
        return self._tokens([text, *after])

    def _tokens(self, parts: Sequence[int | str]) -> list[int]:
        tokens: list[int] = []
        for part in parts:
            tokens += [part] if isinstance(part, int) else self._texts.encode(part)
        return tokens

    def tail(self, text: str) -> str:
        """What of a `written` text stands behind its last control token."""
        last = self._split(text)[-1]
        return last if isinstance(last, str) else ""

    @cached_property
    def marks(self) -> Marks | None:
        """How the model marks its thoughts; None where neither template nor tokenizer tells."""
        asked = self.skeleton(("user",))
        for name in THOUGHT_FIELDS:
            answered = self._answered({name: _slot(1)})
            if (told := marks_told(asked, answered, _slot(1), _slot(2))) is not None:
                return told
        source = self.text
        known = {*self._controls, *self.words}
        for marks in FAMILIES:
            signs = re.findall(r"<\|\w+\|>", marks.opens) or [marks.opens.strip()]
            taken_out = marks is not CHANNELS and marks.end in source  # of what was said before
            if taken_out or all(sign in known or sign in source for sign in signs):
                opened = asked.rstrip().endswith(marks.opens.strip())
                return replace(marks, opens="") if opened else marks
        return None

    @cached_property
    def thoughtful(self) -> ChatTemplate:
        """The template told that the model is to think, unless its options say otherwise."""
        options = dict.fromkeys(THOUGHT_OPTIONS, True) | self._options
        return ChatTemplate(self._tokenizer, options, self._text, self._day)

    @cached_property
    def thought_tokens(self) -> frozenset[int]:
        """The control tokens that mark thoughts, which a text leaves out; none where words do."""
        marks = self.marks
        if marks is None:
            return frozenset()
        return self.control_tokens.intersection(self.written(marks.opens + marks.closes))

    @cached_property
    def unthought(self) -> str:
        """What stands behind a prompt for its answer to come at once, without a thought; "" for nothing.

        The template tells it (`enable_thinking: false`, or an answer that has no thought); else what it opens
        is closed.
        """
        asked, quick = self.skeleton(("user",)), ""
        with contextlib.suppress(EngineUnavailable):
            options = dict.fromkeys(THOUGHT_OPTIONS, False) | self._options
            quick = self._render(("user",), self._day, options=options)
        for told in (quick, self._answered({}).partition(_slot(2))[0]):
            if told.startswith(asked) and told[len(asked) :].strip():
                return told[len(asked) :]
        marks = self.marks
        return marks.closes + marks.leads if marks is not None and not marks.opens else ""

    @cached_property
    def _unthought_end(self) -> tuple[list[int], str]:
        """The tokens of what is `unthought`, and what of it follows its last control."""
        return self.written(self.unthought), self.tail(self.unthought)

    def _answered(self, thought: Mapping[str, str]) -> str:
        """What the template writes of an answered question; "" where it refuses it."""
        messages: list[Message] = [
            {"role": "user", "content": _slot(0)},
            {"role": "assistant", "content": _slot(2), **thought},
        ]
        with contextlib.suppress(Exception):
            return self._apply(messages, self._day, True, self._options)
        return ""

    def start(self, prompt: Prompt) -> tuple[list[int], str]:
        """Where the answer to `prompt` begins at once: its tokens, and what follows their last control."""
        spoken = by_turn(prompt)
        tokens = self._encoded(spoken)
        if self.unthought:
            ending, tail = self._unthought_end
            tokens += ending
            return tokens, tail
        last = self._skeleton(tuple(role for role, _ in spoken))[-1]
        return tokens, last if isinstance(last, str) and not _SLOT.search(last) else ""

    def end_of_turn(self) -> int | None:
        """The control token that ends an answer, None where the template writes none.

        It stands behind an answer, or begins the turn that follows (GLM's).
        """
        for roles in (("user", "assistant"), ("user", "assistant", "user")):
            after = self._after_answer(roles)
            if after and isinstance(after[0], int):
                return after[0]
            control = next((part for part in after if isinstance(part, int)), None)
            if control is not None:
                return control
        return None

    def stop_text(self) -> str | None:
        """What begins the turn after an answer, for a template without control tokens; else None."""
        if self.end_of_turn() is not None:
            return None
        after = self._after_answer(("user", "assistant", "user"))
        text = _SLOT.split(after[0])[0].strip() if after and isinstance(after[0], str) else ""
        return text or None

    def skeleton(self, roles: Sequence[Role], day: date | None = None) -> str:
        """What the template writes for `roles`, a slot for each text, told that it is `day`.

        Raises:
            EngineUnavailable: it refuses them, or leaves one out.
        """
        return self._render(tuple(roles), day or self._day)

    @property
    def words(self) -> list[str]:
        """The added tokens that are words, not controls."""
        return self._texts.words

    def spelt(self, text: str) -> str:
        """What comes back of a text that goes through the tokenizer."""
        return self._texts.decode(self._texts.encode(text))

    def told(self, prompt: Prompt) -> str:
        """The text of `prompt` as the model is told it, without the control tokens."""
        return self._texts.decode(
            [token for token in self.encode(prompt) if token not in self.control_tokens]
        )

    def _find_controls(self, added: Mapping[str, Mapping[str, Any]]) -> None:
        rendered = [self._render(roles, self._day) for roles in PROBED[:2]]
        for roles in PROBED[2:]:
            with contextlib.suppress(EngineUnavailable):  # told where a prompt has such turns
                rendered.append(self._render(roles, self._day))
                rendered.append(self._render(roles[:-1], self._day, answered=True))
        written = "".join(rendered)
        self._controls = {
            content: int(token["id"])
            for content, token in added.items()
            if token["special"]
            or content in SIGNS
            or (content in written and not content.isspace() and content.strip("▁"))
        }
        self._swallows = {name: (added[name]["lstrip"], added[name]["rstrip"]) for name in self._controls}
        self.control_tokens = frozenset(self._controls.values()) - self._unknown()
        longest_first = sorted(self._controls, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def _unknown(self) -> set[int]:
        """The token of what the vocabulary lacks: a text may have it, as it begins and ends nothing."""
        tokenizer = self._tokenizer
        ends = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
        return {tokenizer.unk_token_id} - ends - {None}

    def _skeleton(self, roles: tuple[Role, ...]) -> list[int | str]:
        """What the template writes for `roles`: ids of control tokens, and texts with slots."""
        found = self._skeletons.get(roles)
        if found is None:
            found = self._skeletons[roles] = self._split(self._render(roles, self._day))
        return found

    def _plan(self, roles: tuple[Role, ...]) -> list[list[int] | Passage]:
        """What a prompt of `roles` is made of: tokens that it always has, and passages with its texts."""
        found = self._plans.get(roles)
        if found is None:
            found = []
            for part in self._skeleton(roles):
                if isinstance(part, int):
                    found.append([part])
                elif len(told := _SLOT.split(part)) > 1:
                    found.append(Passage(tuple(map(int, told[1::2])), tuple(told[::2])))
                else:
                    found.append(self._texts.encode(part, first=not found))
            self._plans[roles] = found
        return found

    def _after_answer(self, roles: tuple[Role, ...]) -> list[int | str]:
        """What the template writes after the assistant's text, up to the next one."""
        try:
            rendered = self._render(roles, self._day, answered=True)
        except EngineUnavailable:
            return []
        return self._split(rendered.split(_slot(1), 1)[1].split(_slot(2), 1)[0])

    def _render(
        self,
        roles: tuple[Role, ...],
        day: date,
        answered: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """The template's text in the first way of telling it the turns that keeps each whole."""
        refusals = []
        for way in tellings([(role, _slot(number)) for number, role in enumerate(roles)]):
            try:
                rendered = self._apply(way, day, answered, self._options if options is None else options)
            except Exception as error:
                refusals.append(str(error) or repr(error))
                continue
            found = sorted(int(number) for number in _SLOT.findall(rendered))
            if found == list(range(len(roles))):
                return rendered
            lost = [role for number, role in enumerate(roles) if found.count(number) != 1]
            refusals.append(f"it leaves out or repeats the text of: {', '.join(dict.fromkeys(lost))}")
        told = "; ".join(dict.fromkeys(refusals))
        raise EngineUnavailable(
            f"the chat template of {self.name} can't render the roles {', '.join(roles)}: {told}",
            "Give it another one: `engines.NAME.chat_template`, a Jinja template or its file.",
        )

    def _apply(self, messages: list[Message], day: date, answered: bool, options: Mapping[str, Any]) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages,
                chat_template=self._text,
                tokenize=False,
                add_generation_prompt=not answered,
                strftime_now=day.strftime,
                **options,
            )
        )

    def _split(self, rendered: str) -> list[int | str]:
        parts: list[int | str] = []
        position = 0
        for control in self._control.finditer(rendered):
            before, after = self._swallows[control[0]]
            between = rendered[position : control.start()]
            parts.append(between.rstrip() if before else between)
            parts.append(self._controls[control[0]])
            position = control.end()
            if after:
                position += len(rendered[position:]) - len(rendered[position:].lstrip())
        parts.append(rendered[position:])
        return [part for part in parts if part != ""]


def _slot(number: int) -> str:
    return f"slot9f3a7c{number}e"
