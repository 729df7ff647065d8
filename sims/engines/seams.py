r"""Where a text may be cut so that its parts, encoded alone, have just the tokens of the whole text.

The cut is at a blank line between two characters that are no white space, x\n\ny: before it, or after it.
Which of them is sound follows from what a tokenizer does, one step after another:

1. Added words are taken out first: none may reach over the cut.
2. The normalizer must change neither side because of the other.
3. The pre-tokenizer must split at the cut; or split neither side because of the other, and
4. then no token may have both characters beside the cut, so that nothing is merged across it.

What isn't known to keep to this has no seam, and its texts are encoded whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from palaestra.agents.calls import BETWEEN
from palaestra.sims.engines.split_pattern import Alternative, UnknownShape, alternatives

Description = Mapping[str, Any]
"""A tokenizer, or a step of it, as its `tokenizer.json` tells it."""
_LOCAL = frozenset({"ByteLevel", "Digits", "Metaspace", "Punctuation"})
"""Pre-tokenizers that look at one character at a time, or at none."""
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What the step ByteLevel splits by where it is told to; from the code of `tokenizers`."""
_MATCHES_ARE_PIECES = frozenset({("Isolated", False), ("Isolated", True), ("Removed", True)})


class NoSeam(ValueError):
    """No cut is known to be sound."""


@dataclass(frozen=True, slots=True)
class Seam:
    """A cut at blank lines that is sound for a tokenizer.

    Attributes:
        before: whether it is before the blank line; else behind it.
        unless: characters that may not follow the blank line.
        prepended: whether each text gets a mark of its own that a part of one doesn't have, a first token.
    """

    before: bool
    unless: frozenset[str] = frozenset()
    prepended: bool = False

    @property
    def head(self) -> str:
        """What a part begins with that isn't the first."""
        return BETWEEN if self.before else ""

    @property
    def tail(self) -> str:
        """What a part ends with that isn't the last."""
        return "" if self.before else BETWEEN

    @property
    def where(self) -> re.Pattern[str]:
        """The blank lines at which texts may be cut."""
        return re.compile(rf"(?<=\S){BETWEEN}(?=[^\s{re.escape(''.join(sorted(self.unless)))}])")

    def __str__(self) -> str:
        return f"{'before' if self.before else 'after'} blank lines"


def seam(description: Description) -> Seam:
    """A cut that is sound for the tokenizer with this description, control tokens left out.

    Raises:
        NoSeam: none is known to be; it says why.
    """
    reasons = []
    for before in (True, False):
        try:
            return _proved(description, before)
        except NoSeam as reason:
            reasons.append(str(reason))
    raise NoSeam("; ".join(dict.fromkeys(reasons)))


def _proved(description: Description, before: bool) -> Seam:
    if description["model"].get("dropout"):
        raise NoSeam("the tokenizer is random")
    words = [_no_side_effects(word) for word in description["added_tokens"]]
    _no_token_across(words, before, "the added word")
    normalizers = list(_steps(description["normalizer"], "normalizers"))
    marks = [_normalizes(step) for step in normalizers]  # each of them is looked at
    prepended = any(marks)
    unless, spelt, earlier = frozenset[str](), False, False
    for step in _steps(description["pre_tokenizer"], "pretokenizers"):
        if step.get("add_prefix_space"):
            raise NoSeam("each piece gets a space")
        if step["type"] == "Metaspace" and step.get("prepend_scheme", "always") == "always":
            if earlier:
                raise NoSeam("each piece gets a mark")
            prepended = True
        earlier = True
        pattern = _pattern(step)
        if pattern is None:
            spelt |= step["type"] == "ByteLevel"  # line breaks are spelt otherwise from here on
            continue
        splits, but = _splits(pattern, before)
        unless |= but
        if spelt or (unless and normalizers):
            raise NoSeam("a pre-tokenizer splits texts that were altered before")
        if splits and prepended:
            raise NoSeam("each text gets a mark")
        if splits:
            return Seam(before, unless)
    if spelt:
        raise NoSeam("no pre-tokenizer splits texts at blank lines")
    return _unsplit(description, words, Seam(before, unless, prepended))


def _unsplit(description: Description, words: Iterable[str], found: Seam) -> Seam:
    """`found`, if no merge reaches over it in a text that isn't split there."""
    model = description["model"]
    if model["type"] != "BPE" or model.get("ignore_merges"):
        raise NoSeam("no pre-tokenizer splits texts at blank lines")
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise NoSeam("the first or the last token of a word is another one")
    vocabulary = model["vocab"]
    if "\n" not in vocabulary and not (model.get("byte_fallback") and "<0x0A>" in vocabulary):
        raise NoSeam("the vocabulary has no line break")
    _no_token_across((word for word in vocabulary if word != "<0x0A>"), found.before, "the token")
    if found.prepended and (not found.before or list(words)):  # what follows an added word gets one, too
        raise NoSeam("each text gets a mark")
    return found


def _steps(step: Description | None, parts: str) -> Iterable[Description]:
    """The steps of a normalizer or a pre-tokenizer, one after another."""
    if step is None:
        return
    if step["type"] == "Sequence":
        for part in step[parts]:
            yield from _steps(part, parts)
    else:
        yield step


def _no_side_effects(word: Description) -> str:
    if word["lstrip"] or word["rstrip"] or word["single_word"]:
        raise NoSeam(f"the added word {word['content']!r} depends on what is beside it")
    return str(word["content"])


def _no_token_across(tokens: Iterable[str], before: bool, kind: str) -> None:
    across = re.compile(r"\S\n|\S<0x0A>" if before else r"\n\S|<0x0A>.", re.DOTALL)
    for token in tokens:
        if ("\n" in token or "<0x0A>" in token) and across.search(token):
            raise NoSeam(f"{kind} {token!r} reaches over a blank line's {'beginning' if before else 'end'}")


def _normalizes(step: Description) -> bool:
    """Whether a step puts a mark before each text; raises `NoSeam` where it isn't known to keep a seam."""
    if step["type"] == "Prepend":
        return True
    if step["type"] == "Replace" and (old := step["pattern"].get("String")):
        new = step["content"]
        if "\n" not in old + new and (old.isspace() or (new and not any(map(str.isspace, new)))):
            return False
    # A line break is composed with nothing, and parts what may be.
    if step["type"] not in ("NFC", "NFD"):
        raise NoSeam(f"the normalizer {step['type']} may alter one side because of the other")
    return False


def _pattern(step: Description) -> str | None:
    """The expression that a pre-tokenizer splits by; None where it looks at single characters."""
    if step["type"] == "ByteLevel" and step.get("use_regex", True):
        return _GPT2
    if step["type"] in _LOCAL:
        return None
    if step["type"] == "Split":
        pieces = (step["behavior"], step["invert"])
        if (
            (literal := step["pattern"].get("String"))
            and "\n" not in literal
            and step["behavior"] != "Removed"
        ):
            return None
        if (pattern := step["pattern"].get("Regex")) and pieces in _MATCHES_ARE_PIECES:
            return str(pattern)
    raise NoSeam(f"the pre-tokenizer {step['type']} isn't known to keep both sides apart")


def _splits(pattern: str, before: bool) -> tuple[bool, frozenset[str]]:
    """Whether a text is split at the cut; else a match on one side doesn't depend on the other.

    Returns:
        also the characters behind the cut for which that isn't so.

    Raises:
        NoSeam: it isn't known.
    """
    try:
        found = alternatives(pattern)
    except UnknownShape as unknown:
        raise NoSeam(f"the pattern of a pre-tokenizer isn't understood: {unknown}") from unknown
    takes = any(one.takes_newline for one in found)
    if any(one.looks_ahead and one.solid for one in found):
        raise NoSeam("a pre-tokenizer splits by what follows")
    if before:
        if any(one.reaches_newline for one in found):
            raise NoSeam("a pre-tokenizer keeps line breaks with what is before them")
        return takes, frozenset()
    if not _never_looks_over(found):
        raise NoSeam("a pre-tokenizer splits blank lines by what follows them")
    unless = frozenset[str]()
    for one in found:
        if (after := one.after_newline) is None:
            raise NoSeam("a pre-tokenizer keeps line breaks with what follows them")
        unless |= after
    return takes, unless


def _never_looks_over(found: list[Alternative]) -> bool:
    """Whether an alternative takes each line break before one that would look at what follows it."""
    looks = next((n for n, one in enumerate(found) if one.looks_ahead), None)
    return looks is None or any(one.takes_newline for one in found[:looks])
