"""A command of `palaestra` in a process of its own, so that it can be killed, starved and measured.

The process is a fork of this one, which has imported everything already: a command costs milliseconds. So
nothing here may compute with Polars, whose threads a fork would lose.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import FileIO, TextIOWrapper
from pathlib import Path
from time import monotonic

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.sims.commands.app import main
from palaestra.sims.engines.fleet import Fleet

SECONDS = 120
"""Of CPU time or on the clock, after which a command counts as hanging."""
BYTES = 6 << 30
"""Of address space, so that a command that goes wild fails instead of the machine."""
TRACEBACK = "Traceback (most recent call last)"


class Failed(Exception):
    """What the campaign looks for: a command that did other than it should."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, or minus the signal that killed it; what it said; its CPU time."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    cpu: float

    def told(self) -> str:
        """The command and the end of what it said, in words."""
        said = "\n".join((self.out + self.err).strip().splitlines()[-12:])
        return f"`palaestra {' '.join(self.words)}` ended with {self.code}: {said}"

    def well(self) -> Ended:
        """Itself; raises `Failed` unless it succeeded."""
        if self.code != 0 or TRACEBACK in self.err:
            raise Failed(self.told())
        return self

    def refused(self) -> Ended:
        """Itself; raises `Failed` unless it failed with one message."""
        if self.code == 0:
            raise Failed(f"not noticed: {self.told()}")
        return self.plain()

    def plain(self) -> Ended:
        """Itself; raises `Failed` unless it succeeded, or failed with one message and no traceback."""
        if TRACEBACK in self.err or self.code not in (0, 1, 2) or (self.code and "error: " not in self.err):
            raise Failed(self.told())
        if self.err.count("error: ") > 1 and self.err.startswith("error: error: "):
            raise Failed(self.told())
        return self


def palaestra(
    *words: str | Path,
    cwd: Path,
    before: Callable[[], object] = lambda: None,
    asked: Path | None = None,
    kill_after: float | None = None,
    cpu: int = SECONDS,
) -> Ended:
    """Do `palaestra WORDS` in the folder `cwd`.

    Args:
        words: as typed.
        cwd: the folder to be in, and the user's home.
        before: done first in the new process; here faults are put in its way.
        asked: a file that gets a byte for every call that an engine is asked.
        kill_after: seconds after which the process is killed.
        cpu: seconds of CPU time that it may take.
    """
    typed = tuple(map(str, words))
    sys.stdout.flush()
    out, err = os.pipe(), os.pipe()  # not files, which a limit on their size would hit too
    process = os.fork()
    if process == 0:
        _become(typed, cwd, (out[1], err[1]), cpu, before, asked)
    os.close(out[1])
    os.close(err[1])
    said = {out[0]: b"", err[0]: b""}
    hung = _listen(process, said, SECONDS if kill_after is None else kill_after) and kill_after is None
    _, status, used = os.wait4(process, 0)
    if hung:
        raise Failed(f"`palaestra {' '.join(typed)}` hung")
    code, seconds = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
    words_out, words_err = (text.decode(errors="replace") for text in said.values())
    return Ended(typed, code, words_out, words_err, seconds)


def _listen(process: int, said: dict[int, bytes], seconds: float) -> bool:
    """Take in what is `said` through pipes to their ends; whether `process` was killed after so long."""
    until, killed = monotonic() + seconds, False
    listening = list(said)
    while listening:
        ready, _, _ = select.select(listening, [], [], max(0.0, until - monotonic()))
        if not ready:
            os.kill(process, signal.SIGKILL)
            until, killed = monotonic() + SECONDS, True
        for pipe in ready:
            if words := os.read(pipe, 65536):
                said[pipe] += words
            else:
                listening.remove(pipe)
                os.close(pipe)
    return killed


def _become(
    words: Sequence[str],
    cwd: Path,
    said: tuple[int, int],
    cpu: int,
    before: Callable[[], object],
    asked: Path | None,
) -> None:
    """Do the command in this process, and end it."""
    code = 1
    try:
        for file, number in zip(said, (1, 2), strict=True):
            os.dup2(file, number)
        # A file of this process's own, with nothing in it that the other one had still to write.
        sys.stdout = TextIOWrapper(FileIO(1, "w", closefd=False), "utf-8", write_through=True)
        sys.stderr = TextIOWrapper(
            FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True
        )
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        os.chdir(cwd)
        os.environ.update(HOME=str(cwd), PALAESTRA_CACHE=str(cwd / ".cache"), COLUMNS="200")
        sys.argv = ["palaestra", *words]
        if asked is not None:
            _count(asked)
        before()
        main()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _count(asked: Path) -> None:
    """Add a byte to `asked` for every call that an engine is asked."""
    counter = os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ask, write = Fleet.ask, os.write

    async def counted(fleet: Fleet, call: Call) -> Reply:
        write(counter, b".")
        return await ask(fleet, call)

    pytest.MonkeyPatch().setattr(Fleet, "ask", counted)  # the process ends with the command
