"""Fixtures shared by all tests: the real engine, started once for a session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from agents.calls import Call, Message, Reply
from agents.policy import Policy, VllmEngine
from sims import embedded_model
from sims.engines.vllm_engine import Vllm

# The machine that runs the tests may be slow: nothing depends on the clock.
settings.register_profile(
    "palaestra", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("palaestra")

Result = TypeVar("Result")


class RealEngine:
    """The embedded model on vLLM with its base policy and two LoRA policies, on a loop of its own."""

    def __init__(self, policies: dict[str, Policy]) -> None:
        self.policies = policies
        self.vllm = Vllm(VllmEngine(context=2048, parallel=32, record_tokens=True), policies)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.vllm.start())

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin `work` on the engine's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.submit(work).result(timeout=300)

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


@pytest.fixture(scope="session")
def real_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEngine]:
    """The real engine; every test that uses it belongs to the xdist group `engine`."""
    adapters = tmp_path_factory.mktemp("adapters")
    engine = RealEngine(
        {
            "base": Policy(max_tokens=24),
            "greedy": Policy(max_tokens=24, temperature=0),
            "first": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "first", 1)),
            "second": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "second", 2)),
        }
    )
    yield engine
    engine.close()


def prompt(*texts: str) -> tuple[Message, ...]:
    """A prompt of a system message and user messages."""
    roles = ["system", *["user"] * (len(texts) - 1)]
    return tuple(Message(i, role, text) for i, (role, text) in enumerate(zip(roles, texts, strict=True)))


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
