"""vLLM inside this process: what a scenario file may set of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from palaestra.agents.engine import EngineKind, EngineSettings

EMBEDDED_MODEL = "smollm2"
"""What a file calls the model that is installed with Palaestra."""


class VllmEngine(EngineSettings):
    """vLLM inside this process, on the machine's GPU or CPU."""

    serves_adapters: ClassVar[bool] = True

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
    template_options: dict[str, Any] = Field(
        {}, description="Passed to the model's chat template, such as `enable_thinking: false`."
    )
    chat_template: str | None = Field(
        None,
        description="A chat template in Jinja, or the file of one, instead of the model's own; a base model "
        "needs one.",
    )
    day: date = Field(
        default_factory=date.today,
        description="What chat templates are told of the date. Default: the day on which a run begins.",
    )
    options: dict[str, Any] = Field({}, description="Further vLLM engine arguments, passed as they are.")

    @field_validator("chat_template")
    @classmethod
    def _read_template(cls, template: str | None, told: ValidationInfo) -> str | None:
        """The text of a template that is named by its file, which a scenario file names from where it is."""
        if template is None or "{%" in template or "{{" in template:
            return template
        file = Path((told.context or {}).get("folder", ".")) / Path(template).expanduser()
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{template!r} is no Jinja template, nor a file that can be read") from error

    def local_model(self) -> str:
        """The model: it computes here."""
        return self.model


ENGINE = EngineKind(
    VllmEngine,
    "palaestra.sims.engines.vllm_engine:Vllm",
    encoder="palaestra.sims.engines.prompt_encoder:checkpoint_encoder",
)
