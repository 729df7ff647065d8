"""A command in a process of its own that dies, as by `kill -9`, at the file operation of a given number."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from palaestra.sims.commands.app import main
from support.sitting import PROCESSES

OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"}
"""The audit events of what changes a folder, besides the syncs, which have none."""
KILLED = 9


def killed_at(operation: int, folder: Path, *words: str | Path) -> bool:
    """Do what `palaestra WORDS` does in `folder` until it is killed; False if it ended before.

    Args:
        operation: it dies just before its file operation of this number, counted from 1, in `folder`.
        folder: where it is.
        words: as typed.
    """
    process = PROCESSES.Process(target=_do, args=(operation, folder, [str(word) for word in words]))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, KILLED), code
    return code == KILLED


def _do(operation: int, folder: Path, words: list[str]) -> None:
    os.chdir(folder)
    step = _killer(operation)

    def heard(event: str, facts: tuple[object, ...]) -> None:
        if event in OPERATIONS and isinstance(facts[0], str | Path):
            path = Path(facts[0]).absolute()
            if path.is_relative_to(folder) and path.suffix != ".pyc":
                step()

    patch = pytest.MonkeyPatch()  # the process ends with the command
    for name in ("fsync", "fdatasync"):
        patch.setattr(os, name, _stepping(step, getattr(os, name)))
    patch.setattr(sys, "argv", ["palaestra", *words])
    patch.setattr("sys.unraisablehook", lambda _: None)
    sys.addaudithook(heard)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        try:
            main()
        except SystemExit as left:
            if left.code:
                raise AssertionError(said.getvalue()) from left


def _killer(operation: int) -> Callable[[], None]:
    done = [0]

    def step() -> None:
        done[0] += 1
        if done[0] == operation:
            os._exit(KILLED)

    return step


def _stepping(step: Callable[[], None], sync: Callable[[int], None]) -> Callable[[int], None]:
    def synced(file: int) -> None:
        step()
        sync(file)

    return synced
