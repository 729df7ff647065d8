"""Runs to report on, and a browser to look at reports with: Debian's Chromium, installed where it can be."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from palaestra.runs.record.log import read
from palaestra.runs.record.records import Record
from palaestra.runs.run import Run
from palaestra.sims.playing import play
from support.logs import rewrite
from support.planted_texts import CHANGED, HOSTILE
from support.scripted_debates import scenario

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REMEDY = "The tests of reports need Chromium: apt-get install chromium"


def changed(folder: Path, calls: dict[tuple[int, int], Record]) -> Run:
    """The run in `folder` after its log says other things of `calls`."""
    records = list(read(folder))
    for record in records:
        if record["record"] == "call":
            record |= calls.get((record["episode"], record["call"]), {})
    rewrite(folder, records)
    return Run(folder)


@pytest.fixture(scope="package")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two debates of three and of two episodes; in the first some replies are `CHANGED`."""
    folder = tmp_path_factory.mktemp("runs")
    first = scenario(episodes=3, title=HOSTILE, motions=["Cities should plant trees.", HOSTILE])
    second = scenario(episodes=2, title="The second run", seed=7)
    one = play.start(first, folder / "one", quiet=True)
    two = play.start(second, folder / "two", quiet=True)
    return [changed(one, CHANGED), Run(two)]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    found = shutil.which("chromium")
    if found is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            pytest.fail(REMEDY)
        subprocess.run(["apt-get", "update", "-q"], check=False)
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
        subprocess.run(install, check=False)
        found = shutil.which("chromium")
    if found is None:
        pytest.fail(f"{REMEDY} (which was tried, and failed)")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A running browser. While it runs, this thread has an event loop: play runs before."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()
