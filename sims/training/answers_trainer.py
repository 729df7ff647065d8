"""A trainer of several answers a row, for the losses that TRL hasn't; else it is `transformers`' own.

A row makes sequences, each a prompt with an answer, and numbers. A batch holds the sequences of its rows
one after another; a loss is given the log-probabilities of the answers' tokens, row by row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer
from trl.trainer.utils import selective_log_softmax

Ids = list[int]
Row = dict[str, Any]
Tokens = list[Tensor]
"""Log-probabilities, nats, of the tokens of each answer of a row."""
RowLoss = Callable[[Tokens, Tensor], tuple[Tensor, dict[str, float]]]
"""The loss of a row by its answers and its numbers, with what is logged."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """What a row makes: prompts with their answers, and numbers."""

    pairs: Callable[[Row], list[tuple[Ids, Ids]]]
    numbers: Callable[[Row], list[float]]

    def batch(self, rows: list[Row], padding: int) -> dict[str, Tensor]:
        """The tensors of a batch.

        `input_ids`, `attention_mask` and `answer_mask` of its sequences, `sizes` (how many each row has),
        `numbers` of all rows, and `counts` (how many each row has).
        """
        made = [self.pairs(row) for row in rows]
        whole = [torch.tensor(prompt + answer) for pairs in made for prompt, answer in pairs]
        answers = [
            torch.tensor([0] * len(prompt) + [1] * len(answer)) for pairs in made for prompt, answer in pairs
        ]
        numbers = [torch.tensor(self.numbers(row), dtype=torch.float32) for row in rows]
        return {
            "input_ids": pad_sequence(whole, batch_first=True, padding_value=padding),
            "attention_mask": pad_sequence([torch.ones_like(ids) for ids in whole], batch_first=True),
            "answer_mask": pad_sequence(answers, batch_first=True),
            "sizes": torch.tensor([len(pairs) for pairs in made]),
            "numbers": torch.cat(numbers),
            "counts": torch.tensor([len(row) for row in numbers]),
        }


def answers(model: Any, batch: dict[str, Tensor]) -> Iterator[tuple[Tokens, Tensor]]:
    """Row by row, the log-probabilities of the answers' tokens and the row's numbers."""
    outputs = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
    sequences = zip(
        outputs.logits[:, :-1], batch["input_ids"][:, 1:], batch["answer_mask"][:, 1:].bool(), strict=True
    )
    for size, numbers in zip(
        batch["sizes"].tolist(), torch.split(batch["numbers"], batch["counts"].tolist()), strict=True
    ):
        yield [_chances(*sequence) for sequence in islice(sequences, size)], numbers


def _chances(logits: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """Log-probabilities of the tokens in the mask; only what is told of them is copied into float32."""
    told: Tensor = selective_log_softmax(logits[mask].float()[None], ids[mask][None])[0]
    return told


class AnswersTrainer(Trainer):
    """`transformers`' trainer with the mean over a batch's rows of a loss of theirs.

    Args:
        model: with the adapter to train.
        loss: of a row.
        options: see `Trainer`.
    """

    def __init__(self, model: PeftModel, loss: RowLoss, **options: Any) -> None:
        super().__init__(model=model, **options)
        self.model_accepts_loss_kwargs = False  # so that accumulated batches are averaged
        self._loss = loss
        self._told: dict[str, dict[str, list[float]]] = {
            "train": defaultdict(list),
            "eval": defaultdict(list),
        }

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean of the rows' losses."""
        made = [self._loss(tokens, numbers) for tokens, numbers in answers(model, inputs)]
        told = self._told["train" if model.training else "eval"]
        for _, logged in made:
            for name, value in logged.items():
                told[name].append(value)
        loss = torch.stack([loss for loss, _ in made]).mean()
        return (loss, {}) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add to `logs` what the losses logged since the last time."""
        mode = "train" if self.model.training else "eval"
        prefix = "eval_" if mode == "eval" else ""
        logs |= {f"{prefix}{name}": sum(told) / len(told) for name, told in self._told[mode].items()}
        self._told[mode].clear()
        super().log(logs, start_time)
