"""A run's files that can't be read: one message that names the file, nothing lost, nothing overwritten.

From one read on, all of the same file or folder fail, as on a disk with a bad block or after `chmod`.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import copytree, rmtree
from typing import IO, Any, TypeVar

import polars as pl
import pytest
from tests.chaos.case import Case, Family
from tests.chaos.child import Ended, Failed, palaestra
from tests.chaos.operations import Killer, put
from tests.chaos.subjects import OUT

T = TypeVar("T")
ERRORS = (errno.EIO, errno.EACCES)
BY_PATH = ("stat", "lstat", "listdir", "scandir")
BY_NUMBER = ("read", "pread")
RUN = "RUN"
"""Stands for the folder of a run."""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("show", RUN),
    ("show", RUN, "--call", "0"),
    ("metrics", RUN),
    ("report", RUN, "--out", "report.html"),
    ("export", RUN, "--to", "sft", "--out", "rows"),
    ("compare", RUN, RUN),
    ("branch", RUN, "--most", "2", "--quiet", "--out", "branched"),
    ("repair", RUN),
    ("resume", RUN, "--quiet"),
)


class Watch:
    """Notes each read within a folder as a line of a file, and fails some.

    Args:
        folder: the folder.
        note: the file.
        at: the read from which on its file can't be read, from 1.
        number: of the error that is raised then.
    """

    def __init__(self, folder: Path, note: Path, at: int = 0, number: int = 0) -> None:
        self._within = f"{folder.resolve()}{os.sep}"
        self._note = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._write = os.write
        self._at = at
        self._number = number
        self._calls = 0
        self._bad = ""
        self.opened: dict[int, str] = {}

    def do(self, name: str, file: object, call: Callable[[], T]) -> T:
        """Do a read of a file."""
        path = str(Path.cwd() / os.fsdecode(file)) if isinstance(file, str | bytes | os.PathLike) else ""
        if not path.startswith(self._within):
            return call()
        self._calls += 1
        if self._calls == self._at:
            self._bad = path
        self._write(self._note, f"{name} {path}\n".encode())
        if path == self._bad:
            told = (path,) if name not in BY_NUMBER else ()  # Python tells no name there either
            raise OSError(self._number, os.strerror(self._number), *told)
        return call()


class _Read(io.FileIO):
    """A raw file whose reads are watched."""

    watch: Watch

    def readinto(self, buffer: Any) -> int | None:
        return self.watch.do("read", self.name, lambda: super(_Read, self).readinto(buffer))

    def readall(self) -> bytes:
        return self.watch.do("read", self.name, super().readall)


def watched(folder: Path, note: Path, at: int = 0, number: int = 0) -> None:
    """Let every read of this process within `folder` be watched from now on; see `Watch`."""
    watch, patch = Watch(folder, note, at, number), pytest.MonkeyPatch()
    for name in BY_PATH:
        patch.setattr(os, name, _by_path(watch, name))
    for name in BY_NUMBER:
        patch.setattr(os, name, _by_number(watch, name))
    opened = _opened(watch)
    patch.setattr(io, "open", opened)
    patch.setattr(builtins, "open", opened)
    patch.setattr(os, "open", _opened_by_number(watch))
    parquet = pl.read_parquet

    def read_parquet(file: Path, **named: Any) -> pl.DataFrame:
        return watch.do("read_parquet", file, lambda: parquet(file, **named))

    patch.setattr(pl, "read_parquet", read_parquet)


def _by_path(watch: Watch, name: str) -> Callable[..., Any]:
    there: Callable[..., Any] = getattr(os, name)

    def done(file: Any = ".", *words: Any, **named: Any) -> Any:
        return watch.do(name, file, lambda: there(file, *words, **named))

    return done


def _by_number(watch: Watch, name: str) -> Callable[..., bytes]:
    there: Callable[..., bytes] = getattr(os, name)

    def done(file: int, *words: int) -> bytes:
        return watch.do(name, watch.opened.get(file), lambda: there(file, *words))

    return done


def _opened(watch: Watch) -> Callable[..., IO[Any]]:
    plain = io.open

    def opened(file: Any, mode: str = "r", *words: Any, **named: Any) -> IO[Any]:
        if isinstance(file, int) or set("wax+") & set(mode):
            return plain(file, mode, *words, **named)
        raw = watch.do("open", file, lambda: _Read(os.fspath(file)))
        raw.watch = watch
        buffered = io.BufferedReader(raw)
        if "b" in mode:
            return buffered
        encoding = named.get("encoding") or "utf-8"
        return io.TextIOWrapper(buffered, encoding, named.get("errors"), named.get("newline"))

    return opened


def _opened_by_number(watch: Watch) -> Callable[..., int]:
    there = os.open

    def opened(file: Any, flags: int, *words: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_CREAT):
            return there(file, flags, *words, **named)
        number = watch.do("open", file, lambda: there(file, flags, *words, **named))
        watch.opened[number] = os.fsdecode(file)
        return number

    return opened


def finished(case: Case) -> None:
    """A command that reads a finished run."""
    subject, _ = case.subject()
    folder = subject.copy(case.folder).parent
    run = min((folder / OUT).rglob("run.json")).parent.relative_to(folder)
    words = tuple(str(run) if word == RUN else word for word in case.chance.choice(COMMANDS))
    case.note(f"{subject.name}: {' '.join(words)}")

    def do(where: Path, before: Callable[[], object] = lambda: None) -> Ended:
        return palaestra(*words, cwd=where, before=before).plain()

    undisturbed = _failing(case, folder, do)
    subject.same(folder)
    rmtree(folder / "branched", ignore_errors=True)  # begun, and to be resumed
    again = do(folder)
    if again.code != undisturbed.code:
        raise Failed(f"afterwards, in place of {undisturbed.code}: {again.told()}")


def unfinished(case: Case) -> None:
    """What goes on with something that was killed."""
    subject, _ = case.subject()
    folder, at = subject.place(case.folder), case.chance.randrange(len(subject.calls)) + 1
    case.note(f"{subject.name}: killed at call {at} of {len(subject.calls)}, gone on with")
    subject.begin(folder, partial(put, Killer(at, "before")))

    def do(where: Path, before: Callable[[], object] = lambda: None) -> Ended:
        return subject.go_on(where, before).plain()

    _failing(case, folder, do)
    subject.finish(folder)


def _failing(case: Case, folder: Path, do: Callable[..., Ended]) -> Ended:
    """Do something with a file of `OUT` that can't be read; how it ends undisturbed."""
    copy, note = copytree(folder, folder.with_name("undisturbed")), folder.with_name("reads")
    undisturbed = do(copy, partial(watched, copy / OUT, note))
    reads = note.read_text().splitlines()
    if not reads:
        return undisturbed
    at, number = case.chance.randrange(len(reads)) + 1, case.chance.choice(ERRORS)
    name, _, path = reads[at - 1].partition(" ")
    bad = Path(path).relative_to(copy)
    case.note(f"from its read {at} of {len(reads)} on ({name}) {bad} fails with {errno.errorcode[number]}")
    ended = do(folder, partial(watched, folder / OUT, note, at, number))
    if "unforeseen" in ended.err:
        raise Failed(f"nobody foresaw it: {ended.told()}")
    if ended.code not in (0, undisturbed.code) and bad.name.removesuffix(".new") not in ended.err:
        raise Failed(f"{bad.name} isn't named: {ended.told()}")
    return undisturbed


FAMILIES: dict[str, Family] = {"of a finished run": finished, "of an unfinished run": unfinished}
