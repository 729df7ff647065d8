"""The rules; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from palaestra import Agent, Choice, Episode, Event, Participant, Play, ScenarioConfig
from palaestra.scenarios.core.config import Location, name_problems
from palaestra.scenarios.core.trajectory import Trajectory
from pydantic import Field

COINS = 10


class MyScenarioConfig(ScenarioConfig):
    """Two players who share coins."""

    scenario: Literal["my_scenario"] = "my_scenario"
    rounds: int = Field(2, ge=1, le=100, description="How often they share; they take turns in giving.")
    players: list[Participant] = Field(min_length=2, max_length=2, description="Who plays.")

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Names that two players share."""
        yield from super().problems()
        yield from name_problems(players=self.players)


@dataclass(frozen=True, slots=True)
class Deal(Event):
    """What came of a round: coins offered, None without a valid offer, and whether they were taken."""

    giver: str
    taker: str
    offered: int | None
    taken: bool


class MyScenario(Episode[MyScenarioConfig]):
    """One game."""

    kind = "my_scenario"
    config_type = MyScenarioConfig
    event_types = (Deal,)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    reward_unit = "coins"

    def play(self) -> Play:
        """Round by round: a speech that both hear, an offer, a decision."""
        players = [self.seat(Agent, player, self.words("rules")) for player in self.config.players]
        for number in range(1, self.config.rounds + 1):
            giver, taker = players if number % 2 else players[::-1]
            [speech] = yield [giver.ask("speak", round=number)]
            self.say(giver.name, speech, () if speech.failed else players)
            [offer] = yield [giver.ask("offer", Choice(tuple(map(str, range(COINS + 1)))), round=number)]
            offered, taken = None if offer.failed else int(offer.text), False
            if offered is not None:
                [decision] = yield [taker.ask("decide", Choice(("take", "leave")), offered=offered)]
                taken = decision.text == "take"
            self.record(Deal(giver.name, taker.name, offered, taken))
        return {"deals": sum(deal.taken for _, deal in self.events if isinstance(deal, Deal))}

    @classmethod
    def rewards(cls, config: MyScenarioConfig, trajectory: Trajectory) -> dict[str, float]:
        """The coins that each player got."""
        coins = dict.fromkeys((player.name for player in config.players), 0.0)
        for deal in trajectory.told(Deal):
            coins[deal.taker] += deal.taken * (deal.offered or 0)
            coins[deal.giver] += deal.taken * (COINS - (deal.offered or 0))
        return coins
