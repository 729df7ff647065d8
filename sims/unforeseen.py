"""What nobody foresaw: one message, and a file with the traceback for who mends it."""

from __future__ import annotations

import os
import tempfile
import traceback
from pathlib import Path

from palaestra.agents.failures import PalaestraError

LONGEST = 300
"""Characters of an error's own words in the message; the file has them all."""


class Unforeseen(PalaestraError):
    """A failure that the program has no words for: a fault of its own, or of the machine."""


def unforeseen(error: BaseException, folder: Path | None = None) -> Unforeseen:
    """What `error` is to a user; its traceback is kept.

    Args:
        error: that was raised.
        folder: where the file with the traceback goes, such as the run's; by default, and where that can't be
            written, the system's folder for temporary files.
    """
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
