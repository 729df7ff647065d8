"""The real engine as tests drive it: the embedded model on vLLM, on an event loop of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.engines.vllm import EMBEDDED_MODEL, VllmEngine
from palaestra.agents.policy import Policy
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.vllm_engine import Vllm

Result = TypeVar("Result")


class RealEngine:
    """The embedded model, or another, on vLLM on a loop of its own.

    Attributes:
        dtype: the number format that it computes in.
    """

    def __init__(self, policies: dict[str, Policy], dtype: str, model: str = EMBEDDED_MODEL) -> None:
        self.policies = policies
        settings = {"model": model, "dtype": dtype, "context": 2048, "parallel": 32, "kv_cache_gib": 1}
        told = {"record_tokens": True, "chat_template": _with_thoughts(model)}
        self.vllm = Vllm(VllmEngine.model_validate(settings | told), policies)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.vllm.start())
        self.dtype = self.vllm.identity()["dtype"]

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin `work` on the engine's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.submit(work).result(timeout=1800)

    def answer(self, *calls: Call, policy: str = "base") -> list[Reply]:
        """The replies to `calls`, asked at once."""

        async def all_at_once() -> list[Reply]:
            chosen = self.policies[policy]
            return await asyncio.gather(*(self.vllm.answer(call, chosen, call.seed, 0) for call in calls))

        return self.run(all_at_once())

    def close(self) -> None:
        self.run(self.vllm.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _with_thoughts(model: str) -> str:
    """The model's own chat template, which says that thoughts stand between tags."""
    from transformers import AutoTokenizer

    folder = str(embedded_model.ensure()) if model == EMBEDDED_MODEL else model
    return f"{AutoTokenizer.from_pretrained(folder).chat_template}{{# <think>…</think> #}}"


def prompt(*texts: str) -> tuple[Message, ...]:
    """A prompt of a system message and user messages."""
    return tuple(Message(i, "user" if i else "system", text) for i, text in enumerate(texts))


def lora_adapter(folder: Path, seed: int) -> Path:
    """A LoRA adapter of random weights, as PEFT would write it, for the embedded model."""
    import torch
    from safetensors.torch import save_file

    config = json.loads((embedded_model.ensure() / "config.json").read_text())
    hidden, rank = config["hidden_size"], 4
    heads = config["num_attention_heads"] * config["head_dim"]
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = torch.randn(rank, hidden, generator=generator) * 0.3
        weights[f"{name}.lora_B.weight"] = torch.randn(heads, rank, generator=generator) * 0.3
    folder.mkdir()
    save_file(weights, folder / "adapter_model.safetensors")
    described = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 8,
        "target_modules": ["q_proj"],
        "bias": "none",
    }
    (folder / "adapter_config.json").write_text(json.dumps(described | {"task_type": "CAUSAL_LM"}))
    return folder
