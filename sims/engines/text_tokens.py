"""Texts to tokens and back, by a tokenizer that knows no control tokens: no text can become one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer

FIRST = "\ue000first9f3a7c\ue001"
"""An added token in a control token's place: tokenizers treat the very beginning of a text otherwise."""


class TextTokens:
    """A tokenizer without its control tokens.

    Args:
        description: the tokenizer, as its `tokenizer.json` tells it.
        controls: the spelling of each control token, with its id.
        control_tokens: the ids that no text may have.

    Attributes:
        description: what is left of it.
    """

    def __init__(
        self, description: Mapping[str, Any], controls: Mapping[str, int], control_tokens: frozenset[int]
    ) -> None:
        self._control_tokens = control_tokens
        longest_first = sorted(controls, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        kept = [token for token in description["added_tokens"] if token["content"] not in controls]
        left_out = {"post_processor": None, "truncation": None, "padding": None}
        self.description = {**description, **left_out, "added_tokens": kept}
        self._tokenizer: Tokenizer = Tokenizer.from_str(json.dumps(self.description))
        self._tokenizer.add_tokens([AddedToken(FIRST, normalized=False)])
        self._words = {
            number: int(token["id"])
            for token in kept
            if (number := self._tokenizer.token_to_id(token["content"])) is not None
        }
        self._moved = any(number != meant for number, meant in self._words.items())

    @property
    def words(self) -> list[str]:
        """The added tokens that are words, not controls."""
        return [str(self._tokenizer.id_to_token(number)) for number in self._words]

    def encode(self, text: str, first: bool = False) -> list[int]:
        """The tokens of a text after a control token, or at the very beginning."""
        ids = self.spelt(text, first)
        if self._control_tokens.isdisjoint(ids):
            return ids
        # A vocabulary that holds control tokens as ordinary words: break their spelling.
        broken = self._control.sub(lambda control: "\u200b".join(control[0]), text)
        return [token for token in self.spelt(broken, first) if token not in self._control_tokens]

    def harmless(self, text: str, first: bool = False) -> list[int] | None:
        """The tokens of a text; None where there is a control token among them."""
        ids = self.spelt(text, first)
        return ids if self._control_tokens.isdisjoint(ids) else None

    def spelt(self, text: str, first: bool = False) -> list[int]:
        """What the tokenizer itself makes of a text, a control token perhaps."""
        text = without_first(text)
        if not text:
            return []
        ids: list[int] = self._tokenizer.encode(text if first else FIRST + text, add_special_tokens=False).ids
        if not first:
            del ids[0]
        return [self._words.get(token, token) for token in ids] if self._moved else ids

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of some tokens."""
        back = {meant: number for number, meant in self._words.items()}
        told = [back.get(token, token) for token in tokens]
        return str(self._tokenizer.decode(told, skip_special_tokens=False))


def without_first(text: str) -> str:
    """`text` without the stand-in for a control token, which none may spell."""
    while FIRST in text:
        text = text.replace(FIRST, "")
    return text
