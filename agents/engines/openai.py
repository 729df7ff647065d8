"""A server that speaks OpenAI's chat protocol: what a scenario file may set of it."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from palaestra.agents.engine import EngineKind, EngineSettings


class OpenAIEngine(EngineSettings):
    """A server that speaks OpenAI's chat protocol (a vLLM server, say)."""

    kind: Literal["openai"] = "openai"
    model: str = Field(description="The model's name as the server knows it.")
    url: str = Field("http://127.0.0.1:8000/v1", description="Base address, with its `/v1`.")
    key_variable: str = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key. The key itself is never written anywhere.",
    )
    timeout: float = Field(120, gt=0, description="Longest wait for one answer, seconds.")
    parallel: int = Field(64, ge=1, description="Most requests under way at once.")
    max_restarts: int = Field(
        3, ge=0, description="How often a server that stopped answering is tried again."
    )

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address begins with http:// or https:// and a host")
        if parts.username or parts.password:
            raise ValueError("no names or passwords here: the address is written into the run folder")
        if parts.query:
            raise ValueError("no ?query here: the address is written into the run folder, keys with it")
        return url


ENGINE = EngineKind(OpenAIEngine, "palaestra.sims.engines.openai_engine:OpenAIServer")
