"""What the framework itself costs: CPU time a call, durable log included.

Plays debates of 8 agents on a scripted engine that answers at once, 200 episodes alive,
and divides this process's CPU time by the calls. `python benchmarks/overhead.py`
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from measuring import outputs

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.runs.record.log import Log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.scenarios.debate.config import DebateConfig, Debater
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler

AGENTS = 8
LIVE = 200
EPISODES = 400


def config() -> DebateConfig:
    """A debate of 8 agents × 3 rounds with opinions and no panel."""
    return DebateConfig(
        motions=["Cities should ban cars."],
        debaters=[Debater(name=f"Agent {i}", persona="Someone.") for i in range(AGENTS)],
        judges=[],
        episodes=EPISODES,
        live=LIVE,
        engines={"default": ScriptedEngine()},
    )


async def play(folder: Path) -> tuple[int, float]:
    """Play all episodes into `folder`; the number of calls and the CPU seconds they took."""
    settings = config()
    progress = Progress(EPISODES, quiet=True)
    log = Log(folder)
    async with Fleet(settings.engines, settings.policies, settings.retries) as fleet:
        scheduler = Scheduler(
            make=lambda index: Debate(settings, index=index),
            ask=fleet.ask,
            recorder=Recorder(log, Past(), {}),
            live=LIVE,
            observer=progress,
        )
        before = time.process_time()
        await scheduler.play(range(EPISODES))
        used = time.process_time() - before
    log.close()
    return progress.calls, used


def main() -> None:
    with tempfile.TemporaryDirectory(dir=outputs()) as folder:
        calls, seconds = asyncio.run(play(Path(folder)))
        size = (Path(folder) / "log.jsonl").stat().st_size
    print(f"framework: {LIVE} live episodes of {AGENTS} agents, {calls} calls, scripted engine, durable log")
    print(f"  CPU time a call   {seconds / calls * 1e6:7.1f} µs   (expected: at most 150)")
    print(f"  log a call        {size / calls:7.0f} bytes")


if __name__ == "__main__":
    main()
