"""A server that speaks OpenAI's chat protocol: what a scenario file may set of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

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


DEFAULT_URL = "http://127.0.0.1:8000/v1"
"""Where vLLM's own server listens."""


class OpenAIEngine(EngineSettings):
    """A server that speaks OpenAI's chat protocol (a vLLM server, say)."""

    paces_itself: ClassVar[bool] = True

    kind: Literal["openai"] = "openai"
    model: str = Field(description="The model's name as the server knows it.")
    url: str = Field(DEFAULT_URL, description="Base address, with its `/v1`.")
    urls: tuple[str, ...] | None = Field(
        None,
        description="Base addresses of several servers of this model, in place of `url`. An episode's calls "
        "go to one of them, where its prefix is cached; one that dies leaves its episodes to the others. "
        "`parallel` and rates are of each.",
    )
    key_variable: Annotated[str, StringConstraints(pattern=VARIABLE)] | None = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key; null for a server that needs none. The key is "
        "never written anywhere, and sent to its provider's own host or this machine alone: others need "
        "`--allow-key NAME=HOST`.",
    )
    timeout: float = Field(120, gt=0, description="Longest wait for one answer, seconds.")
    parallel: int = Field(
        1024, ge=1, description="Most requests under way at once; what a server can't take yet, it lets wait."
    )
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

    @field_validator("urls")
    @classmethod
    def _plain_addresses(cls, urls: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if urls is None:
            return None
        if not urls:
            raise ValueError("no address: name one at least, or leave `urls` out")
        if len({_canonical(url) for url in urls}) < len(urls):
            raise ValueError("each address once: its episodes are shared out by their numbers")
        return urls

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if self.urls and self.url != DEFAULT_URL:
            raise ValueError("`url` or `urls`, not both")
        return self

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
        """That its key may go to each address."""
        if self.key_variable is not None:
            for url in self.urls or (self.url,):
                yield KeySent(self.key_variable, url)

    def at(self, url: str) -> OpenAIEngine:
        """The settings of the one server at `url`."""
        return self.model_copy(update={"url": url, "urls": None})


def _canonical(url: str) -> tuple[Address, int, str]:
    """What is the same of two addresses of one server; raises `ValueError` where `url` is none."""
    address, parts = Address.of(url), urlsplit(url)
    return address, parts.port or (443 if address.encrypted else 80), parts.path.rstrip("/")


ENGINE = EngineKind(OpenAIEngine, "palaestra.sims.engines.server_group:serving")
