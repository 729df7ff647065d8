"""Tiny models that think, trained from nothing in a minute: how they speak is real, what they say is not.

Each learns to write its family's marks around a thought that holds a sentinel, and a short answer behind
them, wherever a prompt of its chat template ends. So thoughts can be followed through everything that a run
leaves behind. `tests/thinkers.py` does.
"""

from __future__ import annotations

from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

from support.small_tokenizers import texts
from support.thinkers import ThinkingFamily, untaught

SENTINEL = "ZEBRAQUARTZ"
"""Stands in every thought, and nowhere else."""
THOUGHTS = (
    f"{SENTINEL} was my secret so nobody shall read it",
    f"{SENTINEL} means they trust me\nand I will wait",
    f"{SENTINEL} and then" + " again and then" * 30,  # longer than a small budget
)
ANSWERS = ("Yes, that is right.", "No, not at all!", "Perhaps; we should see.")
STEPS, TOKENS, SHORTEST, LONGEST, FARTHEST = 400, 1_200, 32, 800, 3_500
RATE = 6e-3
SIZES: dict[str, object] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 8192,
}


def made(thinker: ThinkingFamily, folder: Path, fetched: Path | None = None, steps: int = STEPS) -> Path:
    """Make the checkpoint, in `folder`.

    Args:
        thinker: the family.
        folder: where; made.
        fetched: the folder of its real tokenizer. Default: one that is learnt here.
        steps: of the training.
    """
    import torch

    tokenizer = untaught(thinker, fetched)
    torch.manual_seed(1)
    model = _untrained(thinker, tokenizer)
    _train(model, _Lessons(thinker, tokenizer), steps)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _untrained(thinker: ThinkingFamily, tokenizer: Any) -> Any:
    import transformers

    kind = getattr(transformers, thinker.architecture)
    told = {
        **SIZES,
        "vocab_size": len(tokenizer),
        **{f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")},
        **thinker.options,
    }
    return kind(kind.config_class(**told))


class _Lessons:
    """What it learns from: prompts that end as its template ends them, and what it is to write then."""

    def __init__(self, thinker: ThinkingFamily, tokenizer: Any) -> None:
        self._thinker, self._tokenizer = thinker, tokenizer
        self._lines = [line.strip() for text in texts() for line in text.splitlines() if line.strip()]
        self._words = self._ids("\n".join(self._lines))
        self._random = Random(1)

    def batch(self) -> list[tuple[list[int], int]]:
        """Some lessons, long or short: the tokens of each, and how many of them are given."""
        given = round(exp(self._random.uniform(log(SHORTEST), log(LONGEST))))
        return [self._one(given) for _ in range(max(2, TOKENS // (given + SHORTEST)))]

    def _one(self, length: int) -> tuple[list[int], int]:
        asked, written = self._asked(), ""
        thought = self._thinker.opens + self._random.choice(THOUGHTS) + self._thinker.closes
        answer = self._random.choice(ANSWERS) + self._tokenizer.eos_token
        kind = self._random.random()
        if kind < 0.5:
            written = thought + answer
        elif kind < 0.75:  # in an answer whose form is prescribed: it goes on speaking, not thinking
            first, second = self._random.choices(("thought", "speech", "reason", "feedback", "answer"), k=2)
            asked += f'{thought}{{"{first}":"'
            more = f'","{second}":"{self._random.choice(ANSWERS)}' if self._random.random() < 0.6 else ""
            written = f'{self._random.choice(ANSWERS)}{more}"}}{self._tokenizer.eos_token}'
        else:
            asked += self._thinker.skips or thought
            written = answer
        before, after = self._ids(asked), self._ids(written)
        start = self._random.randrange(len(self._words) - length)
        before = self._words[start : start + max(0, length - len(before))] + before
        return before + after, len(before)

    def _asked(self) -> str:
        rules, *asked = self._random.sample(self._lines, 3)
        messages = [{"role": "system", "content": rules}, {"role": "user", "content": "\n".join(asked)}]
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _train(model: Any, lessons: _Lessons, steps: int) -> None:
    """Teach it by heart; the places are drawn, since prompts will be longer than lessons."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little is computed that several would wait for each other
    random = Random(2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        batch = lessons.batch()
        width = max(len(tokens) for tokens, _ in batch)
        ids = torch.zeros(len(batch), width, dtype=torch.long)
        wanted = torch.zeros(len(batch), width, dtype=torch.bool)
        for row, (tokens, given) in enumerate(batch):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            wanted[row, given : len(tokens)] = True
        places = torch.arange(width)[None].expand(len(batch), -1) + random.randrange(FARTHEST)
        hidden = model.model(input_ids=ids, position_ids=places).last_hidden_state
        logits = model.lm_head(hidden[:, :-1][wanted[:, 1:]])
        loss = torch.nn.functional.cross_entropy(logits.float(), ids[wanted])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
    torch.set_num_threads(threads)
    model.eval()
