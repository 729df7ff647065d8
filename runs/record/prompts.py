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

Numbers = tuple[int, ...]
LEAST_SHARED = 4
"""How many messages two prompts must begin with for the later one to be told by what it adds."""


@dataclass(frozen=True, slots=True)
class _Asked:
    step: int
    call: int
    prompt: Numbers


class AskedPrompts:
    """The prompts of one episode that later ones may add to."""

    def __init__(self) -> None:
        self._now: dict[str, _Asked] = {}
        self._before: dict[str, _Asked] = {}

    def told(self, agent: str, step: int, call: int, prompt: Numbers) -> str:
        """The prompt of an agent's call as the log tells it."""
        self.take(agent, step, call, prompt)
        earlier = self._before.get(agent)
        kept = 0 if earlier is None else _shared(earlier.prompt, prompt)
        if earlier is None or kept < LEAST_SHARED:
            return ranges(prompt)
        return f"{earlier.call}:{kept} {ranges(prompt[kept:])}".rstrip()

    def read(self, agent: str, step: int, call: int, text: str) -> Numbers:
        """The prompt that `told` told so; raises `ValueError` where it adds to one that there isn't."""
        head, colon, tail = text.partition(":")
        prompt = numbers(text) if not colon else ()
        if colon:
            earlier, (kept, _, added) = self._earlier(agent, step), tail.partition(" ")
            if earlier is None or earlier.call != int(head) or int(kept) > len(earlier.prompt):
                raise ValueError(f"the prompt {text!r} of call {call} adds to one that {agent} was not asked")
            prompt = (*earlier.prompt[: int(kept)], *numbers(added))
        self.take(agent, step, call, prompt)
        return prompt

    def take(self, agent: str, step: int, call: int, prompt: Numbers) -> None:
        """Note what an agent was asked."""
        now = self._now.get(agent)
        if now is not None and now.step < step:
            self._before[agent] = now
        if now is None or (now.step, now.call) < (step, call):
            self._now[agent] = _Asked(step, call, prompt)

    def _earlier(self, agent: str, step: int) -> _Asked | None:
        now = self._now.get(agent)
        return now if now is not None and now.step < step else self._before.get(agent)


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
