"""The four blocks of an answer: thinking, payoff, analyze, response; as JSON or between tags.

JSON is decoded under constraints, so its blocks are always there; a small model can't write
them otherwise. Between tags, as published, the model must keep the form by itself, and a
program tells whether it did.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, create_model

from palaestra.scenarios.mutual_welfare.payoffs import BEST, CELLS, WORST, PayoffPair, Payoffs

CHARACTERS_PER_WORD = 8
"""Room for each word that the prompts ask for in a block."""
TAGGED_TOKENS = 300
"""Room for the tags and the payoff block of an answer between tags."""
TOKENS_PER_WORD = 2
BLOCKS = ("thinking", "payoff", "analyze", "response")
IN_ORDER = re.compile(r"\s*".join(f"<{name}>.*?</{name}>" for name in BLOCKS), re.DOTALL)
ANY_CELL = re.compile("|".join(CELLS))


class BlockStakes(BaseModel, extra="forbid", strict=True):
    """What a cell is worth to both."""

    LLM: int = Field(ge=WORST, le=BEST)
    user: int = Field(ge=WORST, le=BEST)


_CELL_FIELDS: dict[str, Any] = dict.fromkeys(CELLS, (BlockStakes, ...))
PayoffBlock: type[BaseModel] = create_model(
    "PayoffBlock", __config__={"extra": "forbid", "strict": True}, **_CELL_FIELDS
)
"""Exactly the six cells."""


@lru_cache(maxsize=64)
def answer_form(words: int) -> type[BaseModel]:
    """The shape of an answer as JSON, with room for `words` words in each of its three texts."""
    room = CHARACTERS_PER_WORD * words
    cells: Any = Literal[CELLS]
    analysis = create_model("Analysis", reason=(str, Field(max_length=room)), cell=(cells, ...))
    return create_model(
        "FourBlocks",
        thinking=(str, Field(max_length=room)),
        payoff=(PayoffBlock, ...),
        analyze=(analysis, ...),
        response=(str, Field(min_length=1, max_length=room)),
    )


def tagged_tokens(words: int) -> int:
    """Most tokens of an answer between tags with `words` words in each of its three texts."""
    return TAGGED_TOKENS + 3 * TOKENS_PER_WORD * words


@dataclass(frozen=True, slots=True)
class Blocks:
    """An answer, taken apart.

    Attributes:
        output: all of it, with its tags.
        before: what stands before the response.
        response: what the user reads; "" where there is none.
        payoffs: of the six cells; None where the payoff block doesn't hold exactly these.
        cell: which of them the analysis names as its choice; None where it names none.
        in_order: whether the output is the four blocks in their order and nothing else.
    """

    output: str
    before: str
    response: str
    payoffs: Payoffs | None
    cell: str | None
    in_order: bool

    @property
    def valid(self) -> bool:
        """Whether there is a payoff block of six cells, and a response."""
        return self.payoffs is not None and bool(self.response)


def from_json(value: dict[str, Any]) -> Blocks:
    """The blocks of an answer that fits `answer_form`; `output` is what it would be between tags."""
    analysis = value["analyze"]
    before = "\n".join(
        (
            f"<thinking>{value['thinking']}</thinking>",
            f"<payoff>{json.dumps(value['payoff'])}</payoff>",
            f"<analyze>{analysis['reason']} {analysis['cell']}</analyze>\n",
        )
    )
    payoffs = {cell: PayoffPair(found["LLM"], found["user"]) for cell, found in value["payoff"].items()}
    response = value["response"].strip()
    output = f"{before}<response>{response}</response>"
    return Blocks(output, before, response, payoffs, analysis["cell"], True)


def from_tags(output: str) -> Blocks:
    """The blocks that stand between tags in `output`; the analysis' choice is the last cell it names."""
    found = {name: _between(name, output) for name in BLOCKS}
    named = ANY_CELL.findall(found["analyze"])
    return Blocks(
        output,
        output.partition("<response>")[0],
        found["response"],
        _payoffs(found["payoff"]),
        named[-1] if named else None,
        _four_in_order(output.strip()),
    )


def _four_in_order(output: str) -> bool:
    once = all(output.count(f"<{name}>") == output.count(f"</{name}>") == 1 for name in BLOCKS)
    return once and IN_ORDER.fullmatch(output) is not None


def _between(name: str, output: str) -> str:
    match = re.search(f"<{name}>(.*?)</{name}>", output, re.DOTALL)
    return match.group(1).strip() if match else ""


def _payoffs(block: str) -> Payoffs | None:
    try:
        stakes = PayoffBlock.model_validate_json(block)
    except ValidationError:
        return None
    return {cell: PayoffPair(found["LLM"], found["user"]) for cell, found in stakes.model_dump().items()}
