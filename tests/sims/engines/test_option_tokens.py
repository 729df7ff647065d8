"""Probabilities of options are read where the listed tokens spell them, and nowhere else."""

from __future__ import annotations

import json

import pytest

from palaestra.sims.engines.completion import Position, read
from palaestra.sims.engines.option_tokens import END, of_answer, of_value, part
from support.chat_server import completion

Path = list[tuple[str, dict[str, float]]]


def told(path: Path) -> tuple[Position, ...]:
    """As a server tells them."""
    return read(json.dumps(completion("", path=path)[1]).encode()).positions


def sure(*tokens: str) -> tuple[Position, ...]:
    return told([(token, {token: 1.0}) for token in tokens])


@pytest.mark.parametrize(
    ("options", "path", "expected"),
    [
        (["ab", "ac"], [("a", {"a": 1.0}), ("c", {"b": 0.2, "c": 0.6, " ": 0.2})], {"ab": 0.25, "ac": 0.75}),
        (["1", "10"], [("10", {"1": 0.4, "10": 0.4})], {"1": 0.5, "10": 0.5}),
        (["yes", "no"], [("yes", {"yes": 0.9, "maybe": 0.1})], {}),  # "no" isn't among the listed
        (["yes", "yellow"], [("yes", {"yes": 0.5, "y": 0.5})], {}),  # "y" may begin either
        (["yes", "no"], [(" yes", {" yes": 0.5, " no": 0.5})], {}),  # options are taken as they are
        (["yes", "no"], [], {}),
        (["aa", "ab"], [("a", {"a": 1.0}), ("x", {"x": 1.0})], {}),
    ],
)  # fmt: skip
def test_options_part_where_the_tokens_tell_them_apart(
    options: list[str], path: list[tuple[str, dict[str, float]]], expected: dict[str, float]
) -> None:
    groups = part(options, "", told(path))
    total = sum(group.probability for group in groups)
    found = {group.options[0]: group.probability / total for group in groups}
    assert found == pytest.approx(expected)
    assert all(len(group.options) == 1 for group in groups)


def test_what_options_hold_together_is_not_hidden_by_their_shares() -> None:
    groups = part(["yes", "no"], "", told([("yes", {"Sure": 0.9, "yes": 0.03, "no": 0.01})]))
    assert {group.options[0]: group.probability for group in groups} == pytest.approx(
        {"yes": 0.03, "no": 0.01}
    )


@pytest.mark.parametrize(
    ("tokens", "begins"),
    [
        (("yes",), 0),
        (("ye", "s", "<|im_end|>"), 0),
        (("Well", ",", " hmm", "</think>", "yes"), 4),
        (("yes", " or", " no", "</think>", "\n\n", "yes", "</s>"), 5),
        (("Okay", "then"), None),
        (("Okay", " yes", "!"), None),
    ],
)
def test_an_answer_s_tokens_are_those_that_spell_it(tokens: tuple[str, ...], begins: int | None) -> None:
    positions = sure(*tokens)
    found = list(of_answer(positions, "yes"))
    assert found == ([] if begins is None else list(positions[begins:]))


def test_in_an_object_the_tokens_of_the_value_count_and_a_quote_ends_it() -> None:
    path = [(token, {token: 1.0}) for token in ('{"', "answer", '":', ' "')]
    path.append(("1", {"1": 0.5, "2": 0.2, '1"': 0.1}))
    path.append(("0", {"0": 0.25, '"}': 0.5, '"': 0.25}))
    found = of_value(told([*path, ('"}', {'"}': 1.0})]), '{"answer": "10"}', "10")
    assert [position.token for position in found] == ["1", "0", END]
    assert dict(found[1].listed) == pytest.approx({"0": 0.25, END: 0.75})
    assert of_value(sure('{"answer":', ' "10', '"}'), '{"answer": "10"}', "10") == ()
