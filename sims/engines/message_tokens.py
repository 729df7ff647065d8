"""The tokens of messages, each encoded once and kept, and joined where a turn may be cut.

A transcript grows by a message at a time, and every prompt has all of it: to encode whole prompts costs the
square of a talk's length. So each message's tokens are kept, with the blank line beside it, and a turn's are
theirs one after another. Where a tokenizer allows that is proved from its description (`seams`), and tried
once more on texts that are likely to break it. From a message on that begins or ends so that it can't be cut
off, a turn is cut at whatever blank lines it can; one that spells control tokens is encoded whole.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from palaestra.agents.calls import BETWEEN, Message, joined
from palaestra.sims.engines.seams import NoSeam, Seam, seam
from palaestra.sims.engines.text_tokens import FIRST, TextTokens, without_first

Ids = tuple[int, ...]
Way = Literal["joined", "cut", "whole"]
"""How texts were encoded: message by message, by their paragraphs, or as one."""
Place = Literal["first", "opening", "inside"]
"""Where a part is: at the very beginning of a prompt, behind a control token, or behind another part."""
MOST_TOKENS = 4_000_000
"""Of what is kept, so many at least and twice as many at most: 32 to 64 MB."""
BLOCK = 16
"""Messages that are also kept joined: to join a long transcript from all of them takes twice as long."""
TRIALS = 60
MOST_WORDS = 50
BITS = (
    *(
        "I agree.",
        "No!",
        "3,000",
        "'s",
        "(b)",
        "/",
        "end:",
        "“",
        "é",
        "e\u0301",
        "\u0301",
        "你好",
        "🙂",
        "<b>",
    ),
    *(" ", "  ", "\t", "\n", "\n\n", "\n\n\n", " \n", "\r\n", "\u00a0", "\u2028", "▁", "Ġ", BETWEEN, BETWEEN),
)


@dataclass(frozen=True, slots=True)
class Passage:
    """What a template writes between two control tokens.

    Attributes:
        turns: the positions of the turns that it has there, in order.
        around: its own words before, between and after them.
    """

    turns: tuple[int, ...]
    around: tuple[str, ...]


class MessageTokens:
    """Turns to tokens.

    Args:
        texts: encodes what is new.
        most_tokens: of what is kept.

    Attributes:
        seam: where turns are cut; None where no cut is known to be sound.
        why: there is none.
        ways: how many passages were encoded in which way.
    """

    def __init__(self, texts: TextTokens, most_tokens: int = MOST_TOKENS) -> None:
        self._texts = texts
        self._kept = _KeptTokens(most_tokens)
        self._numbers: dict[int, int] = {}
        self.ways = Counter[Way]()
        self.seam: Seam | None = None
        self.why = ""
        try:
            found = seam(texts.description)
        except NoSeam as reason:
            self.why = str(reason)
            return
        if self._holds(found):
            self.seam = found
        else:
            self.why = f"a trial of cutting {found} gave other tokens"

    def unseen(self, messages: Sequence[Message]) -> int:
        """The characters of `messages` that are to be encoded yet."""
        known = self._kept.new
        return sum(len(message.text) for message in messages if message not in known)

    def encode(self, passage: Passage, turns: Sequence[Sequence[Message]], tokens: list[int]) -> None:
        """Add the tokens of a passage to the `tokens` before it.

        Args:
            passage: of a prompt.
            turns: the messages of each turn of the prompt.
            tokens: of the prompt, so far.
        """
        before = len(tokens)
        if self.seam is not None:
            if self._join(self.seam, passage, turns, tokens):
                self.ways["joined"] += 1
                return
            del tokens[before:]
        text = passage.around[0]
        for turn, words in zip(passage.turns, passage.around[1:], strict=True):
            text += joined(turns[turn]).strip() + words
        if self.seam is not None:
            if self._cut(self.seam, text, tokens, _beginning(tokens)):
                self.ways["cut"] += 1
                return
            del tokens[before:]
        self.ways["whole"] += 1
        tokens += self._texts.encode(text, first=not before)

    def _join(
        self, cut: Seam, passage: Passage, turns: Sequence[Sequence[Message]], tokens: list[int]
    ) -> bool:
        """Add the kept tokens of all messages; False where some can't be cut from the next."""
        text, place = passage.around[0], _beginning(tokens)
        for turn, words in zip(passage.turns, passage.around[1:], strict=True):
            messages = turns[turn]
            for edge in (messages[0], messages[-1]):  # kept by their texts, together with what is around
                if edge not in self._kept.new:
                    self._kept.put(edge, self._kept.get(edge) or ())
            if len(messages) == 1:
                text += messages[0].body.strip() + words
                continue
            opening = messages[0].body.lstrip()
            if not (_may_part(cut, opening) and self._add(cut, tokens, text + opening + cut.tail, place)):
                return False
            if not (told := self._between(cut, messages, tokens)):
                return False
            text, place = cut.head + joined(messages[told:]).rstrip() + words, "inside"
        return self._cut(cut, text, tokens, place)

    def _between(self, cut: Seam, messages: Sequence[Message], tokens: list[int]) -> int:
        """Add the tokens of the messages behind a turn's first, up to one that can't be cut from the next.

        Returns:
            The position of the first message whose tokens are still to be added, the last at most; 0 where
            the first message can't be cut from the next.
        """
        last = len(messages) - 1
        for start in range(1, last, BLOCK):
            block = tuple(messages[start : min(start + BLOCK, last)])
            ids = self._kept.new.get(block) or self._block(cut, block)
            tokens += ids
            if not ids:
                last = start
                while ids := self._message(cut, messages[last]):
                    tokens += ids
                    last += 1
                break
        else:
            if _may_part(cut, messages[last].body.rstrip()):
                return last
        if last > 1:  # what is before a message that isn't to be cut off goes with it
            del tokens[len(tokens) - len(self._message(cut, messages[last - 1])) :]
        return last - 1

    def _block(self, cut: Seam, block: tuple[Message, ...]) -> Ids:
        """The tokens of messages one after another; none where some can't be cut from the next.

        Kept from the second time on: a memory of the latest messages slides, and its blocks don't come again.
        """
        known = self._kept.new.get
        parts = [known(message) or self._message(cut, message) for message in block]
        ids = tuple(chain.from_iterable(parts)) if all(parts) else ()
        self._kept.put(block, ids if block in self._kept.new else ())
        return ids

    def _message(self, cut: Seam, message: Message) -> Ids:
        """The tokens of a message between two others; none where it can't be cut from them."""
        if not (ids := self._kept.get(message)):
            body = message.body
            text = cut.head + body + cut.tail
            ids = (self._encoded(cut, text, "inside") or ()) if _may_part(cut, body) else ()
            self._kept.put(message, ids)
        return ids

    def _cut(self, cut: Seam, text: str, tokens: list[int], place: Place) -> bool:
        """Add the tokens of a text, cut wherever it may be; False where it spells a control token."""
        parts = cut.where.split(without_first(text))
        for number, part in enumerate(parts, 1):
            whole = (cut.head if number > 1 else "") + part + (cut.tail if number < len(parts) else "")
            if not self._add(cut, tokens, whole, place):
                return False
            place = "inside"
        return True

    def _add(self, cut: Seam, tokens: list[int], text: str, place: Place) -> bool:
        """Add the tokens of a part; False where it spells a control token."""
        ids = self._kept.get((place, text))
        if ids is None:
            ids = self._encoded(cut, text, place)
            if ids is None:
                return False
            self._kept.put((place, text), ids)
        tokens += ids
        return True

    def _encoded(self, cut: Seam, text: str, place: Place) -> Ids | None:
        ids = self._texts.harmless(text, place == "first")
        if ids is None:
            return None
        one = self._numbers.setdefault  # the same number is the same object: 8 bytes a token, not 40
        return tuple([one(number, number) for number in ids[cut.prepended and place == "inside" :]])

    def _holds(self, cut: Seam) -> bool:
        """Try it."""
        chance, bits = random.Random(0), (*BITS, *self._texts.words[:MOST_WORDS])
        for _ in range(TRIALS):
            text = "x" + "".join(chance.choices(bits, k=chance.randint(2, 16)))
            tokens: list[int] = []
            if self._cut(cut, text, tokens, "opening") and tokens != self._texts.encode(text):
                return False
        return True


def _beginning(tokens: Sequence[int]) -> Place:
    return "opening" if tokens else "first"


def _may_part(cut: Seam, body: str) -> bool:
    """Whether a message may be cut from its neighbours."""
    return bool(body) and not (
        body[0].isspace() or body[-1].isspace() or body[0] in cut.unless or FIRST in body
    )


class _KeptTokens:
    """Tokens by what they are of; when there are too many, those that weren't asked for lately are let go.

    Attributes:
        new: what was asked for or added since that was done last.
    """

    def __init__(self, most_tokens: int) -> None:
        self.new: dict[Hashable, Ids] = {}
        self._old: dict[Hashable, Ids] = {}
        self._most = most_tokens
        self._tokens = 0

    def get(self, key: Hashable) -> Ids | None:
        """The tokens of `key`, which may be none; None where they aren't kept."""
        found = self.new.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Hashable, ids: Ids) -> None:
        """Keep `ids`."""
        if self._tokens > self._most:
            self.new, self._old, self._tokens = {}, self.new, 0
        self._tokens += len(ids) + 1
        self.new[key] = ids
