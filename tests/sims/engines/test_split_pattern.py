"""What is read of the expressions that tokenizers split by, and which of them are left alone."""

from __future__ import annotations

import pytest

from palaestra.sims.engines.split_pattern import UnknownShape, alternatives
from support.tokenizers import CL100K


def test_alternatives_are_told_in_order() -> None:
    found = alternatives(CL100K)
    assert [one.takes_newline for one in found] == [False] * 4 + [True, False, True]
    assert [one.looks_ahead for one in found] == [False] * 5 + [True, False]
    assert [one.reaches_newline for one in found] == [False] * 3 + [True] + [False] * 3
    assert all(one.after_newline == frozenset() for one in found)


@pytest.mark.parametrize(
    ("pattern", "takes", "reaches", "after"),
    [
        (r"\s+", True, False, ""),
        (r"\s*[\r\n]", True, False, ""),
        (r"\s*+[\r\n]", False, False, ""),  # what was taken isn't given back
        (r"\s{2,}", False, False, ""),
        (r"[^\r\n]+", False, False, ""),
        (r"[^a]+", True, True, None),
        (r"[^a]", True, False, ""),
        (r"\S\n", False, True, ""),
        (r"\n\S", False, False, None),
        (r"x+[\r\n/#]*", False, True, "/#"),
        (r"(?:\n|x)", False, True, None),  # a group is taken for anything made of what is in it
        (r"\n[\s\p{L}]?", True, False, None),
    ],
)
def test_a_match_is_known_around_line_breaks(
    pattern: str, takes: bool, reaches: bool, after: str | None
) -> None:
    (one,) = alternatives(pattern)
    assert (one.takes_newline, one.reaches_newline) == (takes, reaches)
    assert one.after_newline == (None if after is None else frozenset(after))


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"(?<=a)b", r"a(?=b)", r"(?!\S)a", r"(a(?!\S))b", r"^a", r"\bword"),
        *(r"a|", r"(|a)", r"a*", r"(a?)+", r"(a", r"a)", r".+"),
        *(r"[\p{L}&&[^\p{Han}]]", r"[[:alpha:]]+", r"\P{L}", r"\p{Z}+", r"\x0a", r"[\t-\r]+"),
    ],
)
def test_what_is_not_understood_is_not_judged(pattern: str) -> None:
    with pytest.raises(UnknownShape):
        alternatives(pattern)
