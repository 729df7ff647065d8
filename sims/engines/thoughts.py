"""What a model thinks before it answers, told apart from the answer: thoughts are private.

Families mark thoughts in their own ways: tags in the text (Qwen, DeepSeek, GLM, Magistral), some of which the
chat template opens itself, or channels (gpt-oss). Here is what begins a thought, what ends it and what leads
over to the answer, how that is read from what a template writes, and how a text that holds both is parted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """How a family marks thoughts.

    Attributes:
        opens: what is to be written before a thought; "" where the template writes it.
        closes: what stands behind it.
        leads: what stands between the end of a thought and the answer.
    """

    opens: str
    closes: str
    leads: str

    @property
    def end(self) -> str:
        """The sign by which a thought ends, without white space."""
        return self.closes.strip()


def _tags(opens: str, closes: str) -> Marks:
    return Marks(f"{opens}\n", f"\n{closes}", "\n\n")


CHANNELS = Marks("<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant<|channel|>final<|message|>")
FAMILIES: tuple[Marks, ...] = (
    _tags("<think>", "</think>"),
    Marks("[THINK]", "[/THINK]", ""),
    _tags("<thinking>", "</thinking>"),
    _tags("<thought>", "</thought>"),
    _tags("<reasoning>", "</reasoning>"),
    _tags("<seed:think>", "</seed:think>"),
    _tags("<|begin_of_thought|>", "<|end_of_thought|>"),
    _tags("<|channel>thought", "<channel|>"),
    CHANNELS,
)
SIGNS = frozenset(sign for marks in FAMILIES for sign in (marks.opens.strip(), marks.end))
"""What begins and ends thoughts: tokens so spelt are no words, whether a template writes them or not."""
THOUGHT_FIELDS = ("reasoning_content", "thinking", "reasoning")
"""What chat templates call the thought of an assistant's message."""
THOUGHT_OPTIONS = ("enable_thinking", "thinking")
"""What chat templates call the option whether to think."""
_SIGN = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_TAGS = [(m.opens.strip(), m.end) for m in FAMILIES if m is not CHANNELS]
_NAMED = "|".join(rf"(?P<t{n}>{re.escape(opens)})" for n, (opens, _) in enumerate(_TAGS))
_OPENS = re.compile(rf"^[ \t]*(?:{_NAMED})", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(
    r"^\s*(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>(?P<thought>.*?)"
    r"(?:<\|end\|>\s*(?:<\|start\|>assistant)?(?:<\|channel\|>final[^<]*<\|message\|>(?P<answer>.*))?)?$",
    re.DOTALL,
)
_FINAL_ONLY = re.compile(r"^\s*<\|channel\|>final[^<]*<\|message\|>", re.DOTALL)


def marks_told(asked: str, answered: str, thought: str, answer: str) -> Marks | None:
    """How a chat template marks thoughts; None where it leaves them out.

    Args:
        asked: what it writes up to where an answer begins.
        answered: what it writes of the same question with an answer that has a thought.
        thought: what stands for the thought there.
        answer: what stands for the answer.
    """
    before, _, rest = answered.partition(thought)
    between, told, _ = rest.partition(answer)
    sign = _SIGN.search(between)
    if not told or not before.startswith(asked) or sign is None:
        return None
    return Marks(before[len(asked) :], between[: sign.end()], between[sign.end() :])


@dataclass(frozen=True, slots=True)
class Parted:
    """A text's thought and its answer; `open` where the thought didn't end, so that there is no answer."""

    thought: str
    answer: str
    open: bool = False


def parted(text: str, opened: bool = False) -> Parted:
    """The thoughts in a text, and the answer without them.

    A mark counts at the beginning of a line, as models write them; one in the middle of a sentence is quoted.

    Args:
        text: what a model said.
        opened: whether the prompt opened a thought already.
    """
    if not opened and "<" not in text and "[" not in text:  # every mark begins so
        return Parted("", text.strip())
    if channels := _FINAL.match(text):
        answer = channels["answer"]
        return Parted(channels["thought"].strip(), (answer or "").strip(), open=answer is None)
    rest = _FINAL_ONLY.sub("", text)
    thoughts: list[str] = []
    answers: list[str] = []
    if (found := _unopened(rest, opened)) is not None:
        thought, closed, rest = found
        thoughts.append(thought)
        if not closed:
            return Parted(thought.strip(), "", open=True)
    while (opens := _OPENS.search(rest)) is not None:
        closes = next(close for n, (_, close) in enumerate(_TAGS) if opens[f"t{n}"])
        answers.append(rest[: opens.start()])
        thought, closed, rest = _cut(rest[opens.end() :], re.escape(closes))
        thoughts.append(thought)
        if not closed:
            return Parted(_told(thoughts), "", open=True)
    return Parted(_told(thoughts), "".join((*answers, rest)).strip())


def _told(thoughts: list[str]) -> str:
    return "\n\n".join(filter(None, (thought.strip() for thought in thoughts)))


def _unopened(text: str, opened: bool) -> tuple[str, bool, str] | None:
    """A thought that the prompt opened, or whose opening the server kept to itself; None for none."""
    for _, closes in _TAGS:
        thought, closed, rest = _cut(
            text, rf"^[ \t]*{re.escape(closes)}" if not opened else re.escape(closes)
        )
        if closed and _OPENS.search(thought) is None:
            return thought, True, rest
    return (text, False, "") if opened else None


def _cut(text: str, closes: str) -> tuple[str, bool, str]:
    found = re.search(closes, text, re.IGNORECASE | re.MULTILINE)
    return (text, False, "") if found is None else (text[: found.start()], True, text[found.end() :])
