"""What a model thinks before it answers, told apart from the answer: thoughts are private.

Families mark thoughts in their own ways: tags in the text (Qwen, DeepSeek, GLM, Magistral), some of which the
chat template opens itself, or channels (gpt-oss). Here is what begins a thought, what ends it and what leads
over to the answer, and how a text that holds both is parted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """How a family marks thoughts.

    Attributes:
        opens, closes: what stands before a thought and behind it.
        leads: what stands between the end of a thought and the answer.
        skips: what stands in place of a thought where there is none.
    """

    opens: str
    closes: str
    leads: str
    skips: str


def _tags(opens: str, closes: str) -> Marks:
    return Marks(f"{opens}\n", f"\n{closes}", "\n\n", f"{opens}\n\n{closes}\n\n")


CHANNELS = Marks(
    "<|channel|>analysis<|message|>",
    "<|end|>",
    "<|start|>assistant<|channel|>final<|message|>",
    "<|channel|>final<|message|>",
)
FAMILIES: tuple[Marks, ...] = (
    _tags("<think>", "</think>"),
    _tags("[THINK]", "[/THINK]"),
    _tags("<thinking>", "</thinking>"),
    _tags("<thought>", "</thought>"),
    _tags("<reasoning>", "</reasoning>"),
    _tags("<seed:think>", "</seed:think>"),
    _tags("<|begin_of_thought|>", "<|end_of_thought|>"),
    CHANNELS,
)
_TAGS = [(m.opens.strip(), m.closes.strip()) for m in FAMILIES if m is not CHANNELS]
_OPENS = re.compile(
    "|".join(rf"(?P<t{n}>{re.escape(opens)})" for n, (opens, _) in enumerate(_TAGS)), re.IGNORECASE
)
_FINAL = re.compile(
    r"^\s*(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>(?P<thought>.*?)"
    r"(?:<\|end\|>\s*(?:<\|start\|>assistant)?(?:<\|channel\|>final[^<]*<\|message\|>(?P<answer>.*))?)?$",
    re.DOTALL,
)
_FINAL_ONLY = re.compile(r"^\s*<\|channel\|>final[^<]*<\|message\|>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parted:
    """A text's thought and its answer; `open` where the thought didn't end, so that there is no answer."""

    thought: str
    answer: str
    open: bool = False


def parted(text: str, opened: bool = False) -> Parted:
    """The thoughts at a text's beginning, and the answer behind them.

    Args:
        text: what a model said.
        opened: whether the prompt opened a thought already.
    """
    if channels := _FINAL.match(text):
        answer = channels["answer"]
        return Parted(channels["thought"].strip(), (answer or "").strip(), open=answer is None)
    thoughts: list[str] = []
    rest = _FINAL_ONLY.sub("", text)
    while True:
        begun = rest.lstrip()
        opens = _OPENS.match(begun)
        if opens is not None:
            closes = next(close for n, (_, close) in enumerate(_TAGS) if opens[f"t{n}"])
            thought, closed, rest = _cut(begun[opens.end() :], closes)
        elif not thoughts and (found := _unopened(begun, opened)) is not None:
            thought, closed, rest = found
        else:
            return Parted("\n\n".join(filter(None, thoughts)), rest.strip())
        thoughts.append(thought.strip())
        if not closed:
            return Parted("\n\n".join(filter(None, thoughts)), "", open=True)


def _unopened(text: str, opened: bool) -> tuple[str, bool, str] | None:
    """A thought that the prompt opened, or whose opening the server kept to itself; None for none."""
    for _, closes in _TAGS:
        thought, closed, rest = _cut(text, closes)
        if closed and _OPENS.search(thought) is None:
            return thought, True, rest
    return (text, False, "") if opened else None


def _cut(text: str, closes: str) -> tuple[str, bool, str]:
    found = re.search(re.escape(closes), text, re.IGNORECASE)
    return (text, False, "") if found is None else (text[: found.start()], True, text[found.end() :])
