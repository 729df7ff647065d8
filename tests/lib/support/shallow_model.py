"""The embedded model's first two layers: its tokenizer, template and widths at a fraction of its work.

For tests of what doesn't depend on what a model says: that rules and engine go together, that a training
can be stopped and resumed, that a trainer takes what was exported. What it says is nonsense.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from palaestra.sims.engines import embedded_model

LAYERS = 2


def shallow_model(folder: Path) -> Path:
    """Write the checkpoint to `folder`."""
    import torch
    from transformers import AutoModelForCausalLM

    whole = embedded_model.ensure()
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    first = AutoModelForCausalLM.from_pretrained(whole, num_hidden_layers=LAYERS, dtype=torch.bfloat16)
    first.save_pretrained(folder)
    return folder
