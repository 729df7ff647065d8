"""A server that speaks OpenAI's chat protocol: what a scenario file may set of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from palaestra.agents.engine import EngineKind, EngineSettings
from palaestra.agents.trust import VARIABLE, Address, KeySent, Need


class OpenAIEngine(EngineSettings):
    """A server that speaks OpenAI's chat protocol (a vLLM server, say)."""

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
    max_restarts: int = Field(
        3, ge=0, description="How often a server that stopped answering is tried again."
    )

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        Address.of(url)
        return url

    def needs(self) -> Iterator[Need]:
        """That its key may go there."""
        if self.key_variable is not None:
            yield KeySent(self.key_variable, self.url)


ENGINE = EngineKind(OpenAIEngine, "palaestra.sims.engines.openai_engine:OpenAIServer")
