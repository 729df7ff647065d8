"""How much of a true statement a correction gives away: by words, since a program must tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"\w{4,}")


def content_words(texts: Iterable[str]) -> set[str]:
    """The words of four letters or more, whatever their case."""
    return {word for text in texts for word in WORD.findall(text.casefold())}


def leaked(truth: str, correction: str, known: Iterable[str]) -> tuple[int, int]:
    """Words of `truth` that are in none of the `known` texts, and how many of them `correction` tells."""
    unknown = content_words([truth]) - content_words(known)
    return len(unknown), len(unknown & content_words([correction]))
