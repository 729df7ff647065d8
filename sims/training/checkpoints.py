"""Where a training is until it is finished: a folder beside its adapter's, from which it goes on.

`OUT.partial/` holds `training.json` (what is trained, the evaluation before it, seconds
spent), the checkpoints, and at the end the adapter, which becomes `OUT` by one rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from pydantic import JsonValue

from palaestra.agents.failures import BadInput, PalaestraError, RunLocked
from palaestra.runs.record.disk import unwritable
from palaestra.runs.record.documents import Document


class TrainingState(Document):
    """What `training.json` of an unfinished training says.

    Attributes:
        work: what is trained on what, JSON values.
        before: the evaluation before the first step; None without a test split.
        seconds: spent so far.
    """

    file_name: ClassVar[str] = "training.json"
    folder_is: ClassVar[str] = "the folder of a training"
    remedy: ClassVar[str] = "Begin one without --resume."
    unreadable: ClassVar[type[PalaestraError]] = BadInput

    work: dict[str, JsonValue]
    before: dict[str, float] | None = None
    seconds: float = 0.0


def partial(out: Path) -> Path:
    """The folder of an unfinished training of `out`."""
    return out.with_name(f"{out.name}.partial")


def resumable(out: Path) -> bool:
    """Whether a training of `out` was begun, took a checkpoint, and isn't finished."""
    return not out.exists() and _last_checkpoint(partial(out)) is not None


def check(out: Path, resume: bool) -> None:
    """Check that a training of `out` may begin, or go on.

    Raises:
        BadInput: `out` is finished; or one was begun and `resume` isn't wanted; or none was
            begun and `resume` is.
    """
    if out.exists():
        raise BadInput(f"{out} exists already", "Choose a new folder for the adapter.")
    if resume and not resumable(out):
        raise BadInput(f"no training of {out} was begun that could go on", "Begin one without --resume.")
    if not resume and resumable(out):
        raise BadInput(
            f"a training of {out} was begun and can go on", f"Add --resume, or delete {partial(out)}."
        )


def began_on(out: Path) -> date | None:
    """The day that chat templates are told in the training of `out` that was begun; None where it isn't told.

    Raises:
        BadInput: what was begun is damaged.
    """
    told = TrainingState.read(partial(out)).work.get("day")
    try:
        return date.fromisoformat(str(told)) if told is not None else None
    except ValueError as error:
        raise BadInput(f"{partial(out)} is damaged: its day is {told!r}", TrainingState.remedy) from error


class Unfinished:
    """The folder of a training under way, locked while it is.

    Args:
        out: folder of the adapter to be.
        work: what is trained on what, JSON values; a training goes on only with the same.
        resume: go on with what is there.

    Attributes:
        before, seconds: see `TrainingState`.

    Raises:
        BadInput: what was begun there is another training.
        RunLocked: another process trains it.
        RunUnwritable: the folder can't be made.
    """

    def __init__(self, out: Path, work: dict[str, JsonValue], resume: bool) -> None:
        self.out = out
        self.folder = partial(out)
        self.checkpoints = self.folder / "checkpoints"
        self._work = work
        self.before: dict[str, float] | None = None
        self.seconds = 0.0
        if resume:
            self._recall()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise RunLocked(f"another process is training {out}", "Wait for it to end.") from error
        if not resume:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
            self.note()

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock; nothing is left of a training without a checkpoint."""
        if self.out.exists() or self.last is None:
            self.discard()
        os.close(self._lock)

    @property
    def last(self) -> Path | None:
        """The last whole checkpoint."""
        return _last_checkpoint(self.folder)

    def note(self) -> None:
        """Write down what is trained, `before` and `seconds`."""
        TrainingState(work=self._work, before=self.before, seconds=self.seconds).write(self.folder)

    def finish(self, adapter: Path) -> None:
        """Make the folder `adapter` the finished one."""
        try:
            adapter.rename(self.out)
        except OSError as error:
            raise unwritable(self.out, error) from error

    def discard(self) -> None:
        """Delete what was begun."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _recall(self) -> None:
        state = TrainingState.read(self.folder)
        begun = state.work
        work = json.loads(json.dumps(self._work))
        if changed := [key for key in work if work[key] != begun.get(key)]:
            told = "; ".join(f"{key}: {begun.get(key)}, now {work[key]}" for key in changed)
            raise BadInput(
                f"the training of {self.out} that was begun is another one ({told})",
                f"Give what it was begun with, or delete {self.folder}.",
            )
        self.before, self.seconds = state.before, state.seconds


def _last_checkpoint(folder: Path) -> Path | None:
    whole = [path for path in folder.glob("checkpoints/checkpoint-*") if _is_whole(path)]
    return max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def _is_whole(checkpoint: Path) -> bool:
    """Whether its last file, the trainer's state, was written to the end."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
