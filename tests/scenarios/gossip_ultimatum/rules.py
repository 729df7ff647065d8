"""Two players share coins: one offers some, the other takes them or leaves all, and tells a third of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from palaestra import Agent, Choice, Episode, Event, Participant, Play, ScenarioConfig
from palaestra.scenarios.core.config import Location, name_problems
from palaestra.scenarios.core.trajectory import Trajectory

COINS = 10


class GossipUltimatumConfig(ScenarioConfig):
    """Players who share coins in pairs, and talk about it."""

    scenario: Literal["gossip_ultimatum"] = "gossip_ultimatum"
    rounds: int = Field(3, ge=1, le=100, description="How many offers; everybody gives in turn.")
    players: list[Participant] = Field(min_length=3, description="Who plays, in a circle.")

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


class GossipUltimatum(Episode[GossipUltimatumConfig]):
    """One game."""

    kind = "gossip_ultimatum"
    config_type = GossipUltimatumConfig
    event_types = (Deal,)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    reward_unit = "coins"

    def play(self) -> Play:
        """Round by round: an offer to the neighbour, who decides and then gossips to the next one."""
        players = [self.seat(Agent, player, self.words("rules")) for player in self.config.players]
        for number in range(self.config.rounds):
            giver, taker, friend = (players[(number + place) % len(players)] for place in range(3))
            [offer] = yield [giver.ask("offer", Choice(tuple(map(str, range(COINS + 1)))), to=taker.name)]
            offered, taken = None if offer.failed else int(offer.text), False
            if offered is not None:
                answer = Choice(("take", "leave"))
                [decision] = yield [taker.ask("decide", answer, giver=giver.name, offered=offered)]
                taken = decision.text == "take"
                [gossip] = yield [taker.ask("gossip", giver=giver.name, offered=offered, friend=friend.name)]
                self.say(taker.name, gossip, () if gossip.failed else [taker, friend])
            self.record(Deal(giver.name, taker.name, offered, taken))
        return {"deals": sum(deal.taken for _, deal in self.events if isinstance(deal, Deal))}

    @classmethod
    def rewards(cls, config: GossipUltimatumConfig, trajectory: Trajectory) -> dict[str, float]:
        """The coins that each player got."""
        coins = dict.fromkeys((player.name for player in config.players), 0.0)
        for deal in trajectory.told(Deal):
            coins[deal.taker] += deal.taken * (deal.offered or 0)
            coins[deal.giver] += deal.taken * (COINS - (deal.offered or 0))
        return coins
