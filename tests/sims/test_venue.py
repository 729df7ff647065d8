"""A venue: what it does with an interrupt, on the main thread and in a notebook."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from sims.venue import Venue


class Playing:
    """A run that never ends, with a task beside it; notes what was ended."""

    def __init__(self) -> None:
        self.begun, self.ending = threading.Event(), threading.Event()
        self.ended: list[str] = []

    async def _wait(self, name: str) -> None:
        try:
            while True:  # a loop that sleeps for good may sleep through a signal that comes just before
                await asyncio.sleep(0.01)
        finally:
            self.ending.set()
            await asyncio.sleep(0.002)  # tidying up, which an interrupt leaves time for
            self.ended.append(name)

    async def __call__(self) -> None:
        beside = asyncio.create_task(self._wait("task"))
        await asyncio.sleep(0)
        self.begun.set()
        await self._wait("run")
        await beside


@pytest.fixture(autouse=True)
def ctrl_c_interrupts() -> Iterator[None]:
    """As in any program; a process that runs tests for another one may ignore it."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


def interrupt_when_begun(playing: Playing) -> threading.Thread:
    def press() -> None:
        playing.begun.wait()
        while not playing.ending.is_set():  # as one presses again where nothing happens
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            playing.ending.wait(1)

    pressing = threading.Thread(target=press)
    pressing.start()
    return pressing


def test_an_interrupt_ends_a_run_and_what_it_began() -> None:
    playing = Playing()
    pressing = interrupt_when_begun(playing)
    with Venue() as venue:
        with pytest.raises(KeyboardInterrupt):
            venue.run(playing())
        assert sorted(playing.ended) == ["run", "task"]
    pressing.join()


@pytest.mark.parametrize("attempt", range(20))
def test_an_interrupt_of_a_notebook_ends_what_plays_in_the_thread(attempt: int) -> None:
    """Many times: what can go wrong depends on what the notebook's thread does when the interrupt comes."""
    playing = Playing()

    async def cell() -> None:
        with Venue() as venue:
            with pytest.raises(KeyboardInterrupt):
                venue.run(playing())
            assert sorted(playing.ended) == ["run", "task"]

    loop = asyncio.new_event_loop()  # unlike asyncio.run it leaves Ctrl-C alone, as a notebook's does
    pressing = interrupt_when_begun(playing)
    loop.run_until_complete(cell())
    loop.close()
    pressing.join()


def test_runs_of_one_venue_share_its_event_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def play() -> None:
        loops.append(asyncio.get_running_loop())

    with Venue() as venue:
        venue.run(play())
        venue.run(play())
    assert loops[0] is loops[1]
