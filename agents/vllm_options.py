"""Which engine arguments of vLLM only set sizes, formats and schedules, and what others can do.

vLLM takes some hundred arguments, and new ones with each version. Some import a class by its name, run the
code of a model's folder, write into folders or speak to other machines. So those are named that can't, as far
as vLLM's code shows; whatever isn't named here is for a person to allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SIZES = """
block_size cp_kv_cache_interleave_size cpu_offload_gb cudagraph_capture_sizes dcp_kv_cache_interleave_size
gpu_memory_utilization kv_cache_memory_bytes limit_mm_per_prompt long_prefill_token_threshold max_cpu_loras
max_cudagraph_capture_size max_logprobs max_lora_rank max_loras max_model_len max_num_batched_tokens
max_num_scheduled_tokens max_num_seqs max_parallel_loading_workers num_gpu_blocks_override seed
stream_interval
"""
_FORMATS = "dtype kv_cache_dtype lora_dtype mamba_cache_dtype mamba_ssm_cache_dtype quantization"
_PARALLEL = """
data_parallel_size decode_context_parallel_size disable_custom_all_reduce enable_dbo enable_eplb
enable_expert_parallel fully_sharded_loras pipeline_parallel_size prefill_context_parallel_size
tensor_parallel_size
"""
_SCHEDULES = """
async_scheduling disable_cascade_attn disable_chunked_mm_input disable_hybrid_kv_cache_manager
disable_sliding_window enable_chunked_prefill enable_prefix_caching kv_sharing_fast_prefill mamba_block_size
mamba_cache_mode prefix_caching_hash_algo scheduling_policy
"""
_COMPUTING = """
attention_backend enable_flashinfer_autotune enforce_eager language_model_only logprobs_mode moe_backend
optimization_level performance_mode
"""
_READ_AS_DATA = "generation_config revision safetensors_load_strategy tokenizer tokenizer_revision"
_PRINTING = "disable_log_stats use_tqdm_on_load"

HARMLESS = frozenset(
    f"{_SIZES} {_FORMATS} {_PARALLEL} {_SCHEDULES} {_COMPUTING} {_READ_AS_DATA} {_PRINTING}".split()
)
"""Arguments that are harmless whatever their value."""
HARMLESS_VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "distributed_executor_backend": frozenset({"mp", "ray", "uni"}),
        "load_format": frozenset(
            {"auto", "bitsandbytes", "dummy", "gguf", "hf", "mistral", "pt", "safetensors"}
        ),
        "model_impl": frozenset({"auto", "transformers", "vllm"}),
        "tokenizer_mode": frozenset({"auto", "hf", "mistral", "slow"}),
    }
)
"""Arguments that are harmless with these values; others name a class or a plugin, or write files."""
_IMPORTS = "names code to import"
_RISKS: Mapping[str, str] = MappingProxyType(
    {
        "code_revision": "chooses which code of the model is run",
        "compilation_config": "names code to import and folders to write into",
        "download_dir": "names a folder to write into",
        "hf_overrides": "changes the model's configuration, and with it the code that it names",
        "hf_token": "would be written into the run folder; keep the token in the variable HF_TOKEN",
        "io_processor_plugin": _IMPORTS,
        "kv_transfer_config": "names code to import and speaks to other machines",
        "logits_processors": _IMPORTS,
        "otlp_traces_endpoint": "sends to another machine",
        "reasoning_parser_plugin": _IMPORTS,
        "scheduler_cls": _IMPORTS,
        "speculative_config": _IMPORTS,
        "trust_remote_code": "runs the Python code in the model's folder",
        "worker_cls": _IMPORTS,
        "worker_extension_cls": _IMPORTS,
    }
)
_UNKNOWN = "isn't known to set only sizes, formats or schedules: it may run code, write files or send"


def risk(name: str, value: object) -> str | None:
    """What the argument `name` with this value can do, in words that follow its name; None if no harm."""
    if name in HARMLESS or (name == "trust_remote_code" and value is False):
        return None
    if isinstance(value, str) and value in HARMLESS_VALUES.get(name, ()):
        return None
    return _RISKS.get(name, _UNKNOWN)
