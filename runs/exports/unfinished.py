"""A folder that comes to be whole or not at all, whoever else makes one of that name meanwhile.

It is written under a name of its own beside its place. Who was killed leaves that behind, without its lock;
the next one who writes there takes it away.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from palaestra.agents.failures import BadInput
from palaestra.runs.record.disk import unwritable

BEGINNING, END = ".palaestra-", ".partial"


@contextlib.contextmanager
def becoming(out: Path) -> Iterator[Path]:
    """A new folder to write into, which becomes `out` when all went well, and is taken away when not.

    Raises:
        BadInput: there is an `out` by then.
        RunUnwritable: it can't be written.
    """
    try:
        partial, lock = _made(out.parent)
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        _clean(out.parent)
        yield partial
        partial.rename(out)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise exists(out) from error
        raise unwritable(out, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def exists(out: Path) -> BadInput:
    """The failure that `out` is there already."""
    return BadInput(f"{out} exists already", "Choose a new folder with --out, or remove it.")


def _made(folder: Path) -> tuple[Path, int]:
    """A new folder in `folder`, and the number of its lock; raises `OSError`."""
    while True:
        partial = folder / f"{BEGINNING}{secrets.token_hex(4)}{END}"
        partial.mkdir(parents=True)
        try:
            lock = _locked(partial)
        except (BlockingIOError, FileNotFoundError):  # another was quicker, and takes it for left behind
            continue
        if partial.exists():
            return partial, lock
        os.close(lock)


def _locked(folder: Path) -> int:
    """The number under which `folder` is open, locked by this process; raises `OSError`."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened


def _clean(folder: Path) -> None:
    """Take away what others left that were killed."""
    for left in folder.glob(f"{BEGINNING}*{END}"):
        with contextlib.suppress(OSError):  # who writes it has it locked
            lock = _locked(left)
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
