"""The payoff block: six cells, and which of them a rule selects.

A cell is what kind of question it is (definite DQ or vague VQ) and what the assistant does
(direct answer DA, clarifying question CQ, answer and one follow-up question AQ).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Literal, NamedTuple

from palaestra.metrics.pareto import front

ACTIONS = ("DA", "CQ", "AQ")
CELLS = tuple(f"{question}_{action}" for question, action in product(("DQ", "VQ"), ACTIONS))
WORST, BEST = -5, 5
"""The whole numbers between which payoffs lie; "roughly" so in GTAlign's prompt, which takes decimals too."""

Selection = Literal["sum", "product"]


class PayoffPair(NamedTuple):
    """What a cell is worth to the assistant (`llm`) and to the user, −5 … 5."""

    llm: int
    user: int


Payoffs = Mapping[str, PayoffPair]
"""The payoffs of all cells."""


def pareto_cells(payoffs: Payoffs) -> tuple[str, ...]:
    """The cells that no other is as good as for both and better than for one."""
    best = set(front(payoffs.values()))
    return tuple(cell for cell, payoff in payoffs.items() if payoff in best)


def by_sum(payoffs: Payoffs) -> tuple[str, ...]:
    """Of the Pareto cells those of the largest sum, then of the largest payoff to the user, then to the LLM.

    That is the rule of GTAlign's prompt. Several cells are left only where their payoffs are the same.
    """
    efficient = {cell: payoffs[cell] for cell in pareto_cells(payoffs)}
    return _best({cell: (llm + user, user, llm) for cell, (llm, user) in efficient.items()})


def by_product(payoffs: Payoffs) -> tuple[str, ...]:
    """All cells of the largest product, as GTAlign's inference helper keeps them.

    It is no bargaining product over a threat point: two large losses multiply to a large gain.
    """
    return _best({cell: (llm * user,) for cell, (llm, user) in payoffs.items()})


def _best(worth: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The cells of the largest worth."""
    most = max(worth.values())
    return tuple(cell for cell, found in worth.items() if found == most)


SELECTIONS: dict[Selection, Callable[[Payoffs], tuple[str, ...]]] = {"sum": by_sum, "product": by_product}


def actions(cells: Iterable[str]) -> set[str]:
    """What the assistant does in these cells."""
    return {cell.partition("_")[2] for cell in cells}
