"""What nobody foresaw: one message, and a file with the traceback for who mends it.

A file that the system refuses is no fault of the program: the message names it, and there is no traceback.
"""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from pathlib import Path

from palaestra.agents.failures import FileUnusable, PalaestraError

LONGEST = 300
"""Characters of an error's own words in the message; the file has them all."""


OF_THE_SYSTEM = frozenset(
    (
        *(errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
        *(errno.ELOOP, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE, errno.ETIMEDOUT),
    )
)
"""Errors that say how a disk, its rights and its limits are."""


class Unforeseen(PalaestraError):
    """A failure that the program has no words for: a fault of its own, or of the machine."""


def unforeseen(error: BaseException, folder: Path | None = None) -> PalaestraError:
    """What `error` is to a user; its traceback is kept.

    Args:
        error: that was raised.
        folder: where the file with the traceback goes, such as the run's; by default, and where that can't be
            written, the system's folder for temporary files.
    """
    if isinstance(error, OSError) and error.filename is not None and error.errno in OF_THE_SYSTEM:
        return FileUnusable(f"{os.fsdecode(error.filename)} can't be read or written: {error.strerror}")
    words = " ".join(str(error).split())
    told = f"{type(error).__name__}: {words[:LONGEST]}{'…' * (len(words) > LONGEST)}".rstrip(": ")
    trace = "".join(traceback.format_exception(error))
    for where in (folder, None) if folder else (None,):
        try:
            handle, name = tempfile.mkstemp(".txt", "palaestra-traceback-", where)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(trace)
        except OSError:
            continue
        return Unforeseen(f"unforeseen: {told}", f"The traceback is in {name}: please report it.")
    return Unforeseen(f"unforeseen: {told}", f"No file could be written for its traceback:\n{trace}")
