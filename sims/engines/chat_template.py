"""From chat turns to tokens, so that what agents say can never become a control token.

A chat template writes control tokens around the turns. If the turns' texts went through
it, a text that spells a control token would forge one. So the template is rendered once
for each sequence of roles, with place-holders; the control tokens in what it wrote are
looked up, and everything between them, texts included, is encoded by a tokenizer that
knows no control tokens. For texts that spell none, the tokens are the usual ones.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tokenizers import Tokenizer

from palaestra.agents.calls import Prompt, turns
from palaestra.agents.failures import EngineUnavailable

_SLOT = re.compile("slot9f3a7c([0-9]+)e")


class ChatTemplate:
    """The chat template of a model's tokenizer.

    Args:
        tokenizer: a fast tokenizer of the `transformers` library.
        options: passed to the template, such as `enable_thinking`.

    Attributes:
        control_tokens: the ids that no text can become.

    Raises:
        EngineUnavailable: the tokenizer has no chat template, or isn't a fast one.
    """

    def __init__(self, tokenizer: Any, options: dict[str, Any] | None = None) -> None:
        if not tokenizer.is_fast:
            raise EngineUnavailable(
                f"the tokenizer of {tokenizer.name_or_path} is not a fast one",
                "Convert it with transformers' `convert_slow_tokenizer`, or serve it and use kind: openai.",
            )
        if tokenizer.chat_template is None:
            raise EngineUnavailable(
                f"{tokenizer.name_or_path} has no chat template", "Take an instruction-tuned model."
            )
        self._tokenizer = tokenizer
        self._options = options or {}
        description = json.loads(tokenizer.backend_tokenizer.to_str())
        self._controls = {token["content"]: int(token["id"]) for token in description["added_tokens"]}
        self._swallows = {
            token["content"]: (bool(token["lstrip"]), bool(token["rstrip"]))
            for token in description["added_tokens"]
        }
        self.control_tokens = frozenset(self._controls.values())
        description["added_tokens"] = []
        description["post_processor"] = None
        self._plain = Tokenizer.from_str(json.dumps(description))
        longest_first = sorted(self._controls, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._skeletons: dict[tuple[str, ...], list[int | str]] = {}

    def encode(self, prompt: Prompt) -> list[int]:
        """The tokens of `prompt`, up to where the model's answer begins."""
        spoken = turns(prompt)
        roles = tuple(role for role, _ in spoken)
        tokens: list[int] = []
        for part in self._skeleton(roles):
            if isinstance(part, int):
                tokens.append(part)
            else:
                text = _SLOT.sub(lambda slot: spoken[int(slot[1])][1].strip(), part)
                tokens.extend(self._encode_text(text))
        return tokens

    def encode_answer(self, prompt_end: str, answer: str) -> list[int]:
        """The tokens of `answer` as they follow the text `prompt_end`."""
        before = self._encode_text(prompt_end)
        both = self._encode_text(prompt_end + answer)
        return both[len(before) :] if both[: len(before)] == before else self._encode_text(answer)

    def answer_prefix(self, prompt: Prompt) -> str:
        """The text between the last control token of `prompt` and the answer, such as "assistant"."""
        last = self._skeleton(tuple(role for role, _ in turns(prompt)))[-1]
        return last if isinstance(last, str) and not _SLOT.search(last) else ""

    def end_of_turn(self) -> int | None:
        """The control token that the template puts behind an answer, None if it puts none."""
        parts = self._split(self._render(("user", "assistant"), answered=True))
        answer = max(i for i, part in enumerate(parts) if isinstance(part, str) and _SLOT.search(part))
        return next((part for part in parts[answer + 1 :] if isinstance(part, int)), None)

    def _encode_text(self, text: str) -> list[int]:
        ids: list[int] = self._plain.encode(text, add_special_tokens=False).ids
        if self.control_tokens.isdisjoint(ids):
            return ids
        # A vocabulary that holds control tokens as ordinary words: break their spelling.
        broken = self._control.sub(lambda control: "\u200b".join(control[0]), text)
        return [
            i
            for i in self._plain.encode(broken, add_special_tokens=False).ids
            if i not in self.control_tokens
        ]

    def _skeleton(self, roles: tuple[str, ...]) -> list[int | str]:
        """What the template writes for `roles`: ids of control tokens, and texts with slots."""
        found = self._skeletons.get(roles)
        if found is None:
            found = self._skeletons[roles] = self._split(self._render(roles))
        return found

    def _render(self, roles: tuple[str, ...], answered: bool = False) -> str:
        slots = [{"role": role, "content": f"slot9f3a7c{i}e"} for i, role in enumerate(roles)]
        ways = [slots]
        if roles[:2] == ("system", "user"):
            # Some templates (Gemma's) refuse the system role: its text opens the first user turn.
            joined = f"{slots[0]['content']}\n\n{slots[1]['content']}"
            ways.append([{"role": "user", "content": joined}, *slots[2:]])
        for way in ways:
            try:
                return self._apply(way, answered)
            except Exception as error:
                refusal = error
        raise EngineUnavailable(f"the chat template can't render the roles {roles}: {refusal}") from refusal

    def _apply(self, messages: list[dict[str, str]], answered: bool) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=not answered, **self._options
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
