"""The probabilities of options, read from the tokens that a server lists with its answer.

A server lists some tokens at each place of its answer, as text. Where they tell all options apart, the
options' probabilities follow; what all of them together hold of the model's probability is their mass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from palaestra.sims.engines.completion import Position
from palaestra.sims.engines.plain_text import plain

END = "\0"  # stands for the control token that follows a complete option, or for the quote that closes it
MOST_SPACES = 16
"""Characters around an answer that its tokens may spell beside it."""
Options = Sequence[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Options that go on alike.

    Attributes:
        share: what it has among those that it parts from, 0–1: under a constraint nothing else is said.
        probability: that the model goes on so, among all that it might say.
        said: what the options share.
        options: one, or more that a further request has to tell apart.
    """

    share: float
    probability: float
    said: str
    options: Options


def part(options: Options, said: str, positions: Sequence[Position]) -> list[Group]:
    """How options go on after `said`.

    As in `option_tree`, an option is spelled in the longest tokens there are, and a control
    token ends it. Returns [] where the answer's tokens don't tell options apart, or not all.
    """
    for position in positions:
        # Of tokens with the same text, such as two kinds of end, the likeliest comes last and counts.
        listed = ((position.token, position.probability), *reversed(position.listed))
        texts = {said + (END if _is_control(token) else token): p for token, p in listed}
        groups: dict[str, list[str]] = {}
        for option in options:
            begun = (text for text, p in texts.items() if p and (option + END).startswith(text))
            groups.setdefault(max(begun, key=len, default=""), []).append(option)
        if any(o.startswith(t) for t, g in groups.items() if t not in g for o in options if o not in g):
            return []  # What begins one group may begin another.
        text = max(groups, key=len)
        if len(groups) > 1 or (len(said) < len(text) and text != said + position.token):
            total = fsum(texts[text] for text in groups)
            return [Group(texts[text] / total, texts[text], text, group) for text, group in groups.items()]
        said += position.token
    return []


def of_answer(positions: Sequence[Position], text: str) -> Sequence[Position]:
    """The positions that spell `text`, and what ends it; none where the last words aren't these.

    A thought before an answer is passed over.
    """
    end = len(positions)
    while end and (not positions[end - 1].token.strip() or _is_control(positions[end - 1].token)):
        end -= 1
    spelled = ""
    for start in range(end - 1, -1, -1):
        spelled = positions[start].token + spelled
        if spelled.strip() == text:
            return positions[start:]
        if len(spelled) > len(text) + MOST_SPACES:
            break
    return ()


def _is_control(token: str) -> bool:
    return plain(token) != token


def of_value(positions: Sequence[Position], text: str, value: str) -> Sequence[Position]:
    """The positions from where `value` begins in the JSON `text`; what closes it reads as `END`."""
    before = text.rfind(f'"{value}"') + 1
    spelled = ""
    for number, position in enumerate(positions):
        if before and len(spelled) == before and text.startswith(spelled):
            return [_unquoted(each) for each in positions[number:]]
        spelled += position.token
    return ()


def _unquoted(position: Position) -> Position:
    def cut(token: str) -> str:
        inside, quote, _ = token.partition('"')
        return inside + END if quote else inside

    summed: dict[str, float] = {}
    for token, probability in position.listed:
        summed[cut(token)] = summed.get(cut(token), 0.0) + probability
    return Position(cut(position.token), position.probability, tuple(summed.items()))
