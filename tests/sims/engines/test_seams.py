"""Where texts may be cut, tokenizer by tokenizer: what is proved, what isn't, and that it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from palaestra.sims.engines.seams import NoSeam, Seam, seam
from support.hostile_prompts import PIECES
from support.tokenizers import CL100K, O200K

NFC = {"type": "NFC"}
SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
PREPEND = {"type": "Prepend", "prepend": "▁"}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
GPT2 = BYTES | {"use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False}
VOCABULARY = {"<unk>": 0, "\n": 1, "\n\n": 2, "a": 3, "▁": 4}


def by(pattern: str, behavior: str = "Isolated", invert: bool = False) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def steps(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": list(parts), "normalizers": list(parts)}


def described(
    pre: object = None, normalizer: object = None, words: tuple[str, ...] = (), **model: object
) -> dict[str, Any]:
    flags = {"lstrip": False, "rstrip": False, "single_word": False}
    return {
        "added_tokens": [{"content": word, **flags} for word in words],
        "normalizer": normalizer,
        "pre_tokenizer": pre,
        "model": {"type": "BPE", "vocab": VOCABULARY, **model},
    }


@pytest.mark.parametrize(
    ("tokenizer", "where"),
    [
        (described(GPT2), Seam(before=True)),
        (described(steps(DIGITS, GPT2), NFC), Seam(before=True)),
        (described(steps(by(CL100K), BYTES), NFC), Seam(before=False)),
        (described(by(CL100K, "Removed", invert=True)), Seam(before=False)),
        (described(steps(by(r"\p{N}{1,3}"), by("[一-龥]+"), by(CL100K), BYTES)), Seam(before=False)),
        (described(steps(by(O200K), BYTES)), Seam(before=False, unless=frozenset("/"))),
        (described(None, SPACES, ("\n\n", "<b>")), Seam(before=True)),
        (described(None, SPACES, ("\nx",)), Seam(before=True)),
        (described(METASPACE), Seam(before=True, prepended=True)),
        (described(None, steps(PREPEND, SPACES)), Seam(before=True, prepended=True)),
        (described(METASPACE, vocab={"<0x0A>": 0}, byte_fallback=True), Seam(before=True, prepended=True)),
        (described(None, SPACES, vocab=VOCABULARY | {".\n": 9}), Seam(before=False)),
    ],
)
def test_families_have_their_seams(tokenizer: dict[str, Any], where: Seam) -> None:
    assert seam(tokenizer) == where


@pytest.mark.parametrize(
    ("tokenizer", "why"),
    [
        (described(by(O200K), NFC), "altered before"),
        (described(GPT2 | {"add_prefix_space": True}), "gets a space"),
        (described(GPT2, {"type": "NFKC"}), "the normalizer NFKC"),
        (described(GPT2, SPACES | {"pattern": {"String": "_"}, "content": " "}), "the normalizer Replace"),
        (described(steps(METASPACE, GPT2)), "gets a mark"),
        (described(METASPACE, words=("\n",)), "gets a mark"),
        (described(METASPACE, vocab=VOCABULARY | {".\n": 9}), "gets a mark"),
        (described(METASPACE, words=("<c>",)), "gets a mark"),
        (described(None, steps(PREPEND, SPACES), words=("<c>",)), "gets a mark"),
        (described(steps(DIGITS, METASPACE)), "each piece gets a mark"),
        (described(None, steps(PREPEND, {"type": "Lowercase"})), "the normalizer Lowercase"),
        (described(by(r"\s+|\S+\n*(?!\S)|\S")), "by what follows"),
        (described(BYTES), "no pre-tokenizer splits"),
        (described(steps(BYTES, by(CL100K))), "altered before"),
        (described({"type": "Whitespace"}), "the pre-tokenizer Whitespace"),
        (described(by(r"(?<=x)\s+")), "isn't understood"),
        (described(by(r"[^a]+")), "keeps line breaks"),
        (described(by(r"\S+\n*|\s+(?!\S)|\s+")), "by what follows"),
        (described(type="Unigram"), "no pre-tokenizer splits"),
        (described(ignore_merges=True), "no pre-tokenizer splits"),
        (described(GPT2, dropout=0.1), "random"),
        (described(vocab={"a": 0}), "no line break"),
        (described(vocab=VOCABULARY | {".\n": 8, "\n.": 9}), r"the token '\.\\n' .* the token '\\n\.'"),
        (described(GPT2, words=(".\n", "\n.")), "the added word"),
    ],
)
def test_what_is_not_proved_has_none(tokenizer: dict[str, Any], why: str) -> None:
    with pytest.raises(NoSeam, match=why):
        seam(tokenizer)


@pytest.mark.parametrize("flag", ["lstrip", "rstrip", "single_word"])
def test_an_added_word_that_looks_beside_it_forbids_cuts(flag: str) -> None:
    tokenizer = described(GPT2, words=("<b>",))
    tokenizer["added_tokens"][0][flag] = True
    with pytest.raises(NoSeam, match="depends on what is beside it"):
        seam(tokenizer)


SPLITS = {
    "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "cl100k": pre_tokenizers.Split(Regex(CL100K), "isolated"),
    "o200k": pre_tokenizers.Split(Regex(O200K), "isolated"),
    "digits first": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    ),
}


@pytest.mark.parametrize("family", SPLITS)
@given(text=st.lists(st.sampled_from((*PIECES, "\n\n", "\n\n")) | st.text(max_size=3)).map("".join))
def test_where_a_text_is_cut_its_parts_are_split_as_the_whole_is(family: str, text: str) -> None:
    tokenizer = Tokenizer(models.BPE(vocab={"Ċ": 0}, merges=[]))
    tokenizer.pre_tokenizer = SPLITS[family]
    found = seam(json.loads(tokenizer.to_str()))

    def pieces(part: str) -> list[str]:
        return [piece for piece, _ in SPLITS[family].pre_tokenize_str(part)]

    parts = found.where.split(text)
    spelt = [
        (found.head if n else "") + part + (found.tail if n < len(parts) - 1 else "")
        for n, part in enumerate(parts)
    ]
    assert "".join(spelt) == text
    assert [piece for part in spelt for piece in pieces(part)] == pieces(text)


def test_what_tokenizers_take_for_white_space_is_so_here() -> None:
    letters = map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1)))
    solid = "".join(letter for letter in letters if not letter.isspace())
    split = pre_tokenizers.Split(Regex(r"\s"), "removed")
    assert [piece for piece, _ in split.pre_tokenize_str(solid)] == [solid]
