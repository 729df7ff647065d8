"""The fields of a random-number test's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.parts.picking import SAMPLES_MEANING

MOST_NUMBERS = 21


class RandomNumbersConfig(ScenarioConfig):
    """Players who are asked for random integers."""

    scenario: Literal["random_numbers"] = "random_numbers"
    low: int = Field(0, ge=-1_000_000, le=1_000_000, description="The smallest integer.")
    high: int = Field(
        10,
        ge=-1_000_000,
        le=1_000_000,
        description=f"The largest; the range has 2 to {MOST_NUMBERS} integers.",
    )
    draws: int = Field(10, ge=1, le=1000, description="How many numbers each player is asked for.")
    asked: Literal["with_history", "without_history", "independently"] = Field(
        "with_history",
        description="One draw after another, told its own earlier numbers (`with_history`) or only which "
        "draw it is (`without_history`); or each draw alone, in the same words, all at once "
        "(`independently`).",
    )
    samples: int = Field(1, ge=1, le=100, description=SAMPLES_MEANING)
    players: list[Participant] = Field(
        [Participant(name="Ann")], min_length=1, max_length=8, description="Who is asked, each for itself."
    )

    @property
    def numbers(self) -> tuple[str, ...]:
        """All integers of the range."""
        return tuple(str(number) for number in range(self.low, self.high + 1))

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Ranges of no choice or too much, and names that two players share."""
        yield from name_problems(players=self.players)
        if self.high <= self.low:
            yield ("high",), f"the range ends at {self.high}, which is not above {self.low}"
        elif self.high - self.low >= MOST_NUMBERS:
            told = f"{self.low} to {self.high} are {self.high - self.low + 1} integers"
            yield ("high",), f"{told}; at most {MOST_NUMBERS} can be told apart"
