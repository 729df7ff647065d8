"""vLLM's engine process ends when the process that started it is gone.

vLLM leaves it running where that one was killed (`kill -9`, out of memory), with the model in memory,
so that a resumed run finds a full GPU. vLLM calls this in each of its processes, as a plug-in.
"""

from __future__ import annotations

import os
import signal
import time
from threading import Thread

OWNER = "PALAESTRA_ENGINE_OWNER"
"""The environment variable with the number of the process that starts an engine."""
EVERY = 2.0
"""Seconds between two looks."""


def own_engines() -> None:
    """Let the engines that this process starts end with it."""
    os.environ[OWNER] = str(os.getpid())


def end_with_owner() -> None:
    """In a process that an engine's owner started: end once it is gone. Elsewhere nothing."""
    parent = os.getppid()
    if os.environ.get(OWNER) == str(parent):
        Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os.kill(os.getpid(), signal.SIGKILL)
