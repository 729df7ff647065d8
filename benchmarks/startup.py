"""What a command takes before it does anything: CPU seconds of whole processes, several times in turn.

`python benchmarks/startup.py` tells the least, the median and the most of `palaestra --help`, of `palaestra
validate debate`, of a dry run of one debate up to its first call, and of the same run whole, with its tables
and what it prints. With `--against CHECKOUT` each is also measured there, by the same Python, and the ratio
of the least ones is told. All that is kept in `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import Spread, machine, taking_turns

HERE = Path(__file__).resolve().parent.parent
TIMES = 5
PACKAGES = "palaestra", "mesa", "pydantic", "polars", "typer"
COMMAND = "from palaestra.sims.commands.app import main; main()"
FIRST_CALL = """
import os
from palaestra.sims.engines import scripted_engine

def answered(*_, **__):
    os._exit(0)

scripted_engine.scripted_reply = answered
"""
"""Ends the process where the first call would be answered."""
RUN = ("run", "debate", "--dry-run", "--quiet", "--episodes", "1", "--out", "run")
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "palaestra --help": (COMMAND, ("--help",)),
    "palaestra validate debate": (COMMAND, ("validate", "debate")),
    "palaestra run, to its first call": (FIRST_CALL + COMMAND, RUN),
    "palaestra run, whole": (COMMAND, RUN),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--against", type=Path, help="another checkout")
    asked.add_argument("--times", type=int, default=TIMES)
    options = asked.parse_args()
    checkouts = [HERE] if options.against is None else [HERE, options.against.resolve()]
    parts: dict[str, Callable[[], float]] = {}
    for checkout in checkouts:
        parts |= {f"{checkout} {name}": _measuring(checkout, *told) for name, told in PARTS.items()}
    found = taking_turns(parts, options.times)
    lines = [machine(PACKAGES), "CPU seconds: least, median, most", *_lines(found, checkouts)]
    print("\n".join(lines))
    results = HERE / "benchmarks" / "results" / "startup.txt"
    results.parent.mkdir(exist_ok=True)
    results.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(found: dict[str, Spread], checkouts: list[Path]) -> list[str]:
    ours, *others = ([s for name, s in found.items() if name.startswith(f"{c} ")] for c in checkouts)
    names = [name.removeprefix(f"{HERE} ") for name in found if name.startswith(f"{HERE} ")]
    lines = []
    for number, name in enumerate(names):
        line = f"{name:34} {ours[number].told('5.2f')}"
        for other in others:
            ratio = other[number].least / ours[number].least
            line += f"   before {other[number].told('5.2f')}   ratio of the least {ratio:.1f}"
        lines.append(line)
    return lines


def _measuring(checkout: Path, code: str, arguments: tuple[str, ...]) -> Callable[[], float]:
    """CPU seconds of a process that does so; bytecode is kept apart, and there after the first time."""

    def measured() -> float:
        kept = Path(tempfile.gettempdir()) / f"bytecode-{os.getuid()}"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(checkout / "src"), "PYTHONPYCACHEPREFIX": str(kept)}
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [sys.executable, "-c", code, *arguments],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(f"{' '.join(arguments)} failed")
        return used.ru_utime + used.ru_stime

    return measured


if __name__ == "__main__":
    main()
