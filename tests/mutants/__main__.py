"""Breaks the program in one place at a time, and tells whether the tests named beside that place notice.

    make mutants                                        all of them
    python -m tests.mutants export 'fleet*' --jobs 2    those of these names
    python -m tests.mutants --check                     only whether each still finds its place

Each mutant is made in a copy of the files that git tracks, where the same tests pass without it.
A mutant is one line of `listed.py`: a name, a file, a text that stands in it once, what is put in its
place (`RAISES`: the body of the function whose `def` the text is), and words for pytest: the files of
the tests, with `-k` where one of them is enough and the others take long.

Exit codes: 0 every mutant was noticed, 1 some survived, 2 one has lost its place, or tests don't run.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.mutants.listed import LISTED, RAISES

CHECKOUT = Path(__file__).parents[2]
SECONDS = 240
"""After which tests that a mutant makes wait for ever are stopped; that counts as noticed."""


class Stale(Exception):
    """A mutant whose text is not in its file, or more than once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that a test must notice."""

    name: str
    file: str
    text: str
    instead: str
    tests: str

    def files(self) -> list[str]:
        """The files of its tests."""
        return [word for word in shlex.split(self.tests) if word.endswith(".py")]

    def source(self, root: Path) -> str:
        """The changed file; raises `Stale`."""
        path = root / self.file
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found.count(self.text) != 1:
            raise Stale(f"{self.name}: {self.text!r} stands {found.count(self.text)} times in {self.file}")
        for test in self.files():
            if not (root / test).is_file():
                raise Stale(f"{self.name}: there is no {test}")
        return (
            _raising(found, self.text) if self.instead == RAISES else found.replace(self.text, self.instead)
        )


@dataclass(frozen=True, slots=True)
class Result:
    """Whether a mutant was "noticed", "SURVIVED", "hung" or is "UNTRIED"; after how long; who said so."""

    mutant: Mutant
    state: str
    seconds: float
    by: str


def _raising(source: str, definition: str) -> str:
    """The source with the function whose definition begins so raising at once."""
    line = source[: source.index(definition)].count("\n") + 1
    (function,) = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.lineno == line
    )
    first = function.body[1 if ast.get_docstring(function) else 0]
    lines = source.splitlines(keepends=True)
    lines.insert(first.lineno - 1, " " * first.col_offset + 'raise RuntimeError("mutant")\n')
    return "".join(lines)


def run(mutants: Sequence[Mutant], jobs: int = 1) -> Iterator[Result]:
    """Make each mutant and run its tests, `jobs` at a time; results come in the order of `mutants`."""
    with TemporaryDirectory(prefix="palaestra-mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(min(jobs, len(mutants))):
            copies.put(copy(Path(folder) / str(number)))

        def result(mutant: Mutant) -> Result:
            root = copies.get()
            try:
                return _tried(mutant, root)
            finally:
                copies.put(root)

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(result, mutants)


def copy(folder: Path) -> Path:
    """A copy of the files that git tracks, links as links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True, text=True
    )
    for name in listed.stdout.split("\0"):
        if name and (CHECKOUT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name, follow_symlinks=False)
    return folder


def _tried(mutant: Mutant, root: Path) -> Result:
    began = perf_counter()
    path = root / mutant.file
    unchanged = path.read_bytes()
    path.write_text(mutant.source(root), encoding="utf-8")
    try:
        code, said = tested(root, mutant.tests, SECONDS)
    finally:
        path.write_bytes(unchanged)
    seconds = perf_counter() - began
    if code is None:
        return Result(mutant, "hung", seconds, "")
    if code not in (0, 1):
        return Result(mutant, "UNTRIED", seconds, f"its tests don't run (pytest: exit code {code})\n{said}")
    first = re.search(r"^(?:FAILED|ERROR) \S+::([^\s\[]+)", said, re.MULTILINE)
    return Result(mutant, "noticed" if code else "SURVIVED", seconds, first[1] if first else "")


def tested(root: Path, tests: str, seconds: float | None) -> tuple[int | None, str]:
    """Pytest's exit code for these tests of the copy in `root`, until the first fails.

    None if they take longer than `seconds`, where there is a limit.
    """
    words = ["-x", "-q", "-n", "0", "-m", "not engine", "-p", "no:cacheprovider", *shlex.split(tests)]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, said


MUTANTS = [Mutant(*fields) for fields in LISTED]


def _chosen(patterns: Sequence[str]) -> list[Mutant]:
    chosen = [m for m in MUTANTS if not patterns or any(fnmatch(m.name, pattern) for pattern in patterns)]
    if not chosen:
        raise Stale(
            f"there is no mutant {', '.join(patterns)}; they are: {', '.join(m.name for m in MUTANTS)}"
        )
    return chosen


def _require_places(mutants: Sequence[Mutant]) -> None:
    """Raise `Stale` that tells of every mutant that has lost its place."""
    problems = []
    for mutant in mutants:
        try:
            mutant.source(CHECKOUT)
        except Stale as problem:
            problems.append(str(problem))
    if problems:
        raise Stale("\n".join(problems))


def _require_passing(mutants: Sequence[Mutant]) -> None:
    """Raise `Stale` where the tests don't pass without a mutant: all would be noticed then."""
    tests = " ".join(sorted({file for mutant in mutants for file in mutant.files()}))
    with TemporaryDirectory(prefix="palaestra-mutants-") as folder:
        code, said = tested(copy(Path(folder)), tests, seconds=None)
    if code != 0:
        raise Stale(f"without a mutant these tests fail: {tests}\n{said}")


def main() -> int:
    """The script; returns its exit code."""
    told = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    told.add_argument("names", nargs="*", help="of mutants, or patterns such as 'fleet*'; all by default")
    told.add_argument("--jobs", type=int, default=1, help="how many at a time")
    told.add_argument("--check", action="store_true", help="only see whether each still finds its place")
    told.add_argument("--trusting", action="store_true", help="don't run the tests without a mutant first")
    asked = told.parse_args()
    states: Counter[str] = Counter()
    try:
        chosen = _chosen(asked.names)
        _require_places(chosen)
        if asked.check:
            print(f"{len(chosen)} mutants find their places")
            return 0
        if not asked.trusting:
            _require_passing(chosen)
        wide = max(len(mutant.name) for mutant in chosen)
        for result in run(chosen, asked.jobs):
            states[result.state] += 1
            place = result.by or f"by none of {result.mutant.tests}"
            print(
                f"{result.mutant.name:<{wide}}  {result.state:<8}  {result.seconds:5.0f} s  {place}",
                flush=True,
            )
    except Stale as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    hung = f", {states['hung']} of them as their tests never ended" if states["hung"] else ""
    print(f"{states['noticed'] + states['hung']} of {len(chosen)} mutants were noticed{hung}")
    return 2 if states["UNTRIED"] else 1 if states["SURVIVED"] else 0


if __name__ == "__main__":
    sys.exit(main())
