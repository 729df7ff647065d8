"""What a run may take and what tokens cost: `limits` and `prices` of a scenario file, and how much was used.

Prices are in whatever currency the file's author thinks of; nothing here knows one. What computes on this
machine costs nothing unless a price is given, so that electricity can be counted too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from palaestra.agents.policy import Settings

MILLION = 1_000_000
Limit = Literal["calls", "tokens", "minutes", "spend"]
LIMITS: tuple[Limit, ...] = get_args(Limit)


class Prices(Settings):
    """What an engine's tokens cost, per million, in any one currency."""

    prompt: float = Field(ge=0, description="Of a million prompt tokens.")
    cached: float | None = Field(
        None, ge=0, description="Of a million prompt tokens that were cached. Default: as `prompt`."
    )
    output: float = Field(ge=0, description="Of a million output tokens, thoughts included.")


class Limits(Settings):
    """How much a run may take, over all its sittings; it stops there, and goes on where a limit is raised."""

    calls: int | None = Field(None, ge=1, description="Most calls. Default: any number.")
    tokens: int | None = Field(None, ge=1, description="Most tokens, of prompts and answers together.")
    minutes: float | None = Field(None, gt=0, description="Longest time played, without loading engines.")
    spend: float | None = Field(
        None, gt=0, description="Most that its tokens may cost, in the currency of the engines' `prices`."
    )

    def of(self, limit: Limit) -> float | None:
        """How much of it there may be; None for any."""
        found: float | None = getattr(self, limit)
        return found


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls took: how many were asked, and their tokens; cached ones are part of the prompt's."""

    calls: int = 0
    prompt: int = 0
    cached: int = 0
    output: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.output + other.output,
        )

    def cost(self, prices: Prices | None) -> float:
        """What its tokens cost; 0 without prices."""
        if prices is None:
            return 0.0
        cached = prices.prompt if prices.cached is None else prices.cached
        whole = (self.prompt - self.cached) * prices.prompt + self.cached * cached
        return (whole + self.output * prices.output) / MILLION


def figure(limit: Limit, amount: float) -> str:
    """An amount in words: "200 calls", "61,234 tokens", "12.3 minutes", "0.47 spent"."""
    match limit:
        case "minutes":
            return f"{amount:,.1f} minutes" if amount >= 1 else f"{amount:.2g} minutes"
        case "spend":
            return f"{money(amount)} spent"
    return f"{amount:,.0f} {limit}"


def money(amount: float) -> str:
    """A sum with two decimals, or with two digits where it is less than that shows."""
    return f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}"
