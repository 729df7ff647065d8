"""A server that speaks OpenAI's chat protocol: what a scenario file may set of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator

from palaestra.agents.engine import EngineKind, EngineSettings
from palaestra.agents.trust import VARIABLE, Address, KeySent, Need

FIELDS: dict[str, tuple[str, ...]] = {
    "structured_outputs": ("structured_choice", "structured_json"),
    "json_schema": ("enum_schema", "json_schema", "loose_schema"),
    "response_format": ("enum_schema", "json_schema", "loose_schema", "json_object"),
    "continue_final_message": ("continue_final_message",),
    "logprobs": ("logprobs",),
    "top_logprobs": ("logprobs",),
    "seed": ("seed",),
    "top_p": ("top_p",),
    "stop": ("stop",),
    "temperature": ("temperature",),
    "max_tokens": ("max_tokens",),
    "max_completion_tokens": ("max_tokens", "max_completion_tokens"),
}
"""What a request may go without, and what is left off with each; `json_schema` is a `response_format`."""
OURS = frozenset({*FIELDS, "model", "messages", "stream", "n", "add_generation_prompt"})
"""Fields that `extra` may not set."""


class OpenAIEngine(EngineSettings):
    """A server that speaks OpenAI's chat protocol (a vLLM server, say)."""

    paces_itself: ClassVar[bool] = True

    kind: Literal["openai"] = "openai"
    model: str = Field(description="The model's name as the server knows it.")
    url: str = Field("http://127.0.0.1:8000/v1", description="Base address, with its `/v1`.")
    key_variable: Annotated[str, StringConstraints(pattern=VARIABLE)] | None = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key; null for a server that needs none. The key is "
        "never written anywhere, and sent to its provider's own host or this machine alone: others need "
        "`--allow-key NAME=HOST`.",
    )
    timeout: float = Field(120, gt=0, description="Longest wait for one answer, seconds.")
    parallel: int = Field(64, ge=1, description="Most requests under way at once.")
    patience: float = Field(
        300, ge=0, description="Longest wait for a server that is loading or busy, seconds."
    )
    drop: tuple[str, ...] = Field(
        (),
        description="Fields of requests that this server doesn't take, such as `seed` or `top_p`. What it "
        "refuses is left off by itself; naming it here saves the asking.",
    )
    extra: dict[str, Any] = Field(
        {}, description="Further fields of each request, such as `reasoning_effort: low`."
    )
    max_restarts: int = Field(
        3,
        ge=0,
        description="How often in a row a server that stopped answering is tried again.",
    )

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        Address.of(url)
        return url

    @field_validator("drop")
    @classmethod
    def _known_fields(cls, drop: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in drop if name not in FIELDS]:
            raise ValueError(f"no request has {unknown[0]!r} to drop; there are {', '.join(FIELDS)}")
        return drop

    @field_validator("extra")
    @classmethod
    def _not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        if ours := sorted(extra.keys() & OURS):
            raise ValueError(f"{ours[0]!r} can't be set: what is asked, and how it is read, hangs on it")
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("these are no values of JSON") from None
        return extra

    def left_off(self) -> set[str]:
        """What requests go without, in the terms of `palaestra.sims.engines.dialect`."""
        return {name for field in self.drop for name in FIELDS[field]}

    def needs(self) -> Iterator[Need]:
        """That its key may go there."""
        if self.key_variable is not None:
            yield KeySent(self.key_variable, self.url)


ENGINE = EngineKind(OpenAIEngine, "palaestra.sims.engines.openai_engine:OpenAIServer")
