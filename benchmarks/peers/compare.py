"""Palaestra beside its peers, on one mock server: debates of 8 agents × 3 rounds, 24 calls an episode.

Each runs in an environment of its own, made once under a cache folder, and as a process of its own, start-up
included: OpenAI's client in a bare script that keeps nothing, AutoGen's GraphFlow, Inspect with its log, and
`palaestra run` with its log. They take turns. Told are the CPU time of the whole process a call, how long the
server was busy, and how long the process took, each the least, the median and the most.

`PYTHONPATH=benchmarks python benchmarks/peers/compare.py [--episodes 8 32 128] [--repeats 3]
[--cache FOLDER]`
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from measuring import Spread, machine, outputs
from server_engine import mock_server

HERE = Path(__file__).parent
LATENCY = 0.2
CALLS = 24
NEEDS = {
    "autogen": ("autogen-agentchat==0.7.5", "autogen-ext[openai]==0.7.5"),
    "inspect": ("inspect-ai==0.3.285", "openai==3.54.0"),
}
"""What each environment holds."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "palaestra-peers"


@dataclass(frozen=True)
class Taken:
    """What one process took.

    Attributes:
        cpu: of the process, ms a call.
        busy: seconds from the first request to the last answer.
        wall: seconds of the process.
    """

    cpu: float
    busy: float
    wall: float


def environment(name: str, cache: Path) -> Path:
    """The Python of an environment, which is made where there is none."""
    folder, needs = cache / name, "\n".join(NEEDS[name])
    stamp = folder / "needs.txt"
    if not stamp.exists() or stamp.read_text() != needs:
        print(f"installing {', '.join(NEEDS[name])} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *NEEDS[name]], check=True)
        stamp.write_text(needs)
    return folder / "bin" / "python"


def commands(url: str, episodes: int, out: Path, cache: Path) -> dict[str, list[str]]:
    """How each of them plays so many episodes."""

    def script(environment_of: str, name: str) -> list[str]:
        return [str(environment(environment_of, cache)), str(HERE / name), url, str(episodes)]

    palaestra = [str(Path(sys.executable).parent / "palaestra"), "run", str(HERE / "debate.yaml"), "-q"]
    palaestra += ["-n", str(episodes), "--out", str(out), "--set", f"engines.default.url={url}"]
    return {
        "palaestra": palaestra,
        "bare client": script("autogen", "bare.py"),
        "AutoGen GraphFlow": script("autogen", "autogen_debate.py"),
        "Inspect": script("inspect", "inspect_debate.py"),
    }


def taken(command: list[str], url: str, episodes: int) -> Taken:
    """Run `command` to its end."""
    _asked(url, "reset")
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall, counts = time.perf_counter() - begun, _asked(url, "counts")
    if process.returncode or counts["calls"] != CALLS * episodes:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}, {counts['calls']} calls\n{told}")
    cpu = (used.ru_utime + used.ru_stime) / counts["calls"] * 1e3
    return Taken(cpu, counts["last"] - counts["first"], wall)


def _asked(url: str, what: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/{what}") as answer:
        return dict(json.load(answer))


def compare(episodes: int, repeats: int, cache: Path) -> None:
    """Let them take turns, and print their lines."""
    found: dict[str, list[Taken]] = {}
    with mock_server(LATENCY) as url:
        for number in range(repeats):
            with tempfile.TemporaryDirectory(dir=outputs()) as folder:
                for name, command in commands(url, episodes, Path(folder) / "run", cache).items():
                    found.setdefault(name, []).append(taken(command, url, episodes))
            print(f"{episodes} episodes, turn {number + 1} of {repeats}", file=sys.stderr)
    ours = _told(each.cpu for each in found["palaestra"]).median
    heading = "CPU ms a call          server busy, s         process, s             times ours"
    print(f"{episodes:4} episodes         {heading}")
    for name, turns in found.items():
        cpu = _told(each.cpu for each in turns)
        columns = [cpu, _told(each.busy for each in turns), _told(each.wall for each in turns)]
        told = "".join(column.told("7.2f") for column in columns)
        print(f"  {name:<18}{told}{cpu.median / ours:10.1f}", flush=True)


def _told(values: Iterable[float]) -> Spread:
    return Spread(tuple(values))


def main() -> None:
    parser = argparse.ArgumentParser(description="Palaestra beside its peers, on a mock server.")
    parser.add_argument("--episodes", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--repeats", type=int, default=3, help="how often each is run")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where environments are kept")
    options = parser.parse_args()
    print(machine())
    peers = ", ".join(need for needs in NEEDS.values() for need in needs)
    print(f"peers: {peers}; the server answers in {LATENCY} s")
    for episodes in options.episodes:
        compare(episodes, options.repeats, options.cache)


if __name__ == "__main__":
    main()
