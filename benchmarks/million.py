"""What a million recorded calls take to be read: tables, metrics, pairs and report, each in its own process.

`python benchmarks/million.py [--calls 1000000] [--parts tables metrics dpo report]` plays debates (texts,
choices, a panel) and tournaments (answers, scores) on a scripted engine, and lets their logs go on with the
same episodes under new numbers, seeds and texts until each of the two holds half of the calls. Of each part
it prints the CPU seconds and the peak memory, over both runs and imports included, and how many times as long
it takes as parsing the logs' JSON does meanwhile: other work on the machine makes both dearer.
All that is added to `benchmarks/results/million.txt`. Several numbers of calls show how the cost grows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import process_time

import orjson
from measuring import machine

from palaestra.metrics.comparison import levels
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.measures import readable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import Chain
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState
from palaestra.runs.report.page import write_report
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing import play

KINDS = "debate", "sparta"
PLAYED = 40
"""Episodes that are played of each kind."""
LINES = 100_000
PACKAGES = "palaestra", "polars", "numpy", "scipy", "orjson", "pydantic"


def tables(runs: list[Path]) -> None:
    """Tables of the log, as Parquet files."""
    for run in runs:
        Run(run).write_tables()


def metrics(runs: list[Path]) -> None:
    """All metrics with their intervals, of the tables that are there."""
    for run in runs:
        told = Run(run).tables
        levels(readable(told).values(), told)


def dpo(runs: list[Path]) -> None:
    """Preference pairs of the log."""
    for run in runs:
        export([run], run / "exports" / "dpo", ExportOptions(("dpo",)))


def report(runs: list[Path]) -> None:
    """The report, of the tables that are there."""
    for run in runs:
        write_report([Run(run)], run / "report.html")


PARTS: dict[str, Callable[[list[Path]], None]] = {
    part.__name__: part for part in (tables, metrics, dpo, report)
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--calls", type=int, nargs="+", default=[1_000_000])
    asked.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    asked.add_argument("--folder", type=Path, help="where the logs go, and stay")
    asked.add_argument("--one", type=Path, nargs="+", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.one:
        PARTS[options.parts[0]](options.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = list(_measured(options.calls, options.parts, options.folder or Path(folder)))
    results = Path(__file__).with_name("results") / "million.txt"
    results.parent.mkdir(exist_ok=True)
    with results.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\n")


def _measured(sizes: list[int], parts: list[str], folder: Path) -> Iterator[str]:
    """A line for each size and part, printed as it comes."""
    yield _told(machine(PACKAGES))
    for calls in sizes:
        runs = [recorded(kind, calls // len(KINDS), folder / f"{kind}-{calls}") for kind in KINDS]
        size = sum((run / run_log.NAME).stat().st_size for run in runs)
        yield _told(f"{calls:>9,} calls   log {size / 2**20:,.0f} MiB")
        for part in parts:
            parsed = _parsed(runs)
            seconds, peak = _one(part, runs)
            times = seconds / (parsed + _parsed(runs)) * 2
            told = f"{seconds:7.1f} CPU s   {1e6 * seconds / calls:6.1f} µs a call, {times:4.1f} × parsing"
            yield _told(f"{calls:>9,} calls   {part:8} {told}   peak {peak:,.0f} MiB")


def _told(line: str) -> str:
    print(line, flush=True)
    return line


def _parsed(runs: list[Path]) -> float:
    """CPU seconds that it takes now to make objects of the JSON lines of these logs, by the first of them."""
    seconds = 0.0
    for run in runs:
        with (run / run_log.NAME).open("rb") as log:
            before = process_time()
            kept = [orjson.loads(line) for line in islice(log, LINES)]
            share = log.tell() / os.fstat(log.fileno()).st_size
        seconds += (process_time() - before) / share
        del kept
    return seconds


def _one(part: str, runs: list[Path]) -> tuple[float, float]:
    """CPU seconds and peak MiB of a part in a process of its own."""
    for run in runs:
        shutil.rmtree(run / "exports", ignore_errors=True)
    command = [sys.executable, __file__, "--parts", part, "--one", *map(str, runs)]
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{part} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def recorded(kind: str, calls: int, folder: Path) -> Path:
    """A run of the ready file `kind` with about so many calls."""
    if folder.exists():
        return folder
    scenario = load(find(kind), [f"episodes={PLAYED}"]).on_scripted_engines()
    run = play.start(scenario, folder, quiet=True)
    records = list(run_log.read(run))
    played = sum(record["record"] == "call" for record in records)
    chain = Chain({})
    with (run / run_log.NAME).open("wb") as log:
        for number in range(max(1, calls // played)):
            log.writelines(map(chain.sealed, again(records, number * PLAYED)))
    heads = {episode: str(head) for episode, head in chain.heads.items()}
    RunState.read(run).model_copy(update={"heads": heads}).write(run)
    return run


def again(records: list[Record], first: int) -> Iterator[Record]:
    """The records of episodes from `first` on, with seeds and free texts of their own."""
    free: set[tuple[int, int]] = set()
    for record in records:
        told = record | {"episode": record["episode"] + first}
        if "seed" in told:
            told["seed"] = (told["seed"] + first) % 2**63
        if told["record"] == "answer" and told["kind"] == "text":
            free.add((record["episode"], told["answer"]))
        if told["record"] == "call" and (record["episode"], told["answer"]) in free:
            told["text"] = f"{told['text']} {first}"
        yield told


if __name__ == "__main__":
    main()
