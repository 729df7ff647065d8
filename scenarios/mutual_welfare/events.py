"""What happens when questions are answered for mutual welfare, for the log and its tables.

`question` is its number in the file, from 0; `candidate` counts an agent's answers to it from 0;
`call` is the answer's call.
"""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class WelfareAnswer(Event):
    """An answer in four blocks.

    Attributes:
        question, agent, candidate, call: which.
        kind: of the question.
        vague: whether the question is.
        valid: whether there is a payoff block of six cells, and a response.
        cell: which cell the analysis chooses; None where it names none.
        by_sum, by_product: the cells that either rule selects from the payoff block, separated by
            commas; None without a valid one.
        kept: whether the chosen cell's action is one that the rule that the agent was told
            selects; None without a cell, or without a valid payoff block.
        rules_agree: whether the two rules select an action in common; None without a valid
            payoff block.
    """

    table = "answer"

    question: int
    agent: str
    candidate: int
    call: int
    kind: str
    vague: bool
    valid: bool
    cell: str | None
    by_sum: str | None
    by_product: str | None
    kept: bool | None
    rules_agree: bool | None


@dataclass(frozen=True, slots=True)
class WelfarePayoff(Event):
    """A cell of an answer's valid payoff block, with its worth (−5 … 5) to the LLM and to the user."""

    table = "payoff"

    question: int
    agent: str
    candidate: int
    call: int
    cell: str
    llm: int
    user: int


@dataclass(frozen=True, slots=True)
class Correctness(Event):
    """How right the response of a valid answer is.

    Attributes:
        question, agent, candidate, call: which.
        checked_by: the judge, or "program".
        user, llm: how right it is to either, 0–1; None when the judge could not be understood.
        basis: "program", "probabilities", "sample" or "failed".
    """

    question: int
    agent: str
    candidate: int
    call: int
    checked_by: str
    user: float | None
    llm: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class MutualWelfareFound(Event):
    """What an answer is worth; all None where it failed, or its correctness isn't known.

    Attributes:
        question, agent, candidate, call: which.
        user, llm: what it is worth to either, 0–1.
        mutual: √(user · llm).
        mean: (user + llm) / 2, the baseline.
        response_length, brevity, format, payoff, output_length: see `rewards.Terms`; None for an
            answer that isn't valid, which is worth 0 to both.
    """

    table = "welfare"

    question: int
    agent: str
    candidate: int
    call: int
    user: float | None
    llm: float | None
    mutual: float | None
    mean: float | None
    response_length: float | None = None
    brevity: float | None = None
    format: float | None = None
    payoff: float | None = None
    output_length: float | None = None
