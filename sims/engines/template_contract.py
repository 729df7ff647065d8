"""Whether a model's tokenizer and chat template keep every word, tried when an engine starts.

What is altered here would be altered in every prompt, and nobody would see it: a model that can't be served
whole is refused, with the reason.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from palaestra.agents.calls import Message
from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines.chat_template import PROBED, ChatTemplate

TEXTS = (
    "One line.\nAnother.\n\nA paragraph.\n\n\nAnd another.",
    "a b  c   d    e\tf\t\tg",
    "<b>bold</b><br/> &amp; <div class='x'>[1](y) `code`\n    indented: {a: [1, 2]}",
    "Zoë said: “naïve”, 3 × 4 − 5 ≥ 6.",
)
"""What must come back: blank lines, runs of spaces, markup, accents."""
AT_ONCE = 200
"""Words of the tokenizer's own that are tried in one text."""
MARK = "mark"


def require_whole(template: ChatTemplate, notes: bool = False) -> None:
    """Try texts in every role.

    Args:
        template: of the model that is to be served.
        notes: whether it will write notes before it answers, in a turn of its own.

    Raises:
        EngineUnavailable: a role is left out, or a text comes back as another one.
    """
    for text in (*TEXTS, *_own_words(template)):
        meant, back = _plain(text), _plain(template.spelt(text))
        if meant != back:
            at = next((i for i in range(len(meant)) if meant[: i + 1] != back[: i + 1]), 0)
            raise EngineUnavailable(
                f"{template.name} can't be served whole: its tokenizer turns {meant[at : at + 20]!r} into "
                f"{back[at : at + 20]!r}",
                "Take a checkpoint whose tokenizer keeps all characters, or serve it and use kind: openai.",
            )
    for roles in PROBED if notes else PROBED[:2]:
        prompt = tuple(Message(number, role, f"{MARK}{number}") for number, role in enumerate(roles))
        told = template.told(prompt)
        for message in prompt:
            if told.count(message.text) != 1:
                raise EngineUnavailable(
                    f"{template.name} can't be served whole: its template loses what the {message.role} says",
                    "Give it another one: `engines.NAME.chat_template`, a Jinja template or its file.",
                )


def _own_words(template: ChatTemplate) -> Iterator[str]:
    """Texts of the tokenizer's added words that are no controls, such as runs of newlines.

    "▁" is how many tokenizers spell a space, and comes back as one.
    """
    words = [word.replace("▁", " ") for word in template.words]
    for start in range(0, len(words), AT_ONCE):
        yield "x".join(words[start : start + AT_ONCE])


def _plain(text: str) -> str:
    """A text as tokenizers may give it back: in composed characters, without outer white space."""
    return unicodedata.normalize("NFC", text).strip()
