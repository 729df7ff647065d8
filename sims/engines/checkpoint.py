"""The model that vLLM is to serve: where it is, at which revision, and hashes by which it is known again.

| what | is |
|---|---|
| `revision`, `commit` | of a Hugging Face id: what was asked for, and the commit that this is |
| `weights` | a hash of the weights' files, see `weights` |
| `config`, `tokenizer` | of `config.json`, and of the tokenizer's files |
| `template` | of the text of the chat template in use |
| `adapter PATH` | of the weights of that LoRA adapter |

They are for noticing that something else answers than before, by accident; they prove nothing about files of
a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from palaestra.agents.engines.vllm import EMBEDDED_MODEL, VllmEngine
from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.vllm_machine import first_line

WEIGHTS = ("*.safetensors", "*.gguf", "*.bin", "*.pt", "*.pth")
"""The files of weights; the first kind that there is, is the one that is loaded."""
TRAINING = ("optimizer", "rng_state", "scheduler", "training_args")
"""What files begin with that a trainer leaves beside them."""
TOKENIZER = ("added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer*", "vocab*")
WHOLE = 1 << 30
"""Bytes of weights that are hashed whole, in a second or two."""
BEGINNING, BLOCKS, BLOCK = 1 << 20, 256, 1 << 16
"""Of larger ones: of each file its beginning, where names and shapes stand, and blocks over its length."""
DIGEST = 8


def find(settings: VllmEngine) -> str:
    """What vLLM and transformers load the model from: a folder or a Hugging Face id.

    Raises:
        EngineUnavailable: it is not to be had.
    """
    name = settings.model
    if name == EMBEDDED_MODEL:
        return str(embedded_model.ensure())
    if Path(name).is_absolute() or name.startswith((".", "~")):
        name = str(Path(name).expanduser())
        if not Path(name).is_dir():
            raise EngineUnavailable(
                f"there is no folder {name}", "Name the folder of a Hugging Face checkpoint in `model`."
            )
    try:
        configuration(name, settings)
    except Exception as error:
        at = f" at revision {settings.revision!r}" if settings.revision else ""
        raise EngineUnavailable(
            f"there is no model {name!r}{at} here, nor could it be fetched: {first_line(error)}",
            f"Name a folder with a checkpoint, a Hugging Face id, or `{EMBEDDED_MODEL}`.",
        ) from error
    return name


def configuration(model: str, settings: VllmEngine) -> Any:
    """What `config.json` of a model that was found says, as transformers reads it."""
    from transformers import AutoConfig

    trusted = bool(settings.options.get("trust_remote_code", False))
    return AutoConfig.from_pretrained(model, trust_remote_code=trusted, revision=settings.revision)


def identity(model: str, settings: VllmEngine, template: str, adapters: Sequence[Path]) -> dict[str, str]:
    """What is served, as far as it can be known.

    Args:
        model: as it was found.
        settings: of its engine.
        template: the text of the chat template in use.
        adapters: folders of LoRA adapters.
    """
    folder = _folder(model, settings.revision)
    told = {
        "revision": settings.revision,
        "commit": folder.name if folder is not None and folder.parent.name == "snapshots" else None,
        "template": _digest([template.encode()]),
        **{f"adapter {adapter}": weights(adapter) for adapter in adapters},
    }
    if folder is not None:
        told |= {
            "weights": weights(folder),
            "config": _files(folder, ("config.json",)),
            "tokenizer": _files(folder, TOKENIZER),
        }
    return {name: value for name, value in told.items() if value is not None}


def _folder(model: str, revision: str | None) -> Path | None:
    """Where the files of a loaded model are; None where that can't be told."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, "config.json", revision=revision)
    return Path(found).parent if isinstance(found, str) else None


def weights(folder: Path) -> str | None:
    """A hash of the weights in `folder`; None where there are none.

    Up to `WHOLE` bytes are hashed whole. Of more, it is of every file's name and size and of samples: another
    model, number format or training changes nearly all of a file and so is noticed; a change of a few bytes
    between the samples isn't. The hash says which it is.

    Raises:
        OSError: they can't be read.
    """
    kinds = (sorted(folder.glob(kind)) for kind in WEIGHTS)
    fitting = ([file for file in files if not file.name.startswith(TRAINING)] for files in kinds)
    files = next(filter(None, fitting), [])
    if not files:
        return None
    whole = sum(file.stat().st_size for file in files) <= WHOLE
    parts = (part for file in files for part in _parts(file, whole))
    return f"{'whole' if whole else 'sampled'}:{_digest(parts)}"


def _parts(file: Path, whole: bool) -> Iterator[bytes]:
    size = file.stat().st_size
    yield f"{file.name} {size}\n".encode()
    with file.open("rb") as opened:
        if whole:
            while part := opened.read(1 << 20):
                yield part
            return
        yield opened.read(BEGINNING)
        for number in range(BLOCKS):
            opened.seek(number * max(size - BLOCK, 0) // (BLOCKS - 1))
            yield opened.read(BLOCK)


def _files(folder: Path, names: Iterable[str]) -> str | None:
    """A hash of the files of these names, None where there are none."""
    found = sorted({file for name in names for file in folder.glob(name) if file.is_file()})
    return _digest(part for file in found for part in _parts(file, whole=True)) if found else None


def _digest(parts: Iterable[bytes]) -> str:
    digest = blake2b(digest_size=DIGEST)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
