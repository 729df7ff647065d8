"""MNPO, PRO and CUT as trainers: what of a row each loss reads, and what it logs."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainingArguments

from palaestra.agents.failures import BadInput
from palaestra.sims.training.answers_trainer import AnswersTrainer, RowLoss, Sequences, Tokens, answers
from palaestra.sims.training.losses import cut_loss, mnpo_loss, pro_loss
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.trainers import Rows, arguments, computes_bfloat16

Logged = tuple[Tensor, dict[str, float]]
PAIR = Sequences(
    lambda row: [(row["prompt_ids"], row["chosen_ids"]), (row["prompt_ids"], row["rejected_ids"])],
    lambda row: [row["anchor"]],
)
RANKING = Sequences(
    lambda row: [(row["prompt_ids"], answer) for answer in row["answers_ids"]], lambda row: row["rewards"]
)
FAULTED = Sequences(
    lambda row: [
        (prompt, row["completion_ids"]) for prompt in (row["prompt_ids"], row["judged_ids"]) if prompt
    ],
    lambda _row: [],
)


def mnpo(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of MNPO; see `palaestra.sims.training.trainers.dpo`.

    The reference is the model without an adapter. Past policies are the one that the training starts
    from and the `history` of the settings; what they say of the rows is computed first, once.
    """
    both = [row | {"anchor": anchor} for row, anchor in _anchored(model, tokenizer, train + test, settings)]
    loss = partial(_mnpo, settings.mnpo.eta)
    rows = both[: len(train)], both[len(train) :]
    return _trainer(model, tokenizer, PAIR, loss, *rows, settings, checkpoints)


def pro(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of PRO on whole rankings; see `palaestra.sims.training.trainers.dpo`."""
    loss = partial(_pro, settings.pro.sft_weight)
    return _trainer(model, tokenizer, RANKING, loss, train, test, settings, checkpoints)


def cut(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of CUT, both of its sides; see `palaestra.sims.training.trainers.dpo`."""
    satisfied = settings.cut.satisfied
    rows = [[_unfaulted(row, satisfied) for row in split] for split in (train, test)]
    loss = partial(_cut, settings.cut.threshold, settings.cut.weight)
    return _trainer(model, tokenizer, FAULTED, loss, rows[0], rows[1], settings, checkpoints)


def _mnpo(eta: float, told: Tokens, numbers: Tensor) -> Logged:
    chosen, rejected = (tokens.sum() for tokens in told)
    loss = mnpo_loss(chosen, rejected, numbers[0], eta)
    lead = float(chosen.detach() - rejected.detach() - numbers[0])
    return loss, {"rewards/margins": lead, "rewards/accuracies": float(lead > 0)}


def _pro(sft_weight: float, told: Tokens, numbers: Tensor) -> Logged:
    means = torch.stack([tokens.mean() for tokens in told])
    order = means.detach()
    right = [
        bool(order[i] > order[j]) for i, j in combinations(range(len(order)), 2) if numbers[i] > numbers[j]
    ]
    loss = pro_loss(means, told[0].sum(), numbers, sft_weight)
    return loss, {"rewards/accuracies": sum(right) / len(right)} if right else {}


def _cut(threshold: float, weight: float, told: Tokens, _numbers: Tensor) -> Logged:
    judged = told[1] if len(told) > 1 else None
    return cut_loss(told[0], judged, threshold, weight), {"satisfied": float(judged is None)}


def _unfaulted(row: dict[str, Any], satisfied: float) -> dict[str, Any]:
    """The row without its judgment, where that faults nothing."""
    share = row["satisfaction"]
    return row | {"judged_ids": []} if share is not None and share >= satisfied else row


def _anchored(
    model: PeftModel, tokenizer: Any, rows: Rows, settings: TrainSettings
) -> list[tuple[dict[str, Any], float]]:
    """Each row with ρ·h of the reference + (1 − ρ)·the mean of h over past policies."""
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    past = [_leads(model, tokenizer, rows)]
    for number, folder in enumerate(settings.mnpo.history):
        name = f"past-{number}"
        try:
            model.load_adapter(str(folder), adapter_name=name)
        except (ValueError, RuntimeError, OSError) as error:
            raise BadInput(
                f"{folder} is no LoRA adapter of this model: {(str(error).splitlines() or [''])[0]}",
                "Name in mnpo.history adapters that were trained on it.",
            ) from error
        model.set_adapter(name)
        past.append(_leads(model, tokenizer, rows))
        model.set_adapter("default")
        model.delete_adapter(name)
    with model.disable_adapter():
        reference = _leads(model, tokenizer, rows)
    share = settings.mnpo.reference
    return [
        (row, share * first + (1 - share) * sum(leads) / len(leads))
        for row, first, *leads in zip(rows, reference, *past, strict=True)
    ]


def _leads(model: PeftModel, tokenizer: Any, rows: Rows) -> list[float]:
    """h of each row: by how many nats the chosen answer is likelier than the rejected one."""
    found = []
    training = model.training
    model.eval()
    fast = computes_bfloat16()
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=fast):
        for row in rows:
            batch = PAIR.batch([row | {"anchor": 0.0}], tokenizer.pad_token_id or 0)
            on_device = {name: tensor.to(model.device) for name, tensor in batch.items()}
            for (chosen, rejected), _ in answers(model, on_device):
                found.append(float(chosen.sum() - rejected.sum()))
    model.train(training)
    return found


def _trainer(
    model: PeftModel,
    tokenizer: Any,
    sequences: Sequences,
    loss: RowLoss,
    train: Rows,
    test: Rows,
    settings: TrainSettings,
    checkpoints: Path,
) -> Trainer:
    told = arguments(settings, checkpoints)
    del told["max_length"]  # TRL's own; rows that are too long are left out before
    padding = tokenizer.pad_token_id or 0
    return AnswersTrainer(
        model,
        loss,
        args=TrainingArguments(**told, remove_unused_columns=False, label_names=["input_ids"]),
        data_collator=partial(sequences.batch, padding=padding),
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(test) if test else None,
        processing_class=tokenizer,
    )
