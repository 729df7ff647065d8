"""Prompts that are likely to have other tokens where their messages are encoded one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator

from palaestra.agents.calls import Message, Prompt

WORDS = (
    *("I agree.", "No!\n\nBut why?", "Cars: 3,000 a day", "two  spaces", "ünï — “quotes”", "line\nline"),
    *("end:", "42", "٣٤", "(a) yes", "it's", "'s", "'", "...", "#", "/path", "//", "A", "ﬁ", "你好", "🙂"),
    *("\u212a", "e\u0301", "\u0301", "\u0338", "\u200b", "▁", "Ġ", "Ċ"),
)
SPACES = (" ", "    ", "\n", "\n\n", "\n\n\n\n", "\t", "\r\n", "\u00a0", "\u2028", "\u3000", "\x1c", "\x85")
MARKS = (
    *("<b>", "</b>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<eos>", "[INST]", "[/INST]", "<think>"),
    *("<tool_call>", "\ue000first9f3a7c\ue001", "slot9f3a7c0e"),
    "\ue000firs\ue000first9f3a7c\ue001t9f3a7c\ue001",  # what is left of it is the same again
)
PIECES = (*WORDS, *SPACES, *MARKS)


def hostile_prompts(number: int, seed: int = 1) -> Iterator[Prompt]:
    """Prompts of one to fourteen messages, most of them of such pieces, some ordinary, some empty."""
    chance = random.Random(seed)
    for _ in range(number):
        yield tuple(
            Message(
                n,
                "system" if n == 0 and chance.random() < 0.7 else "user",
                _text(chance),
                chance.choice(("", "", "Ann", "Bo", "Agent 7")),
            )
            for n in range(chance.randint(1, 14))
        )


def _text(chance: random.Random) -> str:
    if chance.random() < 0.2:
        return "I agree with that."
    pieces = chance.choices(PIECES, k=chance.randint(0 if chance.random() < 0.1 else 1, 6))
    return chance.choice(("", " ")).join(pieces)
