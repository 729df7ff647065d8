"""Where an answer begins, and how many tokens it takes: for engines that are asked with tokens."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.agents.answers import Answer, Json, Text
from palaestra.agents.policy import Policy
from palaestra.sims.engines.option_tree import OptionTree


@dataclass(frozen=True, slots=True)
class Opening:
    """Where an answer begins: all tokens up to there, and what of them follows the last control token."""

    tokens: list[int]
    prefix: str


def depth(tree: OptionTree) -> int:
    """The tokens of a choice's longest option."""
    return max(len(fork.path) for fork in tree.forks) + 1


def least(answer: Answer, policy: Policy, tree_depth: int) -> int:
    """The tokens that must be free for an answer; `tree_depth` of a choice."""
    return answer_length(answer, policy)[0] if isinstance(answer, Text | Json) else tree_depth


def answer_length(answer: Text | Json, policy: Policy) -> tuple[int, int]:
    """The tokens that must be free for an answer, and the most that it may take.

    A character takes at most one token if it is ASCII, at most four otherwise.
    """
    if isinstance(answer, Json):
        return answer.max_characters, 4 * answer.max_characters
    length = answer.max_tokens or policy.max_tokens
    return length, length
