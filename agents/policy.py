"""The minds that agents borrow, as a scenario file declares them; `engine` has what computes them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of everything that a scenario file declares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class Policy(Settings):
    """A model or adapter on an engine, with its sampling."""

    engine: str = Field("default", description="Name of the engine, a key of `engines`.")
    adapter: Path | None = Field(None, description="Folder of a LoRA adapter for the engine's model.")
    temperature: float = Field(0.8, ge=0, le=2, description="0 always takes the likeliest token.")
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Nucleus sampling: the share of probability kept. Below 1 it is slow on a CPU.",
    )
    max_tokens: int = Field(96, ge=1, description="Longest text answer, tokens.")
