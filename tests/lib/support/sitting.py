"""One sitting of a run in a process of its own, so that a test can kill it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing import play

PRELOADED = [
    "palaestra.sims.playing.play",
    "palaestra.sims.commands.app",
    "palaestra.runs.transcript",
    "palaestra.sims.playing.sweep",
    "palaestra.metrics.outcomes",
    "palaestra.scenarios.debate.rules",
    "palaestra.sims.engines.scripted_engine",
    "pytest",
]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(PRELOADED)


def sit(scenario: Scenario, folder: Path, asked: Path, answered: int | None) -> None:
    """Start the run in `folder`, or resume it, and add a byte to `asked` for every call asked.

    After `answered` calls no more are answered, so that a busy machine can't end the run before it is killed.
    """
    so_far = count(1)
    counter = os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ask = Fleet.ask

    async def counted(fleet: Fleet, call: Call) -> Reply:
        os.write(counter, b".")
        if answered is not None and next(so_far) > answered:
            await asyncio.Event().wait()
        return await ask(fleet, call)

    pytest.MonkeyPatch().setattr(Fleet, "ask", counted)  # the process ends with the sitting
    if (folder / "run.json").exists():
        play.resume(folder, quiet=True)
    else:
        play.start(scenario, folder, quiet=True)


@contextmanager
def sitting(
    scenario: Scenario, folder: Path, asked: Path, answered: int | None = None
) -> Iterator[BaseProcess]:
    """A process that plays, see `sit`; whatever is left of it at the end of the block is killed."""
    process = PROCESSES.Process(target=sit, args=(scenario, folder, asked, answered))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def interrupt(process: BaseProcess) -> None:
    """Press Ctrl-C."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
