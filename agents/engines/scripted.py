"""Made-up replies at a chosen pace, with chosen faults: what a scenario file may set of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from palaestra.agents.engine import EngineKind, EngineSettings


class ScriptedEngine(EngineSettings):
    """Made-up replies that fit any answer kind: for tests, dry runs and benchmarks."""

    free: ClassVar[bool] = True
    weighs_texts: ClassVar[bool] = True
    thinks: ClassVar[bool] = False

    kind: Literal["scripted"] = "scripted"
    delay: float = Field(0, ge=0, description="Mean time to a reply, seconds; drawn from each call's seed.")
    garbled: float = Field(
        0, ge=0, le=1, description="Share of attempts answered with text that doesn't parse."
    )
    context: int | None = Field(
        None, ge=1, description="Longest prompt plus answer, tokens of four characters. Default: any."
    )
    die_every: int | None = Field(None, ge=1, description="The engine dies at every so many-th attempt.")


ENGINE = EngineKind(ScriptedEngine, "palaestra.sims.engines.scripted_engine:Scripted")
