"""The command line in this process, as `palaestra` does it: words in; exit code and what is said out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from palaestra.sims.commands.app import app, main

COLUMNS = "200"
"""So wide a terminal that no table is wrapped."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What stands on standard output, however it was laid out: words with one space between them."""
        return " ".join(self.out.split())


def palaestra(*words: str | Path, cwd: Path | None = None, foreseen: bool = True) -> Done:
    """Do what `palaestra WORDS` does.

    Args:
        words: as typed, the shell's quotes taken off.
        cwd: the folder to be in; by default the tests' own.
        foreseen: fail where the program has no words of its own for how it ends.
    """
    out, err = StringIO(), StringIO()
    code: int | str | None = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd or Path.cwd()):
        patch.setenv("COLUMNS", COLUMNS)
        patch.setattr(sys, "argv", ["palaestra", *map(str, words)])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as left:
                code = left.code
    assert code is None or isinstance(code, int), code
    assert not foreseen or "error: unforeseen: " not in err.getvalue(), err.getvalue()
    return Done(code or 0, out.getvalue(), err.getvalue())


def done(*words: str | Path, cwd: Path | None = None) -> str:
    """What a command that succeeds says on standard output, in words."""
    ended = palaestra(*words, cwd=cwd)
    assert ended.code == 0, ended.err
    return ended.words


def refused(*words: str | Path, cwd: Path | None = None) -> str:
    """What a command says on standard error whose input is wrong: one message, and exit code 2."""
    ended = palaestra(*words, cwd=cwd)
    assert ended.code == 2, ended.out
    assert ended.err.startswith("error: ")
    return ended.err


def commands() -> list[str]:
    """Every command as it is typed, such as "run" and "population draw"."""

    def inside(group: object, words: str = "") -> Iterator[str]:
        assert isinstance(group, TyperGroup)
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from inside(command, f"{words}{name} ")
            else:
                yield f"{words}{name}"

    return list(inside(typer.main.get_command(app)))
