"""Tokenizers like those of real families, small and made here, and chat templates like theirs."""

from __future__ import annotations

from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GLM = (
    "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
ALPACA = (
    "{% for m in messages %}### {{ m.role }}:\n{{ m.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}### assistant:\n{% endif %}"
)
MISTRAL = (
    "<s>{% set system = messages[0].content if messages[0].role == 'system' else none %}"
    "{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}"
    "[INST]{{ system ~ '\n\n' if loop.last and system else '' }}{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
NO_SYSTEM = CHATML.replace("<|im_start|>{{", "{% if m.role != 'system' %}<|im_start|>{{", 1).replace(
    "<|im_end|>\n{% endfor", "<|im_end|>\n{% endif %}{% endfor"
)
"""Leaves the system's text out without a word, as the first Phi-3's does."""
PARTS = CHATML.replace(
    "{{ m.content }}", "{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}"
)
"""Takes texts in parts only, as SmolVLM's and Idefics' do."""
DATED = "<|im_start|>system\nToday is {{ strftime_now('%Y-%m-%d') }}.<|im_end|>\n" + CHATML
TWICE = CHATML.replace("{{ m.content }}", "{{ m.content }}{{ m.content }}")
REFUSES_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML
CONTROLS = (
    *("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]"),
    *("[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>"),
)
GEMMA_WORDS = ("\n", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "<b>", "</b>", "<br>")


def gemma_like(template: str | None = CHATML) -> Any:
    """Runs of newlines and spaces and HTML tags are added tokens, of the vocabulary too."""
    letters = [*map(chr, range(33, 127)), *"äöüÜßéïë“”×−≥", "\t", "▁", "\u200b", "<b"]
    words = dict.fromkeys([*CONTROLS, *GEMMA_WORDS, *letters])
    tokenizer = Tokenizer(
        models.BPE(
            vocab={word: number for number, word in enumerate(words)},
            merges=[("\n", "\n"), ("\n\n", "\n"), ("▁", "▁"), ("▁▁", "▁"), ("<", "b"), ("<b", ">")],
            unk_token="<unk>",
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    return _made(tokenizer, template, [AddedToken(word, normalized=False) for word in GEMMA_WORDS])


def byte_like(template: str | None = CHATML, words: tuple[str, ...] = ()) -> Any:
    """Every byte is a token; `words` are added tokens that are not special (Qwen's `<think>`)."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _made(tokenizer, template, [AddedToken(word, normalized=False) for word in words])


def first_like(template: str | None = CHATML) -> Any:
    """The very beginning of a text gets a space of its own, what follows a control token doesn't."""
    letters = [*map(chr, range(32, 127)), "▁", "\n", "\t", *"äöüÜßëïé“”×−≥\u200b"]
    words = dict.fromkeys([*CONTROLS, *letters])
    tokenizer = Tokenizer(models.BPE(vocab={w: n for n, w in enumerate(words)}, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    return _made(tokenizer, template, [])


def always_like(template: str | None = CHATML) -> Any:
    """Every text gets a space of its own, also what follows a control token."""
    made = first_like(template)
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    return made


CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = CL100K.replace(r"[\r\n]*", r"[\r\n/]*")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LOOKBEHIND = r"(?<=\n)\S+|\s+|\S+"
_LINES = ("Ċ", "ĊĊ", ".Ċ", ".ĊĊ", ".ĊĊ/", "Ġ", "ĠĠ", "ĠĊ", "ĊĠ", "ĊA", "'s", "Ċ'")


def merged_like(pattern: str, template: str | None = CHATML) -> Any:
    """Bytes that are split by a pattern, with tokens around line breaks that only the pattern keeps apart."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = dict.fromkeys([*alphabet, *_LINES])
    merges = [(w[:n], w[n:]) for w in _LINES for n in range(1, len(w)) if {w[:n], w[n:]} <= vocabulary.keys()]
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(vocabulary)}, merges))
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return _made(tokenizer, template, [])


def lossy() -> Any:
    """White space is lost, as where a library takes a byte-level tokenizer for another family's."""
    made = byte_like()
    made.backend_tokenizer.normalizer = normalizers.Replace("\n", "")
    return made


def _made(tokenizer: Tokenizer, template: str | None, words: list[AddedToken]) -> Any:
    from transformers import PreTrainedTokenizerFast

    tokenizer.add_special_tokens([AddedToken(word, normalized=False, special=True) for word in CONTROLS])
    tokenizer.add_tokens(words)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", name_or_path="made"
    )
    made.chat_template = template
    return made
