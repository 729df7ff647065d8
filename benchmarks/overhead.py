"""What the framework itself costs: CPU time a call, durable log included, in lockstep and spread over time.

Plays debates of 8 agents on a scripted engine. In lockstep it answers at once, so that thousands of replies
share a flush to disk; at a rate its answers come evenly spread, as a busy server's do. Beside each stands
what the replies alone cost, without the framework: made-up words, timers and tasks of asyncio.

`python benchmarks/overhead.py [--repeats 5]` prints the least, the median and the most of several turns;
`--growth` how the cost grows with live episodes, rounds and agents; `--alive 10000` plays so many episodes
at once and prints the most memory that took.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from measuring import machine, outputs, peak_memory, taking_turns

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.scripted import scripted_replies, scripted_reply
from palaestra.runs.record.log import Log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.scenarios.debate.config import DebateConfig, Debater
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing.meter import Meter
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler

Ask = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True)
class Size:
    """Of what is played.

    Attributes:
        episodes, live, agents, rounds: as in a scenario file.
        rate: replies a second; None for all at once.
    """

    episodes: int = 200
    live: int = 200
    agents: int = 8
    rounds: int = 3
    rate: float | None = None

    def config(self) -> DebateConfig:
        """A debate with opinions and no panel."""
        return DebateConfig(
            motions=["Cities should ban cars."],
            debaters=[Debater(name=f"Agent {i}", persona="Someone.") for i in range(self.agents)],
            judges=[],
            rounds=self.rounds,
            episodes=self.episodes,
            live=self.live,
            engines={"default": ScriptedEngine()},
        )


LOCKSTEP = Size()
BUSY, IDLE = Size(150, 100, rate=2000), Size(8, 8, rate=110)
EXPECTED = {"lockstep": 60, "2,000 calls/s": 100}


def spread(ask: Ask, rate: float | None) -> Ask:
    """`ask` whose replies come one after another, so many a second."""
    if rate is None:
        return ask
    free_at = 0.0

    async def later(call: Call) -> Reply:
        nonlocal free_at
        now = time.perf_counter()
        free_at = max(free_at, now) + 1 / rate
        await asyncio.sleep(free_at - now)
        return await ask(call)

    return later


async def simulated(size: Size, folder: Path) -> float:
    """Plays with all that a run has; CPU µs a call."""
    settings = size.config()
    progress, meter = Progress(size.episodes, quiet=True), Meter(settings, {}, lambda: 0.0)
    log = Log(folder)
    async with Fleet(settings.engines, settings.policies, settings.retries) as fleet:
        scheduler = Scheduler(
            make=lambda index: Debate(settings, index=index),
            ask=partial(meter.ask, spread(fleet.ask, size.rate)),
            recorder=Recorder(log, Past(), {}),
            live=size.live,
            observer=progress,
        )
        before = time.process_time()
        await scheduler.play(range(size.episodes))
        used = time.process_time() - before
    log.close()
    return used / progress.calls * 1e6


async def replies_alone(size: Size) -> float:
    """Makes the same replies, as many at once, without the framework; CPU µs a call."""
    episode, calls = Debate(size.config(), index=0), list[Call]()
    while episode.running and episode.pending:
        calls += episode.pending
        episode.advance(scripted_replies(episode.pending))

    async def made(call: Call) -> Reply:
        return scripted_reply(call)

    ask = spread(made, size.rate)
    before = time.process_time()
    for _ in range(0, size.episodes, size.live):
        await asyncio.gather(*(ask(call) for call in calls * size.live))
    used = time.process_time() - before
    return used / len(calls) / len(range(0, size.episodes, size.live)) / size.live * 1e6


def cost(size: Size) -> float:
    """See `simulated`."""
    with tempfile.TemporaryDirectory(dir=outputs()) as folder:
        return asyncio.run(simulated(size, Path(folder)))


def alone(size: Size) -> float:
    """See `replies_alone`."""
    return asyncio.run(replies_alone(size))


def costs(repeats: int) -> None:
    """The figures that the framework is held to."""
    sizes = {"lockstep": LOCKSTEP, "2,000 calls/s": BUSY, "110 calls/s": IDLE}
    parts = {name: partial(cost, size) for name, size in sizes.items()}
    parts |= {f"{name}, replies alone": partial(alone, size) for name, size in sizes.items()}
    print("framework, CPU µs a call with the durable log     least  median    most")
    for name, found in sorted(taking_turns(parts, repeats).items()):
        expected = f"   (expected: at most {EXPECTED[name]})" if name in EXPECTED else ""
        print(f"  {name:<44}{found.told()}{expected}")


def growth(repeats: int) -> None:
    """How the cost of a call grows with the size of what is played."""
    base = replace(LOCKSTEP, episodes=60, live=60)
    grown = {
        "60 episodes alive": base,
        "600 episodes alive": replace(base, episodes=600, live=600),
        "4 agents, 3 rounds": replace(base, agents=4),
        "32 agents, 3 rounds": replace(base, agents=32, episodes=15),
        "8 agents, 30 rounds": replace(base, rounds=30, episodes=6),
        "8 agents, 120 rounds": replace(base, rounds=120, episodes=2),
    }
    parts = {name: partial(cost, size) for name, size in grown.items()}
    print("growth, lockstep, CPU µs a call                    least  median    most")
    for name, found in taking_turns(parts, repeats).items():
        print(f"  {name:<44}{found.told()}")


def alive(episodes: int) -> None:
    """The memory that so many live episodes take; in a process of its own, as memory is told at its most."""
    before = peak_memory()
    used = cost(Size(episodes=episodes, live=episodes))
    print(
        f"{episodes:,} live episodes of 8 agents: {peak_memory():.2f} GB at most, {before:.2f} before;",
        end=" ",
    )
    print(f"{used:.1f} µs a call")


def main() -> None:
    parser = argparse.ArgumentParser(description="What the framework itself costs.")
    parser.add_argument("--repeats", type=int, default=5, help="how often each part is measured")
    parser.add_argument("--growth", action="store_true", help="how the cost grows instead")
    parser.add_argument("--alive", type=int, default=0, help="memory of so many live episodes instead")
    options = parser.parse_args()
    print(machine())
    if options.alive:
        alive(options.alive)
    elif options.growth:
        growth(options.repeats)
    else:
        costs(options.repeats)


if __name__ == "__main__":
    main()
