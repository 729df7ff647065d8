"""What the log's number and checksum cost, and how the log grows with a talk.

`python benchmarks/log_cost.py` plays debates of 8 agents on a scripted engine. It prints the CPU time and the
bytes that number and checksum add, and the bytes a call of debates of 10 and of 400 rounds, each with its
interleaved network of listeners, where prompts are lists of numbers with gaps.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
from measuring import outputs

from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import Chain
from palaestra.runs.record.records import Record
from palaestra.scenarios.core.load import check
from palaestra.sims.playing import play

ROUNDS = 10, 400
REPEATS = 7


def debate(rounds: int, episodes: int, folder: Path) -> list[Record]:
    """The records of debates of 8 agents, each heard by half of them."""
    names = [f"Agent {number}" for number in range(8)]
    edges = [[names[i], names[(i + step) % 8]] for i in range(8) for step in (1, 2)]
    file = {
        "scenario": "debate",
        "motions": ["Cities should ban cars."],
        "rounds": rounds,
        "episodes": episodes,
        "debaters": [{"name": name, "stance": "undecided"} for name in names],
        "hearing": {"edges": edges},
        "engines": {"default": {"kind": "scripted"}},
    }
    return list(run_log.read(play.start(check(file, "log_cost"), folder / f"{rounds}", quiet=True)))


def cpu(write: Callable[[], Iterable[bytes]]) -> float:
    """The least CPU seconds of several times."""
    taken = []
    for _ in range(REPEATS):
        before = time.process_time()
        for _ in write():
            pass
        taken.append(time.process_time() - before)
    return min(taken)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=outputs()) as name:
        short, long = (debate(rounds, 400 // rounds, Path(name)) for rounds in ROUNDS)
        sizes = {}
        for rounds, records in zip(ROUNDS, (short, long), strict=True):
            size = (Path(name) / f"{rounds}" / run_log.NAME).stat().st_size
            sizes[rounds] = size / sum(record["record"] == "call" for record in records)

    def plain() -> Iterable[bytes]:
        return (orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in short)

    def sealed() -> Iterable[bytes]:
        chain = Chain({})
        return (chain.sealed(record) for record in short)

    calls = sum(record["record"] == "call" for record in short)
    added = (cpu(sealed) - cpu(plain)) / calls * 1e6
    wider = (sum(map(len, sealed())) - sum(map(len, plain()))) / len(short)
    print(f"number and checksum, {len(short):,} records of {calls:,} calls")
    print(f"  CPU time a call    {added:6.2f} µs     (expected: at most 5)")
    print(f"  bytes a record     {wider:6.1f}        (expected: at most 24)")
    print("log, bytes a call")
    for rounds, size in sizes.items():
        print(f"  {rounds:3} rounds         {size:6.0f}")
    print(f"  ratio              {sizes[ROUNDS[1]] / sizes[ROUNDS[0]]:6.2f}        (expected: at most 1.2)")


if __name__ == "__main__":
    main()
