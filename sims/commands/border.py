"""Around every command: however it ends, the user reads one message at most, and never a traceback."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

import typer

from palaestra.agents.failures import BadInput, Interrupted, PalaestraError
from palaestra.sims.terminal import Unsayable, say, take_any_text, warn
from palaestra.sims.unforeseen import unforeseen

NO_TEXT = re.compile("[\ud800-\udfff]")
"""What stands for a byte that is no UTF-8."""


class _Context(Protocol):
    command_path: str


@runtime_checkable
class Misused(Protocol):
    """What Typer raises for words that make no command."""

    ctx: _Context | None
    exit_code: int

    def format_message(self) -> str:
        """What is wrong with them."""


def guarded(command: Callable[[], object]) -> int:
    """Do `command`, say how it failed if it did, and return the exit code."""
    take_any_text()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warned
            code = _ended(command)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:  # the reader went away, as `| head` does
        _forget_output()
        return 1
    except OSError as error:  # a disk is full, say
        _forget_output()
        warn(f"error: what was to be said can't be written: {error.strerror}\n  Write it somewhere else.")
        return 1
    return code


def require_utf8(words: Iterable[str]) -> None:
    """Refuse files and folders that not all can name who read and write a run: Parquet, JSON, a page.

    Args:
        words: that were typed; each may be one.

    Raises:
        BadInput: a name, also of a folder that it leads to, holds bytes that are no UTF-8.
    """
    for word in words:
        path = word.partition("=")[2] if word.startswith("--") else word
        for name in (word, os.path.realpath(path.replace("\0", ""))):
            if NO_TEXT.search(name):
                raise BadInput(
                    f"the name {name} isn't in UTF-8", "Rename that file or folder; a link to it won't do."
                )


def _ended(command: Callable[[], object]) -> int:
    """Do `command` and say how it failed; raises only what happens where it writes."""
    try:
        code = command()
        return code if isinstance(code, int) else 0
    except (BrokenPipeError, Unsayable):
        raise
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except (KeyboardInterrupt, typer.Abort):
        failure: PalaestraError = Interrupted("interrupted")
    except PalaestraError as error:
        failure = error
    except Exception as error:
        if isinstance(error, Misused):
            return _misused(error)
        failure = unforeseen(error)
    warn(f"error: {failure}")
    return failure.exit_code


def _misused(error: Misused) -> int:
    """Tell what is wrong with the words that were typed; a command without any has shown its help."""
    told = error.format_message()
    if told:
        help_of = error.ctx.command_path if error.ctx is not None else "palaestra"
        warn(f"error: {told}\n  See: {help_of} --help")
    return error.exit_code


def _warned(message: Warning | str, *_: object, **__: object) -> None:
    if sys.stderr is not None:
        say(f"warning: {message}", to=sys.stderr)


def _forget_output() -> None:
    """Let what is still to be written go nowhere: Python would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            os.dup2(nowhere, 1 if stream is sys.stdout else 2)
    os.close(nowhere)
