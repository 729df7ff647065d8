"""Small tokenizers of real families: a few thousand tokens, so that a model can be made with them in seconds.

One that `make conformance` fetched is cut down to its first merges, all its added tokens kept: what is
split, joined and marked stays that family's own. Where there is none, one is learnt from the ready-made
files, with the family's control tokens; that needs no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from palaestra.scenarios.core.ready_made import files

WORDS = 4_000
HIGHEST = 0x2100
"""Letters beyond this code point are left out where bytes stand in for them."""


def cut_down(
    folder: Path, renamed: Mapping[str, str], plain: Sequence[str], special: Mapping[str, str]
) -> Any:
    """The tokenizer in `folder` with its first merges only.

    Args:
        folder: with a `tokenizer.json`.
        renamed: added tokens that get another spelling, as in a family that builds on this one's tokenizer.
        plain: those added tokens that are not special.
        special: the tokenizer's `bos_token`, `eos_token` and the like.
    """
    told = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    model, added = told["model"], {token["content"]: token for token in told["added_tokens"]}
    merges, kept = _first(model, added)
    words = sorted((word for word in model["vocab"] if word in kept), key=model["vocab"].__getitem__)
    numbers = {word: n for n, word in enumerate([*words, *(word for word in added if word not in kept)])}
    model["vocab"] = {renamed.get(word, word): numbers[word] for word in words}
    model["merges"] = merges
    for content, token in added.items():
        named = renamed.get(content, content)
        token |= {"id": numbers[content], "content": named}
        token["special"] = token["special"] and named not in plain
    told["post_processor"] = None  # it names tokens by their old numbers; templates write them
    return _fast(Tokenizer.from_str(json.dumps(told)), special)


def _first(model: Mapping[str, Any], added: Mapping[str, object]) -> tuple[list[tuple[str, str]], set[str]]:
    """The first merges, and all tokens that are left."""
    kept = {word for word in model["vocab"] if word in added or _basic(word, bool(model["byte_fallback"]))}
    most, merges = len(kept) + WORDS, []
    for pair in model["merges"]:
        one, other = pair.split(" ") if isinstance(pair, str) else pair
        if one in kept and other in kept and (one + other in kept or len(kept) < most):
            kept.add(one + other)
            merges.append((one, other))
    return merges, kept


def _basic(word: str, bytes_stand_in: bool) -> bool:
    """Whether texts need the token whatever is merged."""
    if len(word) == 1:
        return not bytes_stand_in or ord(word) < HIGHEST or word == "▁"
    return bytes_stand_in and word.startswith("<0x")


def learnt(controls: Sequence[str], plain: Sequence[str], special: Mapping[str, str]) -> Any:
    """A tokenizer by bytes, learnt from the ready-made files.

    Args:
        controls: special tokens of a family.
        plain: its added tokens that are not special.
        special: its `bos_token`, `eos_token` and the like.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.add_special_tokens([AddedToken(word, normalized=False, special=True) for word in controls])
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in plain])
    return _fast(tokenizer, special)


def _fast(tokenizer: Tokenizer, special: Mapping[str, str]) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def texts() -> Iterator[str]:
    """The ready-made files and their prompts."""
    for path in files().values():
        yield path.read_text(encoding="utf-8")
        yield (path.parents[1] / "prompts.yaml").read_text(encoding="utf-8")
