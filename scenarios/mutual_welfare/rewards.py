"""What an answer is worth to the user and to the assistant, and to both: √(user · LLM).

All numbers are those of GTAlign's public code (`recipe/gamellm/tasks`: `format.py` and the
reward of each task).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

from palaestra.scenarios.mutual_welfare.blocks import Blocks
from palaestra.scenarios.mutual_welfare.payoffs import Payoffs

LEAST = 1e-4
"""What a valid answer is worth to both at least, so that the product never hides the other."""
SLOPE = 0.005
"""Of the logistic ends of a good length, per word."""
RESPONSE_WORDS = (20, 500)
OUTPUT_WORDS = (500, 1000)
"""Words of the response, and of the whole output, between which a length is good."""
DECAY = 500
"""Characters before the response over which brevity falls to 1/e."""
RELATIVE_GAP = 0.1
"""Of the two payoffs of a cell over the larger one; beyond it they count as told apart."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What of an answer's form counts, each 0–1.

    Attributes:
        response_length, output_length: how good the lengths are, see `length_score`.
        brevity: how little stands before the response, see `brevity`.
        format: 1 where the output is the four blocks in their order, with six valid cells.
        payoff: how far payoffs are told apart, see `payoff_score`.
    """

    response_length: float
    brevity: float
    format: float
    payoff: float
    output_length: float


@dataclass(frozen=True, slots=True)
class Rewards:
    """What an answer is worth, 0–1, to the user and to the assistant."""

    user: float
    llm: float

    @property
    def mutual(self) -> float:
        """√(user · LLM), the mutual welfare."""
        return sqrt(self.user * self.llm)

    @property
    def mean(self) -> float:
        """(user + LLM) / 2, GTAlign's baseline."""
        return (self.user + self.llm) / 2


def logistic(x: float) -> float:
    """1 / (1 + e^−x)."""
    return 1 / (1 + exp(-x))


def length_score(words: int, least: int, most: int) -> float:
    """How good a length is: logistic(0.005 (w − least)) · logistic(0.005 (most − w)).

    With so flat a slope it is at most 0.59 for a response (260 words) and 0.60 for an output (750).
    """
    return logistic(SLOPE * (words - least)) * logistic(SLOPE * (most - words))


def brevity(characters: int) -> float:
    """e^(−characters / 500): 1 when nothing stands before the response."""
    return exp(-characters / DECAY)


def payoff_score(payoffs: Payoffs) -> float:
    """How far a payoff block tells user and LLM apart, 0–1.

    For each of the six cells 1/12 where the two payoffs differ, and 1/12 where they do so by more
    than a tenth of the larger one. With whole numbers of at most 5 that is always both or neither.
    """
    apart = 0
    for llm, user in payoffs.values():
        gap = abs(user - llm)
        apart += (gap > 0) + (gap > RELATIVE_GAP * max(abs(user), abs(llm)))
    return apart / (2 * len(payoffs))


def terms(blocks: Blocks) -> Terms | None:
    """The terms of an answer; None where it has no response, or no valid payoff block."""
    if blocks.payoffs is None or not blocks.response:
        return None
    return Terms(
        length_score(len(blocks.response.split()), *RESPONSE_WORDS),
        brevity(len(blocks.before)),
        float(blocks.in_order),
        payoff_score(blocks.payoffs),
        length_score(len(blocks.output.split()), *OUTPUT_WORDS),
    )


NOTHING = Rewards(0.0, 0.0)
"""What an answer without its blocks is worth."""


def rewards(found: Terms, user_correct: float, llm_correct: float) -> Rewards:
    """What an answer with these terms is worth.

    Args:
        found: its terms.
        user_correct: how right it is to the user, 0–1.
        llm_correct: how right it is to the LLM, 0–1; mostly the same number.
    """
    user = 0.5 * user_correct + 0.2 * found.response_length + 0.3 * found.brevity
    llm = 0.2 * found.format + 0.2 * found.payoff + 0.4 * llm_correct + 0.2 * found.output_length
    return Rewards(LEAST + user, LEAST + llm)
