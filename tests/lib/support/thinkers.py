"""Five families of models that think: architecture, chat template, tokens, and how each writes a thought.

Templates are those that their makers published, as TRL keeps them; where a family's own has no thoughts
(Gemma 3) or none is kept there (Magistral), it is told at its place. Tiny models of them are `taught`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from support.small_tokenizers import cut_down, learnt


@dataclass(frozen=True, slots=True)
class ThinkingFamily:
    """A family that thinks.

    Attributes:
        name: what the table calls it.
        architecture: the class of `transformers` and of vLLM.
        tokenizer: the family in `tests/conformance.py` whose tokenizer it has, where that was fetched.
        special: names of its `bos_token` and so on.
        controls, plain: its special tokens, and its added tokens that aren't.
        renamed: what they are called in that tokenizer, where otherwise.
        template: makes its chat template.
        opens, closes: what it writes around a thought; "" where the template opens it.
        skips: what leads to an answer at once; "" where it always thinks.
        options: of its configuration, beside the sizes.
    """

    name: str
    architecture: str
    tokenizer: str
    special: Mapping[str, str]
    controls: Sequence[str]
    template: Callable[[], str]
    opens: str
    closes: str
    skips: str
    plain: Sequence[str] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)


def _published(name: str) -> str:
    """A family's chat template as its makers published it; TRL keeps a copy."""
    found = find_spec("trl")
    assert found is not None
    assert found.submodule_search_locations is not None
    return (Path(found.submodule_search_locations[0]) / "chat_templates" / f"{name}.jinja").read_text()


MAGISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}[SYSTEM_PROMPT]{{ m.content }}[/SYSTEM_PROMPT]"
    "{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]"
    "{% else %}{% if m.reasoning_content %}[THINK]{{ m.reasoning_content }}[/THINK]{% endif %}"
    "{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)


def _gemma_with_tags() -> str:
    """Gemma 3's template of a fine-tune that thinks between tags, which earlier turns are told without."""
    return _published("gemma3").replace(
        "{{ message['content'] | trim }}", "{{ message['content'].split('</thought>')[-1] | trim }}"
    )


THINKERS = {
    thinker.name: thinker
    for thinker in (
        ThinkingFamily(
            "llama",
            "LlamaForCausalLM",
            "llama3_1",
            {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"},
            ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
            lambda: _published("deepseek_r1_distill"),
            opens="",
            closes="\n</think>\n\n",
            skips="\n</think>\n\n",
            plain=("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"),
            renamed={
                "<|begin_of_text|>": "<｜begin▁of▁sentence｜>",
                "<|end_of_text|>": "<｜end▁of▁sentence｜>",
                "<|reserved_special_token_3|>": "<｜User｜>",
                "<|reserved_special_token_4|>": "<｜Assistant｜>",
                "<|reserved_special_token_5|>": "<think>",
                "<|reserved_special_token_6|>": "</think>",
            },
            options={"tie_word_embeddings": True},
        ),
        ThinkingFamily(
            "qwen3",
            "Qwen3ForCausalLM",
            "qwen3",
            {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
            ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
            lambda: _published("qwen3"),
            opens="<think>\n",
            closes="\n</think>\n\n",
            skips="<think>\n\n</think>\n\n",
            plain=("<think>", "</think>"),
            options={"tie_word_embeddings": True},
        ),
        ThinkingFamily(
            "gemma3",
            "Gemma3ForCausalLM",
            "gemma3",
            {"bos_token": "<bos>", "eos_token": "<end_of_turn>", "pad_token": "<pad>", "unk_token": "<unk>"},
            ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
            _gemma_with_tags,
            opens="<thought>\n",
            closes="\n</thought>\n\n",
            skips="",
            options={"sliding_window": 512, "query_pre_attn_scalar": 32},
        ),
        ThinkingFamily(
            "mistral",
            "MistralForCausalLM",
            "mistral_nemo",
            {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
            (
                *("<unk>", "<s>", "</s>", "<pad>", "[INST]", "[/INST]"),
                *("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[THINK]", "[/THINK]"),
            ),
            lambda: MAGISTRAL,
            opens="[THINK]",
            closes="[/THINK]",
            skips="",
            renamed={
                "<SPECIAL_17>": "[SYSTEM_PROMPT]",
                "<SPECIAL_18>": "[/SYSTEM_PROMPT]",
                "<SPECIAL_34>": "[THINK]",
                "<SPECIAL_35>": "[/THINK]",
            },
            options={"sliding_window": None, "tie_word_embeddings": True},
        ),
        ThinkingFamily(
            "gpt-oss",
            "GptOssForCausalLM",
            "gptoss",
            {"bos_token": "<|startoftext|>", "eos_token": "<|return|>", "pad_token": "<|endoftext|>"},
            (
                *("<|startoftext|>", "<|endoftext|>", "<|return|>", "<|constrain|>", "<|channel|>"),
                *("<|start|>", "<|end|>", "<|message|>", "<|call|>"),
            ),
            lambda: _published("gptoss"),
            opens="<|channel|>analysis<|message|>",
            closes="<|end|><|start|>assistant<|channel|>final<|message|>",
            skips="<|channel|>final<|message|>",
            options={"num_local_experts": 4, "num_experts_per_tok": 2},
        ),
    )
}


def untaught(thinker: ThinkingFamily, fetched: Path | None = None) -> Any:
    """A family's tokenizer, made small, with its chat template; see `support.taught.made`."""
    tokenizer = (
        learnt(thinker.controls, thinker.plain, thinker.special)
        if fetched is None
        else cut_down(fetched, thinker.renamed, thinker.plain, thinker.special)
    )
    tokenizer.chat_template = thinker.template()
    return tokenizer
