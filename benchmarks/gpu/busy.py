"""How busy the GPU and the processes are while something is measured."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from statistics import fmean
from threading import Event, Thread

import psutil

EVERY = 0.25
"""Seconds between two looks."""
QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used,power.draw", "--format=csv,noheader,nounits")
Look = Callable[[], tuple[float, float, float]]
"""Tells of the first GPU that is used: how busy it is (percent), memory in use (MiB), watts."""


UNSEEN = (OSError, ValueError, subprocess.SubprocessError)
"""What a look raises where a figure can't be had."""


class Busy:
    """Looks on while it is entered.

    Attributes:
        figures: what was seen: `gpu_busy` (0–1), `gpu_memory_gib` (the most), `gpu_watts`, and how many cores
            this process (`cores_here`: scheduling, prompts, the log) and those below it (`cores_below`: the
            engine's own) kept busy. What can't be seen isn't there.
    """

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self._over = Event()
        self._seen: list[tuple[float, float, float]] = []

    def __enter__(self) -> Busy:
        self._thread = Thread(target=self._look_on, args=(_gpu(),), daemon=True)
        self._begun, self._before = time.perf_counter(), _cpu_seconds()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        seconds, after = time.perf_counter() - self._begun, _cpu_seconds()
        self._over.set()
        self._thread.join()
        here, below = ((late - early) / seconds for late, early in zip(after, self._before, strict=True))
        self.figures = {"cores_here": round(here, 2), "cores_below": round(below, 2)}
        if self._seen:
            busy, memory, watts = zip(*self._seen, strict=True)
            self.figures |= {
                "gpu_busy": round(fmean(busy) / 100, 3),
                "gpu_memory_gib": round(max(memory) / 1024, 1),
                "gpu_watts": round(fmean(watts)),
            }

    def _look_on(self, look: Look | None) -> None:
        while look is not None and not self._over.wait(EVERY):
            with contextlib.suppress(*UNSEEN):
                self._seen.append(look())


def _gpu() -> Look | None:
    """What tells of the GPU; None where nothing does."""
    for look in (_nvml(), _smi):
        try:
            if look is not None:
                look()
                return look
        except UNSEEN:
            continue
    return None


def _first() -> int:
    """The number of the first GPU that this process may use."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    return int(first) if first.isdigit() else 0


def _nvml() -> Look | None:
    try:
        import pynvml

        pynvml.nvmlInit()
        card = pynvml.nvmlDeviceGetHandleByIndex(_first())
    except Exception:  # whatever a machine without a GPU, or another library of this name, raises
        return None

    def look() -> tuple[float, float, float]:
        try:
            return (
                float(pynvml.nvmlDeviceGetUtilizationRates(card).gpu),
                pynvml.nvmlDeviceGetMemoryInfo(card).used / 2**20,
                pynvml.nvmlDeviceGetPowerUsage(card) / 1000,
            )
        except Exception as error:  # of a card in parts (MIG) it doesn't tell all
            raise OSError(f"NVML: {error}") from error

    return look


def _smi() -> tuple[float, float, float]:
    told = subprocess.run(
        (*QUERY, f"--id={_first()}"), capture_output=True, text=True, timeout=10, check=True
    ).stdout
    busy, memory, watts = (float(word) for word in told.splitlines()[0].split(","))
    return busy, memory, watts


def _cpu_seconds() -> tuple[float, float]:
    """CPU time of this process, and of all that it has started."""
    here = psutil.Process()
    below = 0.0
    for child in here.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        below += times.user + times.system
    own = here.cpu_times()
    return own.user + own.system, below
