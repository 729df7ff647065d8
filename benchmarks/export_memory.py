"""How much memory an export needs: `python benchmarks/export_memory.py` writes 10,000 rows, then 100,000.

The log is one scripted duel's, repeated under new episode numbers; each export runs in a
process of its own and tells its peak.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import sealed
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import check
from palaestra.sims.playing import play

PAIRS_PER_EPISODE = 100
SIZES = (10_000, 100_000)
DUEL = {
    "scenario": "duel",
    "engines": {"default": {"kind": "scripted"}},
    "fighters": [{"name": name} for name in ("Ann", "Bo", "Cem")],
    "instructions": [f"Question {number}?" for number in range(PAIRS_PER_EPISODE)],
}


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    for rows in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            run = play.start(check(DUEL, "duel"), Path(folder) / "run", quiet=True)
            repeat(run, rows // PAIRS_PER_EPISODE)
            subprocess.run([sys.executable, __file__, str(run)], check=True)


def repeat(run: Path, episodes: int) -> None:
    """Give the run's log so many episodes like its first."""
    records = list(run_log.read(run))
    with (run / run_log.NAME).open("wb") as log:
        for episode in range(episodes):
            log.writelines(sealed(r | {"episode": episode} for r in records))
    state = RunState.read(run)
    state.model_copy(update={"heads": {}}).write(run)


def measure(run: Path) -> None:
    began = perf_counter()
    described = export([run], run.parent / "export", ExportOptions(("dpo",)))
    seconds = perf_counter() - began
    rows = sum(described.formats["dpo"].values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:>9,} rows   peak {peak:,.0f} MiB   {seconds:,.1f} s   {1e6 * seconds / rows:,.0f} µs a row")


if __name__ == "__main__":
    main()
