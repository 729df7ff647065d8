"""Files that are there after a crash, whole or as they were before, and why they can't be written."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from palaestra.agents.failures import PalaestraError, RunUnreadable, RunUnwritable


def replace(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Replace the file `path` by `content`, whole or not at all; raises `RunUnwritable`."""
    new = unnamed(path)
    try:
        refuse_link(new)
        with new.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sync_folder(path.parent)
    except (OSError, PalaestraError) as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise (unwritable(path, error) if isinstance(error, OSError) else error) from error


def refuse_link(path: Path) -> None:
    """Raise `OSError` where `path`, in a folder that may be a stranger's, leads to a file elsewhere."""
    if path.is_symlink() and not path.is_char_device():  # of a device nothing is lost
        raise OSError(errno.ELOOP, "it is a link")


def own_folder(run: Path, name: str) -> Path:
    """The folder `name` of the run in `run`, there or not; raises `RunUnwritable` where it is a link."""
    folder = run / name
    try:
        refuse_link(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def unnamed(path: Path) -> Path:
    """Where what is to become the file `path` is written, until it is whole."""
    return path.with_name(f"{path.name}.new")


def sync_folder(folder: Path) -> None:
    """Return once the names in `folder` are on disk: a file is lost with its name otherwise."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise `RunUnreadable` where the file `path` can't be read."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.EACCES: "Give yourself the right to read it.",
            errno.EIO: "Its disk may be failing: copy the folder to another one.",
        }.get(error.errno or 0, "")
        told = path if error.filename is None else os.fsdecode(error.filename)
        raise RunUnreadable(f"{told} can't be read: {error.strerror}", remedy) from error


def unwritable(path: Path, error: OSError) -> RunUnwritable:
    """The failure that `error` is when `path` was to be written."""
    remedy = {
        errno.ENOSPC: "Free some space on that disk, then resume.",
        errno.EDQUOT: "Free some of your quota, then resume.",
        errno.ENOENT: "The folder was taken away while the run was under way.",
        errno.ELOOP: "A run is written into its own folder alone: put the file itself there.",
        errno.EROFS: "Choose a folder on a writable disk with --out.",
        errno.EACCES: "Choose a folder that you may write with --out.",
        errno.EPERM: "Choose a folder that you may write with --out.",
    }.get(error.errno or 0, "Choose another folder with --out.")
    return RunUnwritable(f"{path} can't be written: {error.strerror}", remedy)
