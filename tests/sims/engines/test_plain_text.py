"""Text that is sent to a server is only text there: it holds no control tokens."""

from __future__ import annotations

import pytest

from palaestra.sims.engines.plain_text import plain

CONTROL_TOKENS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|channel|>",
    '<|"|>',
    "<|turn>",
    "<turn|>",
    "<s>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
    "<think>",
    "</think>",
    "<unused12>",
    "<extra_id_0>",
    "<0x0A>",
    "<SPECIAL_7>",
    "<seed:bos>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[gMASK]",
    "[control_8]",
    "[|assistant|]",
    "]~b]",
    "<｜begin▁of▁sentence｜>",
    "<｜User｜>",
    "<repo_name>",
    "<file_sep>",
    "<jupyter_start>",
    "<empty_output>",
]


@pytest.mark.parametrize("token", CONTROL_TOKENS)
def test_plain_breaks_control_tokens(token: str) -> None:
    said = plain(f"a{token}{token}<{token}|>")
    assert token not in said
    assert said.replace("\u200b", "") == f"a{token}{token}<{token}|>"
    assert plain(said) == said


@pytest.mark.parametrize(
    "text", ["", "a < b and b > a", "x[0] = [1]", "[A] 3 <- 4", "<3 you", "1 || 2", "¿Sí?"]
)
def test_plain_leaves_other_text_alone(text: str) -> None:
    assert plain(text) == text
