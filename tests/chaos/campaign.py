"""A campaign of faults: whatever happens to a run, its files or engine, nothing is lost or told wrong.

With `tests/lib` on PYTHONPATH, as `make chaos` has it:

    make chaos                                              every kind, bounded in count and time
    python -m tests.chaos.campaign --only kills,damage      these kinds
    python -m tests.chaos.campaign --seed 7 --rounds 200    another chance, and more of it
    python -m tests.chaos.campaign --seed 7 --case 'kills: at a call: 12'       one case again

Cases come in an order of chance: with enough rounds every call is killed at, and a log cut at every byte.
Everything is played by the program's own commands on made-up replies. Each case is drawn by the seed and its
number alone (`kills: at a moment` by how fast the machine is, too). A failure is printed with the command
that repeats it.

Exit codes: 0 all was well, 1 something failed, 2 the words on the command line are wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.chaos import damage, disk, documents, engines, files, kills, reads, servers, texts
from tests.chaos.case import Case, Family
from tests.chaos.child import Failed
from tests.chaos.preload import preload
from tests.chaos.subjects import Subjects

KINDS: dict[str, dict[str, Family]] = {
    "kills": kills.FAMILIES,
    "damage": damage.FAMILIES,
    "documents": documents.FAMILIES,
    "disk": disk.FAMILIES,
    "reads": reads.FAMILIES,
    "files": files.FAMILIES,
    "engines": engines.FAMILIES,
    "servers": servers.FAMILIES,
    "texts": texts.FAMILIES,
}
SECONDS_BETWEEN_LINES = 10
SUBJECTS: Subjects
"""Made before the workers are, which are forks and so have it."""
FAMILIES = {f"{kind}: {family}": play for kind, found in KINDS.items() for family, play in found.items()}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case: how it failed, or nothing; see `Case` for the others."""

    family: str
    index: int
    failure: str
    seconds: float
    stopped: bool


def play(family: str, index: int, seed: int) -> Result:
    """Play one case in a folder of its own."""
    folder = SUBJECTS.folder / f"case-{os.getpid()}"
    case = Case(SUBJECTS, family, index, seed, folder / "case")
    try:
        FAMILIES[family](case)
        failure = ""
    except Failed as failed:
        failure = f"{', '.join(case.done)}\n{failed}"
    except Exception:
        failure = f"{', '.join(case.done)}\n{traceback.format_exc()}"
    shutil.rmtree(folder, ignore_errors=True)
    return Result(family, index, failure, case.seconds, case.stopped)


def results(cases: Iterator[tuple[str, int]], seed: int, jobs: int, minutes: float) -> Iterator[Result]:
    """Play `cases`, so many at a time, until all are done or the time is over."""
    until = monotonic() + 60 * minutes
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        waiting: set[Future[Result]] = set()
        while True:
            room = 2 * jobs - len(waiting) if monotonic() < until else 0
            waiting |= {pool.submit(play, family, index, seed) for family, index in islice(cases, room)}
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def table(played: Counter[str], failed: Counter[str]) -> list[str]:
    """The figures: of each family how many cases there were, went well, and failed."""
    rows: list[tuple[object, ...]] = [("kind", "cases", "well", "failures")]
    rows += [(name, played[name], played[name] - failed[name], failed[name]) for name in played]
    rows.append(("all", played.total(), played.total() - failed.total(), failed.total()))
    return [f"{name!s:<28} {cases!s:>7} {well!s:>7} {failures!s:>9}" for name, cases, well, failures in rows]


def campaign(cases: Iterator[tuple[str, int]], seed: int, minutes: float, jobs: int) -> bool:
    """Play `cases`; tell of progress and failures, and the table; whether all went well."""
    played, failed, began = Counter[str](), Counter[str](), monotonic()
    slowest, stopped = 0.0, 0
    tell_at = began + SECONDS_BETWEEN_LINES
    for result in results(cases, seed, jobs, minutes):
        played[result.family] += 1
        slowest = max(slowest, result.seconds)
        stopped += result.stopped
        if result.failure:
            failed[result.family] += 1
            again = f"python -m tests.chaos.campaign --seed {seed} --case '{result.family}: {result.index}'"
            print(f"\nFAILED {result.failure}\n  again: {again}", flush=True)
        if monotonic() >= tell_at:
            tell_at = monotonic() + SECONDS_BETWEEN_LINES
            print(
                f"{played.total()} cases, {failed.total()} failures, {monotonic() - began:.0f} s", flush=True
            )
    print("\n".join(["", *table(played, failed)]))
    print(f"a file was checked in {slowest:.2f} s of CPU time at most")
    print(f"{stopped} plays were stopped after {files.PLAYING} s; they are long, as `--estimate` told")
    print(f"seed {seed}, {monotonic() - began:.0f} s, {jobs} jobs")
    return not failed


def chosen(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> list[tuple[str, int]]:
    """The cases that the command line asks for."""
    if asked.case:
        cases = [(family, number) for family, _, number in (words.rpartition(": ") for words in asked.case)]
        wrong = [family for family, number in cases if family not in FAMILIES or not number.isdecimal()]
    else:
        only = [word.strip() for word in (asked.only or ",".join(KINDS)).split(",")]
        wrong = [word for word in only if word not in KINDS and word not in FAMILIES]
        families = [name for name in FAMILIES if name in only or name.split(":")[0] in only]
        cases = [(family, str(index)) for index in range(asked.rounds) for family in families]
    if wrong:
        parser.error(f"there is no {wrong[0]!r}; there are: {'; '.join(FAMILIES)}")
    return [(family, int(number)) for family, number in cases]


def main() -> int:
    """Play what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Kinds: {', '.join(KINDS)}.",
    )
    parser.add_argument("--seed", type=int, default=1, help="of all chance (default: 1)")
    parser.add_argument("--rounds", type=int, default=100, help="cases of each family (default: 100)")
    parser.add_argument("--minutes", type=float, default=20, help="no case begins later (default: 20)")
    parser.add_argument("--only", metavar="KIND,…", help="only these kinds or families of kinds")
    parser.add_argument("--case", metavar="'FAMILY: NUMBER'", action="append", help="only this; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (default: 2)")
    asked = parser.parse_args()
    cases = chosen(parser, asked)
    print(f"seed {asked.seed}, {len(cases)} cases, at most {asked.minutes:g} minutes", flush=True)
    preload()
    with TemporaryDirectory(prefix="palaestra-chaos-") as folder:
        global SUBJECTS
        SUBJECTS = Subjects(Path(folder) / "subjects")
        return 0 if campaign(iter(cases), asked.seed, asked.minutes, asked.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
