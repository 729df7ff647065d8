"""TRL's trainers, set up.

TRL's DPO, KTO and CPO trainers tokenise what they are given, even when it has token ids already.
Theirs is the one method overridden here; see `datasets` for why.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, set_seed
from transformers.trainer_callback import TrainerControl, TrainerState
from transformers.training_args import TrainingArguments
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer
from trl.experimental.cpo import CPOConfig, CPOTrainer

from palaestra.agents.failures import BadInput, PalaestraError
from palaestra.sims.training.datasets import kto_weights, with_kl_completions
from palaestra.sims.training.progress import TrainingProgress
from palaestra.sims.training.settings import TrainSettings

Rows = list[dict[str, Any]]


class TrainingDiverged(PalaestraError):
    """The loss is no longer a number."""


class IdsDPOTrainer(DPOTrainer):
    """TRL's DPO on rows that have their token ids already."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


class IdsKTOTrainer(KTOTrainer):
    """TRL's KTO on rows that have their token ids, the KL ones too, already."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


class IdsCPOTrainer(CPOTrainer):
    """TRL's CPO, of which SimPO is a loss, on rows that have their token ids already."""

    def tokenize_row(self, feature: dict[str, Any], *_: object) -> dict[str, Any]:
        """What its collator takes, of a row as `datasets.dpo_ids` makes it."""
        prompt, made = feature["prompt_ids"], {}
        for side in ("chosen", "rejected"):
            whole = prompt + feature[f"{side}_ids"]
            made[f"{side}_input_ids"] = whole
            made[f"{side}_attention_mask"] = [1] * len(whole)
            made[f"{side}_labels"] = [-100] * len(prompt) + feature[f"{side}_ids"]
        return made


def dpo(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of DPO.

    Args:
        model: with the adapter to train.
        tokenizer: the model's; only its padding token is used.
        train: rows as `datasets.dpo_ids` makes them; likewise with the other trainers.
        test: likewise; may be empty.
        settings: of the training.
        checkpoints: folder for them.
    """
    return IdsDPOTrainer(
        model=model,
        args=DPOConfig(**arguments(settings, checkpoints), beta=settings.beta),
        processing_class=tokenizer,
        **_data(train, test),
    )


def simpo(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of SimPO, without a reference and without CPO's likelihood of the chosen; see `dpo`."""
    told = arguments(settings, checkpoints) | {"max_length": settings.max_length}
    kinds = {"loss_type": "simpo", "cpo_alpha": 0.0, "remove_unused_columns": False}
    return IdsCPOTrainer(
        model=model,
        args=CPOConfig(**told, **kinds, beta=settings.simpo.beta, simpo_gamma=settings.simpo.gamma),
        processing_class=tokenizer,
        **_data(train, test),
    )


def kto(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of KTO; see `dpo`.

    Its KL term ties the rows of a batch together: they are shuffled once, and their order kept.
    """
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(settings.seed)).tolist()
    train = with_kl_completions([train[i] for i in order], settings.batch_size)
    good, bad = kto_weights([row["label"] for row in train])
    weights = {"desirable_weight": good, "undesirable_weight": bad}
    return IdsKTOTrainer(
        model=model,
        args=KTOConfig(**arguments(settings, checkpoints), beta=settings.beta, **weights),
        processing_class=tokenizer,
        **_data(train, with_kl_completions(test, settings.batch_size)),
    )


def sft(
    model: PeftModel, tokenizer: Any, train: Rows, test: Rows, settings: TrainSettings, checkpoints: Path
) -> Trainer:
    """The trainer of supervised fine-tuning; see `dpo`."""
    ready = {"dataset_kwargs": {"skip_prepare_dataset": True}}
    return SFTTrainer(
        model=model,
        args=SFTConfig(**arguments(settings, checkpoints), **ready),
        processing_class=tokenizer,
        **_data(train, test),
    )


def _data(train: Rows, test: Rows) -> dict[str, Dataset | None]:
    return {
        "train_dataset": Dataset.from_list(train),
        "eval_dataset": Dataset.from_list(test) if test else None,
    }


def arguments(settings: TrainSettings, checkpoints: Path) -> dict[str, Any]:
    """What TRL's configurations have in common; all but `max_length` are `transformers`' too."""
    fast_bfloat16 = computes_bfloat16()
    return {
        "output_dir": str(checkpoints),
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulation,
        "num_train_epochs": settings.epochs,
        "max_steps": settings.max_steps or -1,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": settings.warmup,
        "max_length": None,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "bf16": fast_bfloat16,
        "use_cpu": not torch.cuda.is_available(),
        "seed": settings.seed,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_steps,
        "save_total_limit": 2,
        "eval_strategy": "no",
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def lora_model(model: str, revision: str | None, adapter: Path | None, settings: TrainSettings) -> PeftModel:
    """A model with an adapter to train: a new one, or `adapter` to go on from.

    Raises:
        BadInput: the model can't be loaded or has no such modules, or `adapter` isn't one of it.
    """
    set_seed(settings.seed)
    dtype = torch.bfloat16 if computes_bfloat16() else torch.float32
    try:
        base = AutoModelForCausalLM.from_pretrained(
            model, revision=revision, dtype=dtype, trust_remote_code=False
        )
    except (ValueError, OSError) as error:
        raise BadInput(
            f"the model {model} can't be loaded: {(str(error).splitlines() or [''])[0]}",
            "Name one with a whole checkpoint.",
        ) from error
    if adapter is not None:
        try:
            return PeftModel.from_pretrained(base, str(adapter), is_trainable=True)
        except (ValueError, RuntimeError, OSError) as error:
            raise BadInput(
                f"{adapter} is no LoRA adapter of {model}: {(str(error).splitlines() or [''])[0]}",
                "Name one that was trained on this model.",
            ) from error
    targets = settings.targets if isinstance(settings.targets, str) else list(settings.targets)
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(base, lora)
    except ValueError as error:
        raise BadInput(
            f"{model} has no modules {settings.targets}", "`targets: all-linear` fits every model."
        ) from error


def computes_bfloat16() -> bool:
    """Whether this machine multiplies bfloat16 in hardware; float32 is faster where it doesn't."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


class Watch(TrainerCallback):
    """Passes on what happens while a trainer trains.

    Args:
        progress: told of every step.
        saved: called after every checkpoint.
    """

    def __init__(self, progress: TrainingProgress, saved: Callable[[], None]) -> None:
        self._progress = progress
        self._saved = saved

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Before the first step of a sitting."""
        self._progress.begin(state.global_step, state.max_steps)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """After every step and evaluation."""
        if logs is None or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise TrainingDiverged(
                f"the loss is {logs['loss']} at step {state.global_step}", "Train with a lower learning_rate."
            )
        self._progress.stepped(state.global_step, logs)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """After every checkpoint."""
        self._saved()
