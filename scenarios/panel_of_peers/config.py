"""The fields of a panel of peers' scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.parts.judging import BASIS_MEANING, ScoreBasis

LEAST_PEERS = 3
RUBRIC = {
    "helpfulness": "it does what was asked.",
    "correctness": "what it says is true.",
    "detail": "it tells enough.",
    "coherence": "it is clear and hangs together.",
    "complexity": "it goes below the surface.",
}


class PanelOfPeersConfig(ScenarioConfig):
    """Peers who answer instructions and rate all answers."""

    scenario: Literal["panel_of_peers"] = "panel_of_peers"
    instructions: list[str] = Field(
        min_length=1, description="What is asked; episode i takes instruction i modulo their number."
    )
    peers: list[Participant] = Field(
        [Participant(name=name) for name in ("Ann", "Bo", "Cem")],
        description="Who answers and judges, three or more; each may have a policy of its own.",
    )
    candidates: int = Field(15, ge=1, description="How many answers each peer writes to an instruction.")
    words: int = Field(60, ge=5, description="Length of an answer that the rules ask for, words.")
    rubric: dict[str, str] = Field(
        RUBRIC, min_length=1, description="Criteria of judgement, each with what it means."
    )
    self_scores: Literal["include", "exclude"] = Field(
        "include", description="Whether a peer's scores of its own candidates count in the panel's reward."
    )
    floor: float = Field(0.85, ge=0, le=1, description="Least reward of the chosen one in a kept pair, 0–1.")
    margin: float = Field(0.75, ge=0, le=1, description="Least difference of rewards in a kept pair, 0–1.")
    score_basis: ScoreBasis = Field("expectation", description=BASIS_MEANING)

    @field_validator("instructions")
    @classmethod
    def _not_blank(cls, instructions: list[str]) -> list[str]:
        if any(not instruction.strip() for instruction in instructions):
            raise ValueError("an instruction is empty")
        return instructions

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Panels that are too small, and names that collide."""
        yield from name_problems(peers=self.peers)
        if len(self.peers) < LEAST_PEERS:
            yield ("peers",), f"a panel needs {LEAST_PEERS} peers or more, not {len(self.peers)}"
