"""The probe finds planted shortcuts on prompts it hasn't seen, and nothing where there is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from palaestra.metrics.pairs.separability import separability
from support.synthetic_pairs import POLICIES, make_pairs, message


def restyled(pairs: pl.DataFrame, **sides: str) -> pl.DataFrame:
    """The pairs with words added to every chosen or rejected answer."""
    rows = pairs.to_dicts()
    for row in rows:
        for side, words in sides.items():
            row[side] = message(row[side][0]["content"] + words)
    return pl.DataFrame(rows, schema=pairs.schema)


def test_answers_of_one_style_are_not_separable() -> None:
    areas = separability(make_pairs(0, 300))
    assert set(areas) == {"text", "shuffled", "length", "source"}
    for estimate in areas.values():
        interval = estimate.interval(0.999)
        assert interval is not None
        assert interval[0] < 0.5 < interval[1]


def test_a_word_that_only_chosen_answers_have_is_found_and_shuffled_labels_hide_it() -> None:
    areas = separability(restyled(make_pairs(1, 200), chosen=" certainly"))
    assert areas["text"].value > 0.95
    assert 0.35 < areas["shuffled"].value < 0.65


def test_length_alone_is_found_by_the_probe_of_lengths() -> None:
    areas = separability(restyled(make_pairs(2, 200), rejected=" ba" * 100))
    assert areas["length"].value > 0.9


def test_an_author_that_always_wins_is_found_by_the_probe_of_sources() -> None:
    pairs = make_pairs(3, 200).with_columns(
        pl.lit(POLICIES[0]).alias("chosen_policy"), pl.lit(POLICIES[1]).alias("rejected_policy")
    )
    areas = separability(pairs)
    assert areas["source"].value == 1
    assert areas["text"].value < 0.7


def test_a_given_embedding_is_what_the_probe_reads() -> None:
    def embed(texts: list[str]) -> NDArray[Any]:
        return np.array([[float("certainly" in text), 1.0] for text in texts])

    areas = separability(restyled(make_pairs(4, 60), rejected=" certainly"), embed)
    assert areas["text"].value == pytest.approx(1)


def test_few_prompts_are_not_probed_and_answers_without_words_tell_nothing() -> None:
    pairs = make_pairs(5, 40)
    assert separability(pairs.head(19)) == {}
    wordless = pairs.with_columns(
        pl.lit([{"role": "assistant", "content": "?"}]).alias(side) for side in ("chosen", "rejected")
    )
    assert separability(wordless)["text"].value == 0.5
