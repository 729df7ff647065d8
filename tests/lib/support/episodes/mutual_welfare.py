"""Questions to assistants of mutual welfare, and answers of known payoffs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.mutual_welfare.config import MutualWelfareConfig
from palaestra.scenarios.mutual_welfare.payoffs import CELLS, PayoffPair, Payoffs
from palaestra.scenarios.mutual_welfare.rules import MutualWelfare
from support.scripted_debates import reply

WRITING = {"text": "Thank her.", "kind": "writing", "reference": "abcd"}
VAGUE = {"text": "How long?", "kind": "ambiguity", "vague": True}
SUM = {"text": "What is 40 + 2?", "kind": "math", "reference": "42"}
FILE: dict[str, Any] = {
    "scenario": "mutual_welfare",
    "engines": {"default": {"kind": "scripted"}},
    "questions": [WRITING, VAGUE, SUM],
    "per_episode": 3,
    "agents": [{"name": "Ann", "persona": "A nurse."}, {"name": "Bo", "persona": "A baker."}],
    "judge": {"name": "Judge", "persona": "A teacher."},
}
# Sums 4, 5, 5, 1, 8, 8; products 4, 6, 4, 0, 15, 16; the last two are of the Pareto set.
STAKES = ((2, 2), (3, 2), (4, 1), (0, 1), (3, 5), (4, 4))
PAYOFFS: Payoffs = {cell: PayoffPair(*stakes) for cell, stakes in zip(CELLS, STAKES, strict=True)}


def welfare(index: int = 0, **fields: Any) -> MutualWelfare:
    """An episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, MutualWelfareConfig)
    return MutualWelfare(config, index=index)


def block(payoffs: Payoffs = PAYOFFS) -> dict[str, dict[str, int]]:
    return {cell: {"LLM": payoff.llm, "user": payoff.user} for cell, payoff in payoffs.items()}


def four(response: str = "It is 42.", cell: str = "VQ_CQ", payoffs: Payoffs = PAYOFFS) -> dict[str, Any]:
    """An answer as JSON."""
    return {
        "thinking": "Asking helps.",
        "payoff": block(payoffs),
        "analyze": {"reason": "Best for both.", "cell": cell},
        "response": response,
    }


def tagged(payoff: str | None = None, analyze: str = "DQ_DA is worse than VQ_CQ", tail: str = "") -> str:
    """An answer between tags."""
    return (
        "<thinking>Asking helps.</thinking>\n"
        f"<payoff>{json.dumps(block()) if payoff is None else payoff}</payoff>\n"
        f"<analyze>{analyze}</analyze>\n<response>It is 42.</response>{tail}"
    )


def answering(response: str = "It is 42.", judge: int = 0, **said: Any) -> Callable[[Call], Reply]:
    """Answers all with these four blocks, and all judgements with the judge's option of this place."""

    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            return reply(call.answer.options[judge])
        value = four(response, **said)
        return Reply(text=json.dumps(value), value=value)

    return answer
