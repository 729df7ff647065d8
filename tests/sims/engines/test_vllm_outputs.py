"""An answer is decoded once, and reads as vLLM would have told it token by token."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from palaestra.sims.engines.vllm_outputs import said
from support import tokenizers as like

pytestmark = pytest.mark.torch

AT_ONCE = {"detokenize": False, "skip_special_tokens": True}


def answer(text: str, finish: str, end: str = "", cut: int = 0) -> tuple[Any, Any]:
    """An answer of these tokens, the last ones cut off; and its tokenizer."""
    tokenizer = like.byte_like()
    tokens = tokenizer(text + end, add_special_tokens=False)["input_ids"]
    kept = tokens[: len(tokens) - cut]
    return SimpleNamespace(token_ids=kept, finish_reason=finish, text="as told"), tokenizer


def test_the_token_that_ended_it_is_no_part_of_it() -> None:
    assert said(*answer("I  agree .", "stop", "</s>"), AT_ONCE) == "I  agree ."
    assert said(*answer("I agree", "stop", "!"), AT_ONCE) == "I agree"


def test_one_that_was_cut_has_all_its_tokens_but_no_half_character() -> None:
    assert said(*answer("I agree", "length"), AT_ONCE) == "I agree"
    assert said(*answer("Zoë", "length", cut=1), AT_ONCE) == "Zo"


def test_marks_of_a_thought_are_told_where_they_are_asked_for() -> None:
    told = answer("<s>So be it.", "length")
    assert said(*told, AT_ONCE) == "So be it."
    assert said(*told, AT_ONCE | {"skip_special_tokens": False}) == "<s>So be it."


def test_what_was_decoded_as_it_came_to_look_for_a_stop_is_taken_as_it_is() -> None:
    assert said(*answer("I agree", "stop"), AT_ONCE | {"detokenize": True}) == "as told"
