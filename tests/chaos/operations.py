"""Every call by which this process changes files, so that a campaign can count it, fail it, or die at it.

Python's own files are opened here with a raw file of ours, as what they write goes by no function of `os`;
a Parquet file, which Polars writes by itself, is one call.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

import polars as pl
import pytest

T = TypeVar("T")
FUNCTIONS = (
    "open", "fsync", "fdatasync", "rename", "replace", "mkdir", "unlink", "remove", "rmdir", "truncate",
    "ftruncate", "link", "symlink",
)  # fmt: skip
WRITES = ("write", "pwrite")


class Meddler:
    """Counts the calls and lets them be.

    Args:
        at: the call that something happens at, from 1.

    Attributes:
        calls: how many there were.
    """

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.calls = 0

    def do(self, name: str, call: Callable[[], T]) -> T:
        """Do a call."""
        self.calls += 1
        return call()

    def write(self, name: str, data: bytes, call: Callable[[bytes], int]) -> int:
        """Do a call that writes `data`; how much of it was written."""
        return self.do(name, lambda: call(data))


class Counter(Meddler):
    """Notes the name of each call as a line of a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._note = os.write

    def do(self, name: str, call: Callable[[], T]) -> T:
        self._note(self._file, f"{name}\n".encode())
        return super().do(name, call)


class Killer(Meddler):
    """Kills this process before or after a call."""

    def __init__(self, at: int, when: Literal["before", "after"]) -> None:
        super().__init__(at)
        self.when = when

    def do(self, name: str, call: Callable[[], T]) -> T:
        self.calls += 1
        if self.calls == self.at and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = call()
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


class Torn(Meddler):
    """Kills this process in the middle of what a call writes, or before one that writes nothing."""

    def do(self, name: str, call: Callable[[], T]) -> T:
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return call()

    def write(self, name: str, data: bytes, call: Callable[[bytes], int]) -> int:
        if self.calls + 1 == self.at:
            call(data[: len(data) // 2])
        return super().write(name, data, call)


class Failer(Meddler):
    """Fails a call, or all from there on, as the file system would."""

    def __init__(self, at: int, number: int, lasting: bool) -> None:
        super().__init__(at)
        self.number = number
        self.lasting = lasting

    def do(self, name: str, call: Callable[[], T]) -> T:
        self.calls += 1
        if self.calls == self.at or (self.lasting and self.calls > self.at):
            raise OSError(self.number, os.strerror(self.number))
        return call()


class Shortener(Meddler):
    """Lets a call write only half of its data, as an interrupted one may."""

    def write(self, name: str, data: bytes, call: Callable[[bytes], int]) -> int:
        short = self.calls + 1 == self.at and len(data) > 1
        return super().write(name, data[: len(data) // 2] if short else data, call)


class _File(io.FileIO):
    """A raw file whose writes are calls too."""

    meddler: Meddler

    def write(self, data: Any) -> int:
        return self.meddler.write("write", bytes(data), super().write)


def put(meddler: Meddler) -> None:
    """Let `meddler` do every such call of this process from now on."""
    patch = pytest.MonkeyPatch()

    def by_name(name: str) -> None:
        there: Callable[..., Any] = getattr(os, name)
        patch.setattr(os, name, lambda *words, **named: meddler.do(name, lambda: there(*words, **named)))

    def writing(name: str) -> None:
        there: Callable[..., int] = getattr(os, name)
        patch.setattr(
            os,
            name,
            lambda file, data, *more: meddler.write(name, bytes(data), lambda part: there(file, part, *more)),
        )

    for name in FUNCTIONS:
        by_name(name)
    for name in WRITES:
        writing(name)
    plain = io.open

    def opened(file: Any, mode: str = "r", *words: Any, **named: Any) -> IO[Any]:
        if isinstance(file, int) or not set("wax+") & set(mode):
            return plain(file, mode, *words, **named)
        raw = meddler.do("open", lambda: _File(os.fspath(file), mode.replace("b", "").replace("t", "")))
        raw.meddler = meddler
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        encoding = named.get("encoding") or "utf-8"
        return io.TextIOWrapper(buffered, encoding, named.get("errors"), named.get("newline"))

    patch.setattr(io, "open", opened)
    patch.setattr(builtins, "open", opened)
    parquet = pl.DataFrame.write_parquet

    def written(frame: pl.DataFrame, file: Path, **named: Any) -> None:
        meddler.do("write_parquet", lambda: parquet(frame, file, **named))

    patch.setattr(pl.DataFrame, "write_parquet", written)
