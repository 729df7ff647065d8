"""An engine's process ends with the one that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import psutil

from palaestra.sims.engines.orphan import end_with_owner

OWNER = """
import os, subprocess, sys, time
from palaestra.sims.engines import orphan
{owns}
engine = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(600)
"""
ENGINE = """
import pathlib, sys, time
from palaestra.sims.engines import orphan
orphan.EVERY = 0.05
orphan.end_with_owner()
pathlib.Path("up").write_text(str(__import__("os").getpid()))
time.sleep(600)
"""


def engine_of(folder: Path, owns: str) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """A process and the one that it started, which is up."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER.format(owns=owns), ENGINE], cwd=folder)
    while not (folder / "up").exists() or not (folder / "up").read_text():
        assert owner.poll() is None
        time.sleep(0.05)
    return owner, psutil.Process(int((folder / "up").read_text()))


def test_an_engine_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner, engine = engine_of(tmp_path, "orphan.own_engines()")
    owner.kill()
    owner.wait()
    engine.wait(60)


def test_a_process_of_others_is_left_alone(tmp_path: Path) -> None:
    owner, other = engine_of(tmp_path, "")
    owner.kill()
    owner.wait()
    time.sleep(1)
    assert other.is_running()
    os.kill(other.pid, signal.SIGKILL)


def test_vllm_finds_it_by_its_entry_point() -> None:
    (found,) = (e for e in entry_points(group="vllm.general_plugins") if e.name.startswith("palaestra"))
    assert found.load() is end_with_owner
