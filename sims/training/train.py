"""`palaestra train`: from an export folder to a LoRA adapter that a scenario's policy can name.

What is trained is the policy that made the data: its model, on from its adapter if it has
one. The adapter's folder is PEFT's, with `training.json` beside the weights: `method`,
`model`, `adapter` (gone on from), `policy`, `day` (that the chat template is told), `export`,
`runs`, `scenario`, `settings`, `rows` (train, test, left out for their length), `steps`, `loss`
(one entry a step), `before` and `after` (means over the test split; None where it is empty),
`device`, `dtype`, `seconds`, `versions`.

In `before` and `after`, `loss` is the method's; `rewards/…` are β times how much likelier, in
nats, an answer became than it was to the starting policy: 0 before the first step, where an
accuracy of 0 therefore means nothing; `logps/…` are nats of a whole answer; CUT's `satisfied` is the
share of answers that nobody faulted.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import JsonValue

from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.agents.extensions import imported
from palaestra.agents.failures import BadInput, EngineUnavailable, Interrupted, PalaestraError
from palaestra.runs.record.disk import unwritable
from palaestra.runs.record.documents import write_json
from palaestra.runs.record.folder import now
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.training import checkpoints
from palaestra.sims.training.datasets import Tokens, length
from palaestra.sims.training.methods import check_batch, method_of, rows_of
from palaestra.sims.training.progress import TrainingProgress, describe
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.source import Split, Start, TrainingSource

NEEDED = ("trl", "peft", "datasets")
PACKAGES = ("palaestra", "torch", "transformers", *NEEDED)
KEPT = (
    *("loss", "learning_rate", "rewards/accuracies", "rewards/margins", "kl", "mean_token_accuracy"),
    "satisfied",
)


class TrainerUnavailable(PalaestraError):
    """What trains is not installed."""


def train(
    export: Path,
    out: Path,
    *,
    method: str = "dpo",
    policy: str | None = None,
    model: str | None = None,
    adapter: Path | None = None,
    settings: TrainSettings | None = None,
    resume: bool = False,
    quiet: bool = False,
) -> Path:
    """Train a LoRA adapter on an export and return its folder.

    Args:
        export: folder of an export.
        out: folder of the adapter, made at the end, whole; until then there is `OUT.partial`.
        method: what trains, and with it of which format the rows are; see `methods`.
        policy: the export's policy to train; needed where it has several that differ.
        model: train this model instead of a policy's.
        adapter: go on from this adapter instead of the policy's; its rank and modules stay.
        settings: of the training.
        resume: go on with a training that was begun with the same arguments.
        quiet: no progress.

    Raises:
        BadInput: an argument can't be taken; nothing was written.
        TrainerUnavailable: TRL, PEFT or datasets are not installed.
        Interrupted: Ctrl-C; the training can be resumed.
        TrainingDiverged: the loss is no longer a number.
        RunUnwritable: `out` can't be written.
    """
    chosen = settings or TrainSettings()
    check_batch(method, chosen)
    checkpoints.check(out, resume)
    source = TrainingSource(export)
    source.require(rows_of(method))
    start = source.start(policy, model, adapter)
    start = pinned(start, checkpoints.began_on(out) if resume else None)
    _require_packages()
    with _quiet_libraries():
        return _Training(source, out, method, policy, start, chosen, TrainingProgress(quiet)).run(resume)


def pinned(start: Start, began: date | None) -> Start:
    """The same, told a day: that on which was played; of a server, which tells none, that on which it began.

    Args:
        start: the policy to train.
        began: when the training began that goes on; None for one that begins.
    """
    day = start.author.day or began or date.today()
    return replace(start, author=start.author.model_copy(update={"day": day}))


class _Training:
    """One training, from its checked arguments to the adapter's folder."""

    def __init__(
        self,
        source: TrainingSource,
        out: Path,
        method: str,
        policy: str | None,
        start: Start,
        settings: TrainSettings,
        progress: TrainingProgress,
    ) -> None:
        self._source = source
        self._out = out
        self._method = method
        self._start = start
        self._settings = settings
        self._progress = progress
        self._work: dict[str, JsonValue] = {
            "method": method,
            "model": start.model,
            "revision": start.author.revision,
            "adapter": str(start.adapter) if start.adapter else None,
            "policy": policy,
            "export": str(source.folder),
            "rows_hash": source.digest(rows_of(method)),
            "day": str(start.author.day),
            "settings": settings.model_dump(mode="json"),
        }

    def run(self, resume: bool) -> Path:
        from palaestra.sims.training.trainers import lora_model

        revision = self._start.author.revision
        path = model_path(self._start.model, revision)
        for adapter in (self._start.adapter, *self._settings.mnpo.history):
            _check_adapter(adapter)
        tokenizer = tokenizer_of(path, revision)
        tokens = _tokens(tokenizer, self._start)
        train, left_out = self._rows("train", tokens)
        test, _ = self._rows("test", tokens)
        if not train:
            raise BadInput(
                f"every {self._method} row is longer than {self._settings.max_length} tokens",
                "Raise max_length, if the model allows it.",
            )
        counts = {"train": len(train), "test": len(test), "left_out": left_out}
        told = f", {left_out} longer than {self._settings.max_length} tokens left out" if left_out else ""
        self._progress.say(f"{self._method} on {len(train)} rows, tested on {len(test)}{told}")
        model = lora_model(path, revision, self._start.adapter, self._settings)
        with checkpoints.Unfinished(self._out, self._work, resume) as unfinished:
            self._train(unfinished, model, tokenizer, train, test, counts)
        return self._out

    def _rows(self, split: Split, tokens: Tokens) -> tuple[list[dict[str, Any]], int]:
        """The tokenised rows of a split that are short enough, and how many aren't."""
        try:
            ids = method_of(self._method).ids
            rows = [ids(row, tokens) for row in self._source.rows(rows_of(self._method), split)]
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise BadInput(
                f"a row of {self._source.folder / rows_of(self._method)} is not one: {error!r}",
                "Make the export anew.",
            ) from error
        except EngineUnavailable as error:
            raise BadInput(f"{self._start.model}: {error}", error.remedy) from error
        fitting = [row for row in rows if length(row) <= self._settings.max_length]
        return fitting, len(rows) - len(fitting)

    def _train(
        self,
        unfinished: checkpoints.Unfinished,
        model: Any,
        tokenizer: Any,
        train: list[dict[str, Any]],
        test: list[dict[str, Any]],
        counts: dict[str, int],
    ) -> None:
        from transformers import PrinterCallback

        from palaestra.sims.training.trainers import TrainingDiverged, Watch

        began, spent = perf_counter(), unfinished.seconds

        def saved() -> None:
            unfinished.seconds = round(spent + perf_counter() - began, 1)
            unfinished.note()

        make = imported(method_of(self._method).trainer)
        trainer = make(model, tokenizer, train, test, self._settings, unfinished.checkpoints)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Watch(self._progress, saved))
        last = unfinished.last
        try:
            if last is None:
                unfinished.before = self._evaluate(trainer, test, "before")
            else:
                # Beside the adapter TRL saves its starting point, the reference, which the model
                # has already. While it is there, transformers loads it alone, not the adapter.
                shutil.rmtree(last / "ref", ignore_errors=True)
            with self._progress:
                trainer.train(resume_from_checkpoint=str(last) if last else None)
            after = self._evaluate(trainer, test, "after")
            saved()
            self._write(unfinished, trainer, counts, after)
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted", "Go on with --resume." if unfinished.last else "") from error
        except TrainingDiverged:
            unfinished.discard()
            raise
        except OSError as error:
            raise unwritable(unfinished.folder, error) from error

    def _evaluate(self, trainer: Any, test: list[dict[str, Any]], when: str) -> dict[str, float] | None:
        if not test:
            return None
        measured = {key.removeprefix("eval_"): float(value) for key, value in trainer.evaluate().items()}
        told = {k: v for k, v in measured.items() if k.startswith(("rewards/", "logps/")) or k in KEPT}
        self._progress.say(f"test split {when}: {describe(told)}")
        return told

    def _write(
        self,
        unfinished: checkpoints.Unfinished,
        trainer: Any,
        counts: dict[str, int],
        after: dict[str, float] | None,
    ) -> None:
        """Write the adapter's folder and put it in its place."""
        folder = unfinished.folder / "adapter"
        trainer.model.save_pretrained(str(folder), selected_adapters=["default"])
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's, of which every field is empty
        about = self._source.about
        told: dict[str, Any] = {
            **self._work,
            "runs": [str(run) for run in about.runs],
            "scenario": about.scenario,
            "rows": counts,
            "steps": trainer.state.global_step,
            "loss": [
                {"step": logs["step"]} | {key: logs[key] for key in KEPT if key in logs}
                for logs in trainer.state.log_history
                if "loss" in logs
            ],
            "before": unfinished.before,
            "after": after,
            "device": str(trainer.accelerator.device),
            "dtype": str(trainer.model.dtype).removeprefix("torch."),
            "seconds": unfinished.seconds,
            "finished": now(),
            "versions": {name: version(name) for name in PACKAGES},
        }
        write_json(folder / checkpoints.TrainingState.file_name, told)
        unfinished.finish(folder)


def _require_packages() -> None:
    for name in NEEDED:
        try:
            version(name)
        except PackageNotFoundError as error:
            raise TrainerUnavailable(f"{name} is not installed", "pip install 'palaestra[train]'") from error


def model_path(name: str, revision: str | None) -> str:
    """What transformers loads the model `name` from, which has this revision."""
    if name == EMBEDDED_MODEL:
        return str(embedded_model.ensure())
    from transformers import AutoConfig

    path = str(Path(name).expanduser()) if name.startswith("~") else name
    try:
        AutoConfig.from_pretrained(path, trust_remote_code=False, revision=revision)
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0]
        raise BadInput(
            f"there is no model {name!r} here, nor could it be fetched: {reason}",
            f"Name a folder with a checkpoint, a Hugging Face id, or `{EMBEDDED_MODEL}`.",
        ) from error
    return path


def _check_adapter(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        told = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        kind, imports = told["peft_type"], told.get("megatron_config")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{folder} holds no LoRA adapter", "Name the folder that has adapter_config.json."
        ) from error
    if kind != "LORA":
        raise BadInput(f"{folder} is a {kind} adapter", "Only LoRA adapters can be trained on.")
    if imports is not None:  # PEFT would import the module that `megatron_core` names beside it
        raise BadInput(
            f"{folder} is an adapter for Megatron", "Only those for transformers can be trained on."
        )


def tokenizer_of(path: str, revision: str | None) -> Any:
    """The tokenizer of the model that `model_path` found."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path, trust_remote_code=False, revision=revision)


def _tokens(tokenizer: Any, start: Start) -> Tokens:
    try:
        told = start.author
        template = ChatTemplate(tokenizer, told.template_options, told.chat_template, told.day)
        return Tokens(template, int(tokenizer.eos_token_id))
    except EngineUnavailable as error:
        raise BadInput(f"{start.model}: {error}", error.remedy) from error


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep the libraries from talking: on the screen, and to their makers' servers."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if "WORLD_SIZE" not in os.environ:
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # TRL refuses several GPUs in one process
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
