"""A venue: what it does with an interrupt, on the main thread and in a notebook."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import venue as venues
from palaestra.sims.playing.venue import Venue


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


def interrupt(begun: threading.Event, ending: threading.Event) -> threading.Thread:
    def press() -> None:
        begun.wait()
        while not ending.is_set():  # as one presses again where nothing happens
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            ending.wait(1)

    pressing = threading.Thread(target=press)
    pressing.start()
    return pressing


def test_an_interrupt_ends_a_run_and_what_it_began() -> None:
    playing = Playing()
    pressing = interrupt(playing.begun, playing.ending)
    with Venue() as venue:
        with pytest.raises(KeyboardInterrupt):
            venue.run(playing())
        assert sorted(playing.ended) == ["run", "task"]
    pressing.join()


def in_notebook(cell: Callable[[], None]) -> None:
    """Do `cell` where an event loop runs that, unlike `asyncio.run`'s, leaves Ctrl-C alone."""

    async def asynchronous() -> None:
        cell()

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(asynchronous())


@pytest.mark.parametrize("attempt", range(20))
def test_an_interrupt_of_a_notebook_ends_what_plays_in_the_thread(attempt: int) -> None:
    """Many times: what can go wrong depends on what the notebook's thread does when the interrupt comes."""
    playing = Playing()

    def cell() -> None:
        with Venue() as venue:
            with pytest.raises(KeyboardInterrupt):
                venue.run(playing())
            assert sorted(playing.ended) == ["run", "task"]

    pressing = interrupt(playing.begun, playing.ending)
    in_notebook(cell)
    pressing.join()


def test_a_notebook_that_handles_ctrl_c_itself_is_interrupted_all_the_same() -> None:
    def own(*_: object) -> None:
        raise AssertionError("raised while work is handed to the thread, it could leave a lock held")

    playing = Playing()
    signal.signal(signal.SIGINT, own)

    def cell() -> None:
        with Venue() as venue, pytest.raises(KeyboardInterrupt):
            venue.run(playing())
        assert signal.getsignal(signal.SIGINT) is own

    pressing = interrupt(playing.begun, playing.ending)
    in_notebook(cell)
    pressing.join()
    assert sorted(playing.ended) == ["run", "task"]


def test_an_interrupt_of_a_notebook_lets_all_engines_close(monkeypatch: pytest.MonkeyPatch) -> None:
    closing, pressed = threading.Event(), threading.Event()
    closed: list[int | None] = []

    class Closing(Scripted):
        def __init__(self, settings: ScriptedEngine) -> None:
            super().__init__(settings, {})
            self.context = settings.context

        async def close(self) -> None:
            closing.set()
            while not pressed.is_set():
                await asyncio.sleep(0.01)
            closed.append(self.context)

    monkeypatch.setattr(venues, "build", lambda settings, _policies: Closing(settings))

    def cell() -> None:
        with Venue() as venue:

            async def start() -> None:
                for context in (1000, 2000):
                    await venue.engine(ScriptedEngine(context=context), {}).start()

            venue.run(start())

    def press() -> None:
        closing.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        pressed.set()

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        in_notebook(cell)
    pressing.join()
    assert closed == [1000, 2000]


def test_runs_of_one_venue_share_its_event_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def play() -> None:
        loops.append(asyncio.get_running_loop())

    with Venue() as venue:
        venue.run(play())
        venue.run(play())
    assert loops[0] is loops[1]
