"""A call's prompt in the log: the numbers of its messages, told by what they add to an earlier prompt.

"0 3-6 9" are messages 0, 3 to 6 and 9; "12:41 82-84" are the first 41 messages of call 12's prompt, then
82 to 84. An agent's prompts grow with the talk, so this keeps a log linear in what is said. The earlier
prompt is that of the agent's last call in an earlier step: it is on disk by then, whatever the order in
which calls are answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ne
from typing import Generic, NamedTuple, TypeVar

Numbers = tuple[int, ...]
Prompt = TypeVar("Prompt")
LEAST_SHARED = 4
"""How many messages two prompts must begin with for the later one to be told by what it adds."""


@dataclass(slots=True)
class _Asked(Generic[Prompt]):
    step: int
    call: int
    prompt: Prompt


class _LastAsked(Generic[Prompt]):
    """The prompts of one episode that later ones may add to."""

    def __init__(self) -> None:
        self._now: dict[str, _Asked[Prompt]] = {}
        self._before: dict[str, _Asked[Prompt]] = {}

    def take(self, agent: str, step: int, call: int, prompt: Prompt) -> None:
        """Note what an agent was asked."""
        now = self._now.get(agent)
        if now is not None and now.step < step:
            self._before[agent] = now
        if now is None or (now.step, now.call) < (step, call):
            self._now[agent] = _Asked(step, call, prompt)

    def _earlier(self, agent: str, step: int) -> _Asked[Prompt] | None:
        now = self._now.get(agent)
        return now if now is not None and now.step < step else self._before.get(agent)


class AskedPrompts(_LastAsked[Numbers]):
    """Tells the prompts of one episode to the log."""

    def told(self, agent: str, step: int, call: int, prompt: Numbers) -> str:
        """The prompt of an agent's call as the log tells it."""
        self.take(agent, step, call, prompt)
        earlier = self._before.get(agent)
        kept = 0 if earlier is None else _shared(earlier.prompt, prompt)
        if earlier is None or kept < LEAST_SHARED:
            return ranges(prompt)
        return f"{earlier.call}:{kept} {ranges(prompt[kept:])}".rstrip()


class _Whole(NamedTuple):
    """A prompt's numbers as `ranges` writes them, and how many they are; None where nobody has counted."""

    text: str
    size: int | None = None


class ToldPrompts(_LastAsked[_Whole]):
    """Reads the prompts of one episode from the log, without a look at each number."""

    def read(self, agent: str, step: int, call: int, text: str) -> str:
        """The numbers, as `ranges` writes them, of the prompt that `AskedPrompts.told` told so.

        Raises:
            ValueError: it is none, or adds to one that there isn't.
        """
        head, colon, tail = text.partition(":")
        kept, _, added = tail.partition(" ") if colon else ("", "", text)
        prompt = self._longer(agent, step, int(head), int(kept), added) if colon else _Whole(text)
        digits = added.replace("-", "").replace(" ", "")
        if prompt is None or not (digits.isdecimal() or not added):
            raise ValueError(f"the prompt {text!r} of call {call} adds to one that {agent} was not asked")
        self.take(agent, step, call, prompt)
        return prompt.text

    def _longer(self, agent: str, step: int, call: int, kept: int, added: str) -> _Whole | None:
        """The first numbers of the earlier prompt, that of `call`, with more; None where there is no such."""
        earlier = self._earlier(agent, step)
        if earlier is None or earlier.call != call:
            return None
        whole, size = earlier.prompt
        if size is None:
            size = _size(whole)
            earlier.prompt = _Whole(whole, size)
        return _Whole(_joined(_without_last(whole, size - kept), added), kept + _size(added))


def ranges(prompt: Sequence[int]) -> str:
    """Numbers, runs of neighbours joined: "0 3-6 9"."""
    breaks = list(map(ne, prompt[1:], map((1).__add__, prompt)))
    parts, begin = [], 0
    while begin < len(prompt):
        try:
            end = breaks.index(True, begin)
        except ValueError:
            end = len(breaks)
        parts.append(str(prompt[begin]) if begin == end else f"{prompt[begin]}-{prompt[end]}")
        begin = end + 1
    return " ".join(parts)


def numbers(text: str) -> Numbers:
    """The numbers that `ranges` wrote."""
    found: list[int] = []
    for part in text.split():
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(found)


def _shared(one: Numbers, other: Numbers) -> int:
    """How many numbers both begin with."""
    if one == other[: len(one)]:
        return len(one)
    return [*map(ne, one, other), True].index(True)


def _size(text: str) -> int:
    """How many numbers `ranges` wrote."""
    return sum(last - first + 1 for first, last in map(_ends, text.split()))


def _ends(part: str) -> tuple[int, int]:
    """The first and last number of a run."""
    first, _, last = part.partition("-")
    return int(first), int(last or first)


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _without_last(text: str, dropped: int) -> str:
    """The numbers that `ranges` wrote but for some at the end; raises `ValueError` of fewer."""
    if dropped < 0:
        raise ValueError(f"{-dropped} numbers more than there are")
    while dropped:
        text, _, part = text.rpartition(" ")
        first, last = _ends(part)
        left = last - first + 1 - dropped
        if left > 0:
            return f"{text} {_run(first, last - dropped)}".lstrip()
        dropped = -left
    return text


def _joined(one: str, other: str) -> str:
    """What `ranges` writes of the numbers of both."""
    if not (one and other):
        return one or other
    before, _, last = one.rpartition(" ")
    first, _, after = other.partition(" ")
    (start, end), (following, stop) = _ends(last), _ends(first)
    if following != end + 1:
        return f"{one} {other}"
    return f"{before} {_run(start, stop)} {after}".strip()
