"""What vLLM is told of the adapters that it serves, read from their files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from palaestra.agents.answers import Likelihood
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines.answer_place import Opening
from palaestra.sims.engines.vllm_engine import Vllm
from palaestra.sims.engines.vllm_machine import OUTPUT_LAYER, adapted_layers
from support.real_engine import lora_adapter
from support.scripted_debates import call

pytestmark = pytest.mark.torch


def of_layer(folder: Path, layer: str) -> Path:
    """An adapter of one layer."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    names = [f"base_model.model.{layer}.lora_{part}.weight" for part in "AB"]
    save_file({name: torch.zeros(2, 2) for name in names}, folder / "adapter_model.safetensors")
    return folder


def test_the_layers_of_all_adapters_are_told_by_their_last_names(tmp_path: Path) -> None:
    one = lora_adapter(tmp_path / "one", 1)
    other = of_layer(tmp_path / "other", "model.layers.0.mlp.up_proj")
    assert adapted_layers([one]) == {"q_proj"}
    assert adapted_layers([one, other]) == {"q_proj", "up_proj"}
    assert adapted_layers([of_layer(tmp_path / "head", OUTPUT_LAYER)]) == {OUTPUT_LAYER}


def test_they_are_not_known_where_one_is_saved_otherwise(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.bin").write_bytes(b"pickled")
    assert adapted_layers([lora_adapter(tmp_path / "one", 1), tmp_path]) is None


def test_beside_an_adapted_output_layer_no_text_is_weighed_and_the_remedy_is_told() -> None:
    engine = Vllm(VllmEngine(), {"default": Policy()})
    engine._weighs = False
    with pytest.raises(EngineUnavailable, match="changes the output layer") as refused:
        asyncio.run(engine._weigh(call(Likelihood("Blue.")), Policy(), Opening([1, 2], "")))
    assert f"`{OUTPUT_LAYER}`" in refused.value.remedy
