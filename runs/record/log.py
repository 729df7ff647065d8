"""The log: an append-only file of JSON lines that is on disk before anyone acts on it.

One process writes; a lock on the file keeps others out. A write that the machine did not
finish leaves at most one torn line, which nobody has acted on: it is cut off when the
log is opened again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from palaestra.agents.failures import RunLocked, RunUnreadable, RunUnwritable
from palaestra.runs.record.records import Record

NAME = "log.jsonl"


class Log:
    """The open log of a run folder.

    Args:
        folder: the run folder.

    Raises:
        RunLocked: another process is writing this log.
        RunUnwritable: the folder or file can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise RunLocked(
                f"another process is writing {folder}", "Wait for it to end, or choose another --out."
            ) from error
        try:
            self._end = _whole_lines(self._file)
            if self._end < os.fstat(self._file).st_size:
                os.ftruncate(self._file, self._end)
        except OSError as error:
            os.close(self._file)
            raise unwritable(self.path, error) from error

    def append(self, lines: bytes) -> None:
        """Write `lines` and return once they are on disk.

        Raises:
            RunUnwritable: they could not be written; the log keeps what it had.
        """
        try:
            written = 0
            while written < len(lines):
                written += os.pwrite(self._file, lines[written:], self._end + written)
            os.fdatasync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise unwritable(self.path, error) from error
        self._end += len(lines)

    def close(self) -> None:
        """Release the file and its lock."""
        os.close(self._file)


def read(folder: Path) -> Iterator[Record]:
    """The records of the log in `folder`, in the order in which they were written.

    A torn last line is left out.

    Raises:
        RunUnreadable: there is no log, or a line in its middle is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunUnreadable(f"{folder} holds no {NAME}", "Name the folder of a run, such as outputs/debate-…")
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise RunUnreadable(
                    f"{path}, line {number} is damaged: {error}",
                    "Restore the file, or delete this line and all after it and resume.",
                ) from error


def _whole_lines(file: int) -> int:
    """Length in bytes of the file up to its last line end."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - 65536)
        block = os.pread(file, end - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def unwritable(path: Path, error: OSError) -> RunUnwritable:
    """The failure that `error` is when `path` was to be written."""
    remedy = {
        errno.ENOSPC: "Free some space on that disk, then resume.",
        errno.EDQUOT: "Free some of your quota, then resume.",
        errno.ENOENT: "The folder was taken away while the run was under way.",
        errno.EROFS: "Choose a folder on a writable disk with --out.",
        errno.EACCES: "Choose a folder that you may write with --out.",
        errno.EPERM: "Choose a folder that you may write with --out.",
    }.get(error.errno or 0, "Choose another folder with --out.")
    return RunUnwritable(f"{path} can't be written: {error.strerror}", remedy)
