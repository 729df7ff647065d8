"""The minds that agents borrow, as a scenario file declares them; `engine` has what computes them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Settings(BaseModel):
    """Base of everything that a scenario file declares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class Thinking(Settings):
    """Whether a policy thinks before it answers. A thought is private: nobody else reads it, and no judge."""

    kind: Literal["off", "native", "scratchpad"] = Field(
        "off",
        description="`native` lets a model think in its own way, `scratchpad` has any model write notes "
        "first, `off` asks for the answer at once. A server thinks as it is set up to, whatever stands here "
        "but `scratchpad`; what it tells of its thoughts is kept apart.",
    )
    tokens: int = Field(
        512, ge=1, description="Longest thought; a longer one is cut, and the answer asked for."
    )


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
    normalise: Literal["options", "answer"] = Field(
        "options",
        description="How options of a choice share out probability: where they part, token by token, as "
        "constrained decoding would say them (`options`), or each by the model's probability of the whole "
        "answer, its end included (`answer`; asks at each token).",
    )
    think: Thinking = Field(
        Thinking(),
        description="Whether it thinks before it answers: `off`, `native`, `scratchpad`, or both fields.",
    )

    @field_validator("think", mode="before")
    @classmethod
    def _of_that_kind(cls, given: object) -> object:
        """`think: native` is short for `think: {kind: native}`."""
        return {"kind": given} if isinstance(given, str) else given
