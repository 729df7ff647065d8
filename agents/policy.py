"""The minds that agents borrow, as a scenario file declares them: engines and policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

EMBEDDED_MODEL = "smollm2"


class Settings(BaseModel):
    """Base of everything that a scenario file declares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class VllmEngine(Settings):
    """vLLM inside this process, on the machine's GPU or CPU."""

    kind: Literal["vllm"] = "vllm"
    model: str = Field(
        EMBEDDED_MODEL,
        description="`smollm2` (the embedded model), a folder with a checkpoint, or a Hugging Face id.",
    )
    context: int | None = Field(
        None, ge=128, description="Longest prompt plus answer, tokens. Default: the model's, at most 8192."
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto",
        description="Number format of the weights. `auto` takes the fastest that this machine computes.",
    )
    gpu_memory: float = Field(0.9, gt=0, le=1, description="Share of the GPU's memory to use, 0–1.")
    kv_cache_gib: int = Field(2, ge=1, description="Memory for the key-value cache on a CPU, GiB.")
    parallel: int = Field(256, ge=1, description="Most requests that the engine runs at once.")
    record_tokens: bool = Field(
        False,
        description="Log each answer's token ids and sampling log-probabilities, for exported rollouts.",
    )
    prefix_caching: bool = Field(True, description="Reuse the computation of shared prompt prefixes.")
    max_restarts: int = Field(3, ge=0, description="How often an engine that died is started again.")
    template_options: dict[str, Any] = Field(
        {}, description="Passed to the model's chat template, such as `enable_thinking: false`."
    )
    options: dict[str, Any] = Field({}, description="Further vLLM engine arguments, passed as they are.")


class OpenAIEngine(Settings):
    """A server that speaks OpenAI's chat protocol (a vLLM server, say)."""

    kind: Literal["openai"]
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


class ScriptedEngine(Settings):
    """Made-up replies that fit any answer kind: for tests, dry runs and benchmarks."""

    kind: Literal["scripted"]
    delay: float = Field(0, ge=0, description="Mean time to a reply, seconds; drawn from each call's seed.")
    garbled: float = Field(
        0, ge=0, le=1, description="Share of attempts answered with text that doesn't parse."
    )
    context: int | None = Field(
        None, ge=1, description="Longest prompt plus answer, tokens of four characters. Default: any."
    )
    die_every: int | None = Field(None, ge=1, description="The engine dies at every so many-th attempt.")
    max_restarts: int = Field(3, ge=0, description="How often an engine that died is started again.")


def _engine_kind(settings: Any) -> str:
    """The `kind` of an engine's settings, vLLM where none is given."""
    if isinstance(settings, dict):
        return str(settings.get("kind", "vllm"))
    return str(getattr(settings, "kind", "vllm"))


EngineSettings = Annotated[
    Annotated[VllmEngine, Tag("vllm")]
    | Annotated[OpenAIEngine, Tag("openai")]
    | Annotated[ScriptedEngine, Tag("scripted")],
    Discriminator(_engine_kind),
]


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
