"""How a training is done: every number that `palaestra train` takes, with its unit and default."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from palaestra.agents.policy import Settings


class SimpoSettings(Settings):
    """Of SimPO; the defaults are in the range that its paper recommends."""

    beta: float = Field(2.0, gt=0, description="β: what the mean log-probability of a token is times.")
    gamma: float = Field(1.0, ge=0, description="γ: the margin that the chosen answer is to lead by.")


class MnpoSettings(Settings):
    """Of MNPO; the defaults are its code's."""

    reference: float = Field(
        1 / 3, ge=0, le=1, description="ρ: weight of the reference; past policies have the rest."
    )
    eta: float = Field(0.0075, gt=0, description="η: answers are driven 1/(2η) nats apart.")
    history: tuple[Path, ...] = Field(
        (),
        description="Adapters of past policies beside that which training starts from; all weigh the same.",
    )


class ProSettings(Settings):
    """Of PRO; the default is its script's."""

    sft_weight: float = Field(
        0.05, ge=0, description="Weight of the likelihood of the best answer, times (answers − 1)²."
    )


class CutSettings(Settings):
    """Of CUT; the defaults are those of its online training."""

    threshold: float = Field(
        1.1, ge=1, description="A token is at fault if the judgment makes it so many times likelier."
    )
    weight: float = Field(1.0, gt=0, description="Weight of the unlikelihood of tokens at fault.")
    satisfied: float = Field(
        2 / 3,
        ge=0,
        le=1,
        description="A judgment whose score lies so far up its unit's range, or further, faults nothing: "
        "2/3 is 7 of 1–10 and 5 of 1–7.",
    )


class TrainSettings(Settings):
    """Settings of one training.

    β, the schedule, the warm-up and the single epoch are those of SPARTA ALIGNMENT's public
    code (`dpo_new.py`). Its learning rate, 1e-6, is one for full fine-tuning: it hardly moves
    a LoRA adapter in one epoch over hundreds of pairs, so the default here is higher.
    """

    rank: int = Field(8, ge=1, le=512, description="r, rank of the LoRA matrices. vLLM serves up to 512.")
    alpha: int = Field(16, ge=1, description="α: the adapter's change is scaled by α/r.")
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Dropout on the adapter's input, 0–1. Only SFT: TRL turns it off elsewhere.",
    )
    targets: tuple[str, ...] | Literal["all-linear"] = Field(
        "all-linear",
        description="Modules that get an adapter, such as [q_proj, v_proj]; `all-linear` takes every linear "
        "layer but the output head.",
    )
    learning_rate: float = Field(1e-4, gt=0, description="Peak step size of AdamW.")
    beta: float = Field(
        0.1, gt=0, description="β of DPO and KTO: the higher, the closer to the starting policy."
    )
    epochs: float = Field(1.0, gt=0, description="Passes over the train split.")
    max_steps: int | None = Field(
        None,
        ge=1,
        description="Number of optimiser steps, whatever `epochs` says. Default: what `epochs` takes.",
    )
    batch_size: int = Field(4, ge=1, description="Rows in one forward pass. KTO needs 2 or more.")
    accumulation: int = Field(1, ge=1, description="Forward passes that make up one optimiser step.")
    max_length: int = Field(
        1024, ge=16, description="Longest prompt plus answer, tokens. Longer rows are left out, never cut."
    )
    warmup: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps in which the step size rises from 0."
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", description="How the step size falls after the warm-up."
    )
    simpo: SimpoSettings = Field(SimpoSettings(), description="Of `--method simpo`.")
    mnpo: MnpoSettings = Field(MnpoSettings(), description="Of `--method mnpo`.")
    pro: ProSettings = Field(ProSettings(), description="Of `--method pro`.")
    cut: CutSettings = Field(CutSettings(), description="Of `--method cut`.")
    gradient_checkpointing: bool = Field(
        False, description="Compute activations twice, for less memory and about a fifth of the speed."
    )
    checkpoint_steps: int = Field(
        25, ge=1, description="Optimiser steps between two checkpoints, from which a training is resumed."
    )
    seed: int = Field(
        0, ge=0, lt=2**32, description="Seed of the adapter's first weights and of the row order."
    )

    @field_validator("targets")
    @classmethod
    def _hidden_layers(cls, targets: tuple[str, ...] | str) -> tuple[str, ...] | str:
        if not targets or {"lm_head", "embed_tokens"} & set(targets):
            raise ValueError(
                "name modules of the hidden layers: TRL trains no other, nor does vLLM serve them"
            )
        return targets
