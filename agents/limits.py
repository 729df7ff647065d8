"""How much input is taken, and why no more: what goes beyond is refused with its number and the limit.

The limits are far beyond what experiments need. They keep a slip of the finger, or a file that was made to do
harm, from filling a memory or a disk, or from waiting for ever. Those of one scenario stand in its own rules.
"""

from __future__ import annotations

import stat
from pathlib import Path

from palaestra.agents.failures import BadInput

MOST_BYTES = 1_000_000
"""Of a YAML file: more is data, which belongs into other files; it would take minutes to read."""
MOST_PEOPLE_BYTES = 4_000_000_000
"""Of a file of people: ten million with long personas."""
MOST_DEPTH = 50
"""Mappings and lists inside each other: no scenario has ten, and Python's stack ends at some hundreds."""
MOST_NODES = 200_000
"""Values in a YAML file, each alias counted as all that it stands for: nine lines can stand for a billion."""
MOST_INTEGER = 2**63 - 1
"""Numbers are kept in 64 bits, in the log and in tables."""
MOST_DIGITS = 40
"""Characters of a number; it is exact with half of them."""
MOST_POINTS = 10_000
"""Of a sweep, each a run in a folder of its own."""
MOST_AGENTS = 5_000
"""In one file; each prompt may name them all. Larger groups are drawn: see `population`."""
MOST_EPISODES = 10_000_000
"""Of a run: `run.json` tells of each."""
MOST_LIVE = 100_000
"""Episodes under way at once, each held in memory."""
MOST_RETRIES = 1_000
"""Of an answer that can't be parsed, each with what the answers before have cost."""
MOST_FORESEEN_CALLS = 10_000
"""Of an episode that is played on made-up replies, to foresee what a run takes; "at least" is said beyond."""
MOST_FORESEEN_CHARACTERS = 20_000_000
"""Of the prompts of such an episode."""


def require_file(path: Path, most: int) -> None:
    """Refuse what a read might wait for, or never come to the end of.

    Args:
        path: that is about to be read.
        most: bytes that it may have.

    Raises:
        BadInput: it is a folder, a device, a pipe or a socket, or larger than that.
        OSError: it isn't there, or can't be looked at.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"{path} can't be read: it is {_kind(found.st_mode)}, no file", "Name a file.")
    if found.st_size > most:
        raise BadInput(f"{path} has {found.st_size:,} bytes; at most {most:,} are read")


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or a socket"


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """The text of the file `path`, UTF-8 with or without a byte order mark, line ends of any system.

    Raises:
        BadInput: see `require_file`; or it is no UTF-8.
        OSError: it can't be read.
    """
    require_file(path, most)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise BadInput(f"{path} has more than {most:,} bytes, which are read at most")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise BadInput(
            f"{path}:{line}:{column}: this can't be read: byte 0x{content[error.start]:02x} is no UTF-8",
            "Save the file as UTF-8.",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
