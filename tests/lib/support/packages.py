"""Packages of others, as if they were installed: their modules and what they register, in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.extensions import Extensions


def register(folder: Path, package: str, **groups: Mapping[str, str]) -> Path:
    """Write into `folder` what an installed `package` of one module registers; the module's file.

    Args:
        folder: that is, or will be, on the path.
        package: its name, and its module's.
        groups: entry points by group, such as `engines={"echo": "echo:ENGINE"}`.
    """
    info = folder / f"{package}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[palaestra.{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder / f"{package}.py"


@contextmanager
def installed(folder: Path, kind: Extensions[Any]) -> Iterator[None]:
    """The packages in `folder` are found by `kind` in this process; afterwards they are gone, modules too."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(kind, "places", kind.find())
        patch.setattr(kind, "_loaded", {})
        try:
            yield
        finally:
            for name in set(sys.modules) - before:
                if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                    del sys.modules[name]


def python_with(folder: Path, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `python WORDS` does where the packages in `folder` are installed too."""
    path = os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def palaestra_with(folder: Path, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `palaestra WORDS` does where the packages in `folder` are installed too."""
    return python_with(folder, "-m", "palaestra.sims.commands.app", *words, cwd=cwd)


IN_TURN = """\
import shlex, sys
from palaestra.sims.commands.app import main
for line in sys.argv[1:]:
    sys.argv = ["palaestra", *shlex.split(line)]
    try:
        main()
    except SystemExit as end:
        if end.code:
            sys.exit(f"{line}: {end.code}")
"""


def commands_with(folder: Path, *lines: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What command lines do one after another, in one process, until one fails."""
    return python_with(folder, "-c", IN_TURN, *lines, cwd=cwd)
