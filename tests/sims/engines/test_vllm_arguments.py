"""What vLLM is made with and asked with: its own sizes on a GPU, ours on a CPU, an episode's place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.policy import Policy
from palaestra.sims.engines import checkpoint, vllm_engine
from palaestra.sims.engines.vllm_arguments import engine_arguments
from palaestra.sims.engines.vllm_engine import Vllm
from support.real_engine import lora_adapter
from support.scripted_debates import call

pytestmark = pytest.mark.engine

SIZES = {"max_num_seqs", "max_num_batched_tokens"}


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of 4,096 tokens."""
    told = SimpleNamespace(max_position_embeddings=4096)
    monkeypatch.setattr(checkpoint, "configuration", lambda _model, _settings: told)


def arguments(on_cpu: bool = False, **settings: Any) -> dict[str, Any]:
    return engine_arguments(VllmEngine(**settings), "model", (), on_cpu)


def test_on_a_gpu_vllm_takes_the_sizes_that_it_knows_to_be_best() -> None:
    assert not SIZES & arguments().keys()
    assert arguments(parallel=64)["max_num_seqs"] == 64
    assert arguments(options={"max_num_batched_tokens": 32_768})["max_num_batched_tokens"] == 32_768


def test_on_a_cpu_they_are_ours() -> None:
    assert arguments(on_cpu=True)["max_num_seqs"] == 256
    assert arguments(on_cpu=True)["max_num_batched_tokens"] == 4096
    assert arguments(on_cpu=True, parallel=64)["max_num_seqs"] == 64


def test_statistics_are_off_until_somebody_wants_them() -> None:
    assert arguments()["disable_log_stats"] is True
    assert arguments(options={"disable_log_stats": False})["disable_log_stats"] is False


def test_requests_go_by_priority_only_where_it_is_set() -> None:
    assert arguments()["scheduling_policy"] == "fcfs"
    assert arguments(first="furthest")["scheduling_policy"] == "priority"


def test_adapters_are_told_with_their_layers(tmp_path: Path) -> None:
    adapter = lora_adapter(tmp_path / "one", 1)
    told = engine_arguments(VllmEngine(), "model", (adapter,), on_cpu=False)
    assert (told["enable_lora"], told["max_loras"], told["lora_target_modules"]) == (True, 1, ["q_proj"])


def test_all_arguments_are_vllms_and_the_engine_is_made_for_many_requests_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for its class `LLM`: 16,384 tokens, 1,024 requests on an H100; without a context 2,048 and 128."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.async_llm import AsyncLLM

    made: list[Any] = []

    def from_engine_args(engine_args: AsyncEngineArgs, usage_context: UsageContext) -> None:
        made.extend((engine_args, usage_context))
        raise InterruptedError

    monkeypatch.setattr(AsyncLLM, "from_engine_args", from_engine_args)
    engine = Vllm(VllmEngine(), {"default": Policy()})
    engine._device = "NVIDIA H100 80GB HBM3"
    with pytest.raises(InterruptedError):
        engine._load("model")
    engine_args, usage_context = made
    platform = type(current_platform)
    for name, value in (
        ("get_device_total_memory", 80 * 2**30),
        ("get_device_name", engine._device),
        ("is_cpu", False),
        ("is_tpu", False),
    ):
        monkeypatch.setattr(platform, name, lambda *_, _value=value, **__: _value)
    tokens, requests = engine_args.get_batch_defaults(1)
    assert (tokens[usage_context], requests[usage_context]) == (16_384, 1024)


def asked(engine: Vllm, index: int = 0, episode: int = 0) -> dict[str, Any]:
    """With what options a call goes to vLLM."""
    options: dict[str, Any] = {}

    async def generate(*_arguments: object, **given: object) -> AsyncIterator[object]:
        options.update(given)
        yield SimpleNamespace(finished=True, outputs=[SimpleNamespace(finish_reason="stop")])

    engine._engine = SimpleNamespace(generate=generate)
    about = replace(call(Choice(("a", "b"))), index=index, episode=episode)
    asyncio.run(engine._request(about, [1, 2], Policy(), max_tokens=1))
    return options


def test_the_calls_of_an_episode_go_to_one_replica() -> None:
    engine = Vllm(VllmEngine(), {"default": Policy()})
    assert asked(engine, episode=7)["data_parallel_rank"] is None
    engine._replicas = 4
    assert [asked(engine, episode=n)["data_parallel_rank"] for n in (0, 3, 7)] == [0, 3, 3]


def test_who_has_come_furthest_goes_first_where_that_is_set() -> None:
    assert asked(Vllm(VllmEngine(), {"default": Policy()}), index=9)["priority"] == 0
    engine = Vllm(VllmEngine(first="furthest"), {"default": Policy()})
    assert asked(engine, index=9)["priority"] < asked(engine, index=2)["priority"]


@pytest.mark.parametrize(("new", "aside"), [(100, False), (vllm_engine.LONG, True)])
def test_what_is_long_and_new_is_encoded_beside_the_event_loop(new: int, aside: bool) -> None:
    from threading import current_thread, main_thread

    engine = Vllm(VllmEngine(), {"default": Policy()})
    template: Any = SimpleNamespace(messages=SimpleNamespace(unseen=lambda _prompt: new))
    found = asyncio.run(engine._encoded(template, call(Choice(("a", "b"))), lambda _prompt: current_thread()))
    assert (found is not main_thread()) == aside
