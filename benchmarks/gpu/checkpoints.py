"""Models of random weights with the embedded model's tokenizer: sizes to measure, without a download.

vLLM makes the weights itself (`load_format: dummy`), so a folder holds a configuration and a tokenizer. They
babble to the limit of every answer, so their speeds are those of full-length answers.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from palaestra.sims.engines import embedded_model

VOCABULARY = 49_152
"""The tokenizer's: with more, random weights would choose tokens that it can't write."""
CONTEXT = 8192
RANK = 8


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a Llama: widths, layers, heads of queries and of keys, and the width of a head."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    key_heads: int
    head: int = 64
    tied: bool = False

    @property
    def parameters(self) -> int:
        """How many numbers its weights are."""
        attention = self.hidden * (2 * self.heads + 2 * self.key_heads) * self.head
        layer = attention + 3 * self.hidden * self.feed_forward + 2 * self.hidden
        embeddings = VOCABULARY * self.hidden * (1 if self.tied else 2)
        return self.layers * layer + embeddings + self.hidden


SIZES = {
    "tiny": Size(128, 256, 2, 2, 1, tied=True),
    "135m": Size(576, 1536, 30, 9, 3, tied=True),
    "1b": Size(2048, 8192, 16, 32, 8),
    "8b": Size(4096, 14_336, 32, 32, 8, head=128),
}


def configure(folder: Path, size: str) -> Path:
    """Write the configuration and the tokenizer of a model of this size into `folder`."""
    shape = SIZES[size]
    source = embedded_model.ensure()
    weights = shutil.ignore_patterns("*.safetensors", "config.json", "generation_config.json")
    shutil.copytree(source, folder, ignore=weights)
    told = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "head_dim": shape.head,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": 100_000.0,
        "tie_word_embeddings": shape.tied,
        "hidden_act": "silu",
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
        "torch_dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(told, indent=1))
    return folder


def with_weights(folder: Path) -> Path:
    """Write random weights into the folder of a configured model, as training needs them."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(folder)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    return folder


def adapters(folder: Path, size: str, number: int) -> list[Path]:
    """Write so many LoRA adapters of random weights for a model of this size, as PEFT writes them."""
    import torch
    from safetensors.torch import save_file

    shape = SIZES[size]
    queries, keys = shape.heads * shape.head, shape.key_heads * shape.head
    layers = {
        "self_attn.q_proj": (shape.hidden, queries),
        "self_attn.k_proj": (shape.hidden, keys),
        "self_attn.v_proj": (shape.hidden, keys),
        "self_attn.o_proj": (queries, shape.hidden),
        "mlp.gate_proj": (shape.hidden, shape.feed_forward),
        "mlp.up_proj": (shape.hidden, shape.feed_forward),
        "mlp.down_proj": (shape.feed_forward, shape.hidden),
    }
    made = []
    for seed in range(number):
        chance, tensors = torch.Generator().manual_seed(seed), {}
        for layer in range(shape.layers):
            for name, (inputs, outputs) in layers.items():
                place = f"base_model.model.model.layers.{layer}.{name}"
                a = torch.randn(RANK, inputs, generator=chance) / inputs**0.5
                b = torch.randn(outputs, RANK, generator=chance) * 1e-3
                tensors |= {f"{place}.lora_A.weight": a.bfloat16(), f"{place}.lora_B.weight": b.bfloat16()}
        adapter = folder / f"adapter-{seed}"
        adapter.mkdir(parents=True)
        save_file(tensors, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
        told = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "r": RANK,
            "lora_alpha": 2 * RANK,
            "target_modules": sorted({name.split(".")[1] for name in layers}),
        }
        (adapter / "adapter_config.json").write_text(json.dumps(told))
        made.append(adapter)
    return made
