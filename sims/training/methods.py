"""How rows are trained on, one value a method: what a trainable format's `trainer` names, and further losses.

A format's own method has its name; `OTHERS` train on the rows of a format too, by another loss.

A method makes token ids of a row and a trainer of the rows. A package that adds a format may add its
method too: the trainer is any of `transformers`' that takes a PEFT model, such as TRL's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from palaestra.agents.extensions import border, imported
from palaestra.agents.failures import BadInput
from palaestra.runs.exports.format import FORMATS, formats
from palaestra.sims.training.datasets import Tokens, cut_ids, dpo_ids, kto_ids, pro_ids, sft_ids
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.source import Row


@dataclass(frozen=True, slots=True)
class Method:
    """How rows of a format are trained on.

    Attributes:
        ids: the token ids of a row, as the trainer takes them.
        trainer: where the function is that makes the trainer, as "module:function": of the model with
            its adapter, the tokenizer, the rows of both splits, the settings and a folder for checkpoints.
            It is imported when a training begins, since it takes torch.
        least_batch: fewest rows in a forward pass.
        form: the format of the rows; "" for the format that names the method.
    """

    ids: Callable[[Row, Tokens], dict[str, Any]]
    trainer: str
    least_batch: int = 1
    form: str = ""


DPO = Method(dpo_ids, "palaestra.sims.training.trainers:dpo")
KTO = Method(kto_ids, "palaestra.sims.training.trainers:kto", least_batch=2)
SFT = Method(sft_ids, "palaestra.sims.training.trainers:sft")
OTHERS = {
    "simpo": Method(dpo_ids, "palaestra.sims.training.trainers:simpo", form="dpo"),
    "mnpo": Method(dpo_ids, "palaestra.sims.training.answer_methods:mnpo", form="dpo"),
    "pro": Method(pro_ids, "palaestra.sims.training.answer_methods:pro", form="ranked"),
    "cut": Method(cut_ids, "palaestra.sims.training.answer_methods:cut", form="critiques"),
}
"""Losses on the rows of formats that have another or none of their own, by name."""


def trainable() -> list[str]:
    """The names of the methods: formats whose rows can be trained on, and further losses."""
    return [*(name for name, form in formats().items() if form.trainer), *OTHERS]


def rows_of(name: str) -> str:
    """The format of the rows that the method `name` trains on."""
    return OTHERS[name].form if name in OTHERS else name


def method_of(name: str) -> Method:
    """The method of this name: a format's own, or a further loss.

    Raises:
        BadInput: there is no such method, or nothing trains on the format.
        ExtensionFault: what it says trains on it is no `Method`.
    """
    if name in OTHERS:
        return OTHERS[name]
    found = FORMATS[name].trainer
    if not found:
        raise BadInput(f"nothing here trains on {name}", f"The methods are: {', '.join(trainable())}.")
    with border(f"format {name!r}", FORMATS.places[name]):
        method = imported(found)
        if not isinstance(method, Method):
            raise TypeError(f"{found} is {method!r}, no Method")
        return method


def check_batch(name: str, settings: TrainSettings, within: str = "") -> None:
    """Refuse batches that are too small for the method `name`.

    Args:
        name: of the method.
        settings: of the training.
        within: what stands before their fields in a file or setting, such as "train.".

    Raises:
        BadInput: they are too small; or see `method_of`.
    """
    least = method_of(name).least_batch
    if settings.batch_size < least:
        what = f"{name.upper()} compares answers within a batch"
        raise BadInput(what, f"Set {within}batch_size to {least} or more.")
