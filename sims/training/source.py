"""What a training reads: the folder of an export, its rows, and which policy made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.described import Author, Described

Row = Mapping[str, Any]
Split = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Start:
    """The policy that a training starts from.

    Attributes:
        model: `smollm2`, a folder or a Hugging Face id.
        adapter: folder of the LoRA adapter to go on from, None for a new one.
        author: the policy, with how its chat template was told.
    """

    model: str
    adapter: Path | None
    author: Author


class TrainingSource:
    """The folder of an export.

    Args:
        folder: as `palaestra export` wrote it.

    Attributes:
        about: what its `export.json` says.

    Raises:
        BadInput: it is not the folder of an export.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about = Described.read(folder)
        self._formats = self.about.formats
        self._policies = self.about.policies

    def require(self, form: str) -> None:
        """Check that the export has rows in the format `form` to train on.

        Raises:
            BadInput: it hasn't.
        """
        if form not in self._formats:
            raise BadInput(
                f"{self.folder} has no {form} rows, only {', '.join(self._formats)}",
                f"Export them with: palaestra export RUN --to {form}",
            )
        if not self._formats[form].get("train"):
            raise BadInput(
                f"the train split of {self.folder / form} is empty",
                "Play more episodes, or export with less strict rules.",
            )

    def rows(self, form: str, split: Split) -> Sequence[Row]:
        """The rows of a split, in the order of the file; none where the split has no file.

        The files are read here and not by `datasets.load_dataset`, which guesses the types of
        a JSONL file from its first 10 MiB and fails where a column is empty until then.

        Raises:
            BadInput: a file can't be read.
        """
        file = self._file(form, split)
        try:
            if file.suffix == ".parquet":
                return pl.read_parquet(file, glob=False).to_dicts()
            with file.open("rb") as lines:
                return [orjson.loads(line) for line in lines]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise BadInput(f"{file} can't be read: {error}", "Make the export anew.") from error

    def digest(self, form: str) -> str:
        """A hash of the train split's file, to know it again."""
        return blake2b(self._file(form, "train").read_bytes(), digest_size=8).hexdigest()

    def start(self, policy: str | None, model: str | None, adapter: Path | None) -> Start:
        """The policy to train.

        Args:
            policy: one of the export's: its model, on from its adapter if it has one. Needed
                where the export has several that differ in these.
            model: another model, instead of a policy's. It is told the day on which was played, and where it
                is the one that played, all else that its chat template was told.
            adapter: another adapter to go on from.

        Raises:
            BadInput: there is no such policy, or it is not clear which one.
        """
        if model is not None:
            return Start(model, adapter, self._told(policy, model))
        found = self._policy(policy)
        if not found.model:
            raise BadInput(
                f"{self.folder} doesn't say which model made it", "Name the model to train: --model."
            )
        own = Path(found.adapter) if found.adapter else None
        return Start(found.model, adapter or own, found)

    def _told(self, policy: str | None, model: str) -> Author:
        """How the chat template of `model` is told what it or another one played."""
        played = list(self._policies.values()) if policy is None else [self._policy(policy)]
        own = [author for author in played if author.model == model]
        told = [
            Author(
                revision=each.revision,
                template_options=each.template_options,
                chat_template=each.chat_template,
                day=each.day,
            )
            for each in own
        ]
        told = told or [Author(day=author.day) for author in played] or [Author()]
        if any(way != told[0] for way in told):
            raise BadInput(
                f"{self.folder} was played on several days or with several chat templates",
                "Say as which of its policies to train, with --policy.",
            )
        return told[0]

    def _policy(self, name: str | None) -> Author:
        names = ", ".join(self._policies)
        if name is not None and name not in self._policies:
            raise BadInput(f"{self.folder} has no policy {name!r}", f"It has: {names}.")
        if name is None and len({(p.model, p.adapter) for p in self._policies.values()}) > 1:
            raise BadInput(
                f"{self.folder} is of several policies: {names}",
                "Say which one to train, with --policy; or name a model with --model.",
            )
        return self._policies[name] if name else next(iter(self._policies.values()), Author())

    def _file(self, form: str, split: Split) -> Path:
        return self.folder / form / f"{split}.{self.about.file_type}"
