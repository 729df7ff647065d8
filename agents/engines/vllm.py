"""vLLM inside this process: what a scenario file may set of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from palaestra.agents.declared import text_beside
from palaestra.agents.engine import EngineKind, EngineSettings
from palaestra.agents.trust import CodeRun, Need
from palaestra.agents.vllm_options import risk

EMBEDDED_MODEL = "smollm2"
"""What a file calls the model that is installed with Palaestra."""


OURS = frozenset(
    {
        *("add_generation_prompt", "chat_template", "continue_final_message", "conversation", "documents"),
        *("max_length", "messages", "padding", "return_dict", "return_tensors", "strftime_now", "tokenize"),
        *("tokenizer_kwargs", "tools", "truncation"),
    }
)
"""What can't be among `template_options`."""


class VllmEngine(EngineSettings):
    """vLLM inside this process, on the machine's GPU or CPU."""

    serves_adapters: ClassVar[bool] = True
    weighs_texts: ClassVar[bool] = True
    free: ClassVar[bool] = True

    kind: Literal["vllm"] = "vllm"
    model: str = Field(
        EMBEDDED_MODEL,
        description="`smollm2` (the embedded model), a folder with a checkpoint, or a Hugging Face id.",
    )
    revision: str | None = Field(
        None,
        min_length=1,
        description="Of a Hugging Face id: a branch, a tag or, to have the same model for good, a commit.",
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
    parallel: int | None = Field(
        None,
        ge=1,
        description="Most requests that the engine runs at once. Default: vLLM's own for the device (256 or "
        "1,024 on GPUs), 256 on a CPU.",
    )
    first: Literal["arrived", "furthest"] = Field(
        "arrived",
        description="Whose requests go first where more wait than run: those that came first, or those of "
        "episodes that have made most calls, so that fewer transcripts are in the cache at once.",
    )
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
    options: dict[str, Any] = Field(
        {},
        description="Further vLLM engine arguments, passed as they are. Those that can run code, write files "
        "or reach other machines, such as `trust_remote_code`, need `--allow-remote-code`.",
    )

    @model_validator(mode="after")
    def _refuse_revision_of_a_folder(self) -> Self:
        """A folder has none; and it is said once."""
        local = self.model == EMBEDDED_MODEL or self.model.startswith((".", "~", "/"))
        if self.revision is not None and (local or Path(self.model).is_dir()):
            raise ValueError("a `revision` is one of a Hugging Face id, and `model` is none")
        if twice := sorted({"revision", "tokenizer_revision"} & self.options.keys()):
            raise ValueError(f"`{twice[0]}` is said by the engine's `revision`, not in `options`")
        return self

    @field_validator("template_options")
    @classmethod
    def _refuse_ours(cls, options: dict[str, Any]) -> dict[str, Any]:
        """Nothing is passed that is told a template anyway."""
        if ours := sorted(OURS & options.keys()):
            raise ValueError(f"{', '.join(ours)} can't be set: a template is told that by Palaestra")
        return options

    @field_validator("chat_template")
    @classmethod
    def _read_template(cls, template: str | None, told: ValidationInfo) -> str | None:
        """The text of a template that is named by its file, which a scenario file names from where it is."""
        if template is None or "{%" in template or "{{" in template:
            return template
        return text_beside(template, (told.context or {}).get("folder", Path()))

    def local_model(self) -> str:
        """The model: it computes here."""
        return self.model

    def gpus(self) -> int:
        """As many as its options spread it over; where Ray spreads it, vLLM itself asks Ray for them."""
        if self.options.get("distributed_executor_backend") == "ray":
            return 0
        sizes = (self.options.get(f"{kind}_parallel_size") for kind in ("tensor", "pipeline", "data"))
        return prod(size for size in sizes if isinstance(size, int))  # what is no number, vLLM refuses

    def needs(self) -> Iterator[Need]:
        """Leave for every option that isn't known to be harmless."""
        for name, value in self.options.items():
            if (why := risk(name, value)) is not None:
                yield CodeRun(f"options.{name if name.isidentifier() else repr(name)}", why)


ENGINE = EngineKind(
    VllmEngine,
    "palaestra.sims.engines.vllm_engine:Vllm",
    encoder="palaestra.sims.engines.prompt_encoder:checkpoint_encoder",
)
