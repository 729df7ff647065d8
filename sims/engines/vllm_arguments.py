"""The arguments that vLLM is made with: its own defaults, except where a setting or a CPU needs another.

vLLM knows how many requests and tokens its devices compute best at once; it is told so only by who sets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palaestra.agents.engines.vllm import VllmEngine
from palaestra.sims.engines import checkpoint
from palaestra.sims.engines.vllm_machine import (
    adapted_layers,
    adapter_rank,
    computes_bfloat16,
    lora_rank_slot,
    set_up_cpu,
)

LONGEST_CONTEXT = 8192


def engine_arguments(
    settings: VllmEngine, model: str, adapters: Sequence[Path], on_cpu: bool
) -> dict[str, Any]:
    """The engine arguments.

    Args:
        settings: the engine's; their `options` overrule what is chosen here.
        model: the folder or id of the checkpoint.
        adapters: the folders of the LoRA adapters that are served.
        on_cpu: whether there is no GPU; then the environment is set up for it, too.
    """
    longest = getattr(checkpoint.configuration(model, settings), "max_position_embeddings", LONGEST_CONTEXT)
    context = settings.context or min(int(longest), LONGEST_CONTEXT)
    arguments: dict[str, Any] = {
        "model": model,
        "revision": settings.revision,
        "tokenizer_revision": settings.revision,
        "max_model_len": context,
        "dtype": settings.dtype,
        "enable_prefix_caching": settings.prefix_caching,
        "use_tqdm_on_load": False,
        "disable_log_stats": True,  # nobody reads them, and they cost time with each token
        "scheduling_policy": "priority" if settings.first == "furthest" else "fcfs",
        # What a trainer needs are the probabilities that were sampled from, after the temperature.
        "logprobs_mode": "processed_logprobs" if settings.record_tokens else "raw_logprobs",
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    if adapters:
        layers = adapted_layers(adapters)
        arguments |= {
            "lora_target_modules": None if layers is None else sorted(layers),
            "enable_lora": True,
            "max_loras": len(adapters),
            "max_lora_rank": lora_rank_slot([adapter_rank(path) for path in adapters]),
        }
    if on_cpu:
        arguments |= set_up_cpu(settings, context)
        if settings.dtype == "auto" and not computes_bfloat16():
            arguments["dtype"] = "float32"
    else:
        arguments["gpu_memory_utilization"] = settings.gpu_memory
    if settings.parallel is not None:
        arguments["max_num_seqs"] = settings.parallel
    return arguments | settings.options
