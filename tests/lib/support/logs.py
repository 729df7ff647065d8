"""Logs as a test wants them: of other records, or left by a process that was killed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from palaestra.runs.record.chain import sealed
from palaestra.runs.record.log import NAME
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState


def rewrite(folder: Path, records: Iterable[Record]) -> None:
    """Let the run's log hold `records`; its `run.json` tells nothing of them."""
    (folder / NAME).write_bytes(b"".join(sealed(list(records))))
    unstamp(folder)


def kill_after(folder: Path, lines: int) -> None:
    """Leave the run as a process killed after so many lines of its log would, in the middle of the next."""
    kept = (folder / NAME).read_bytes().splitlines(keepends=True)[:lines]
    (folder / NAME).write_bytes(b"".join(kept) + b'{"record": "ca')
    unstamp(folder)


def unstamp(folder: Path) -> None:
    """Take out of `run.json` what a sitting's end writes into it about the log."""
    RunState.read(folder).model_copy(update={"heads": {}}).write(folder)
