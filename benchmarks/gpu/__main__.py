"""Figures of this machine's GPU within nine minutes, the most telling first: `python -m benchmarks.gpu`.

Each step is a process of its own, ends at its limit, and is left out where too little time is left; what it
measured until then is kept. Figures go to the terminal and, a JSON object a line, into `--out`, as they come.
`--rehearse` tries it all with tiny models on any machine. Models are of random weights but for the demo.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import TextIO

from benchmarks.gpu.steps import STEPS

LONGEST = {
    "machine": 30,
    "demo": 90,
    "135m": 110,
    "1b": 90,
    "8b": 110,
    "tokenising": 20,
    "tribe": 70,
    "dpo": 60,
}
"""Seconds at most; together a little more than nine minutes, which few steps use up."""
LEAST = 12
"""Seconds below which a step isn't begun."""
SHOWN = 12
"""Lines of what a step printed that are shown when it fails."""


def run(step: str, seconds: float, rehearse: bool, out: TextIO) -> bool:
    """Play a step for so long at most; whether it came to its end."""
    begun, printed = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="palaestra-gpu-") as folder:
        words = [sys.executable, "-m", "benchmarks.gpu.steps", step, f"{folder}/{step}"]
        process = subprocess.Popen(
            [*words, *(["--rehearse"] if rehearse else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        limit = Timer(seconds, _end, [process])
        limit.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("FIGURE "):
                    note(out, {"step": step, **json.loads(line[7:])})
                else:
                    printed.append(line.rstrip()[:300])
            code = process.wait()
            over = not limit.is_alive()
        finally:
            limit.cancel()
            _end(process)  # and whatever it left running
    took = round(time.monotonic() - begun, 1)
    note(out, {"step": step, "figure": "end", "ended": "at its limit" if over else code, "seconds": took})
    if code:
        print("\n".join(f"    | {line}" for line in printed[-SHOWN:]), flush=True)
    return code == 0


def _end(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def note(out: TextIO, figure: dict[str, object]) -> None:
    """Keep a figure, and show it."""
    out.write(json.dumps(figure) + "\n")
    out.flush()
    os.fsync(out.fileno())
    told = ", ".join(f"{key} {value}" for key, value in figure.items() if key not in ("step", "figure"))
    print(f"{figure['step']:<11} {figure['figure']}: {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures of this machine's GPU, the most telling first.")
    parser.add_argument("--minutes", type=float, default=9, help="how long at most")
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS), help="these steps alone")
    parser.add_argument(
        "--out", type=Path, help="file of the figures; default: a new one in benchmarks/results"
    )
    parser.add_argument("--rehearse", action="store_true", help="only try that everything works; tiny models")
    options = parser.parse_args()
    began = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    file = options.out or Path(__file__).parents[1] / "results" / f"gpu-{began}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the step under way ends too
    end = time.monotonic() + 60 * options.minutes
    failed = []
    with file.open("a", encoding="utf-8") as out:
        told = {"at": began, "minutes": options.minutes, "rehearsal": options.rehearse}
        note(out, {"step": "all", "figure": "begin", **told})
        for step in options.only:
            left = end - time.monotonic()
            if left < LEAST:
                note(out, {"step": step, "figure": "end", "ended": "left out", "seconds": 0.0})
            elif not run(step, left if options.rehearse else min(left, LONGEST[step]), options.rehearse, out):
                failed.append(step)
    print(f"figures: {file}")
    if failed:
        sys.exit(f"didn't come to their end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
