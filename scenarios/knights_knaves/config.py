"""The fields of a knight–knave–spy debate's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig
from palaestra.scenarios.knights_knaves.puzzles import NAMES, RolePuzzle

CAST = (
    Participant(name="Ann", persona="You check every case."),
    Participant(name="Bo", persona="You trust your first idea."),
    Participant(name="Cem", persona="You look for contradictions."),
)


class KnightsKnavesConfig(ScenarioConfig):
    """A debate about who is a knight, a knave or a spy."""

    scenario: Literal["knights_knaves"] = "knights_knaves"
    players: int = Field(4, ge=3, le=len(NAMES), description="How many players a generated puzzle has.")
    spies: int = Field(1, ge=0, description="How many of them are spies; fewer than the players.")
    hints: int = Field(
        0, ge=0, le=5, description="How much the manager tells beside the number of spies, statements."
    )
    puzzles: list[RolePuzzle] = Field(
        [],
        description="Puzzles that are given; episode i takes puzzle i modulo their number. "
        "Empty: each episode generates its own, from its seed, of `players`, `spies` and `hints`.",
    )
    debaters: list[Participant] = Field(list(CAST), min_length=2, description="Who debates.")
    supervisor: Participant | None = Field(
        None, description="Who decides on a player when no role has a strict majority. Default: nobody."
    )
    think: bool = Field(
        False, description="Let each debater reason in writing, for itself alone, before its first answers."
    )
    depth: int = Field(1, ge=1, le=3, description="How many rounds the debate on each player has.")
    order: Literal["given", "chosen"] = Field(
        "given",
        description="In which order the players are debated: the puzzle's, or one that the supervisor "
        "chooses (without supervisor, the first debater).",
    )
    show_confidence: bool = Field(True, description="Whether debaters see each other's confidence.")
    words: int = Field(60, ge=5, le=100, description="Longest explanation that the rules ask for, words.")

    def agents(self) -> Iterator[tuple[Location, Participant]]:
        """Debaters and supervisor, each with its place in the file."""
        for position, debater in enumerate(self.debaters):
            yield ("debaters", position), debater
        if self.supervisor is not None:
            yield ("supervisor",), self.supervisor

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Impossible puzzles, and names that two agents, or an agent and a player, share."""
        if self.spies >= self.players:
            yield ("spies",), f"{self.spies} of {self.players} players can't be spies; somebody must be none"
        for position, puzzle in enumerate(self.puzzles):
            if told := puzzle.problem():
                yield ("puzzles", position), told
        players = [name for puzzle in self.puzzles for name in puzzle.players] or NAMES
        taken = {_key(name): f"{name!r} is the name of a player; take another" for name in players}
        for location, agent in self.agents():
            if told := taken.get(_key(agent.name)):
                yield (*location, "name"), told
            taken.setdefault(_key(agent.name), f"two agents are named {agent.name!r}")


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
