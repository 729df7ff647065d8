"""What scheduling and prompt layout are worth, on the embedded model: ratios from one process.

1. simulation : bound — ready-made files of five families, 32 episodes alive, as the framework plays them
   (scheduler, parsing, durable log): output tokens a second over those of the very same calls submitted all
   at once, without waiting for one another. How many calls were under way on average is told with it: a game
   that asks one player at a time can't keep an engine as full as a bound that knows no rules.
2. simulation : one at a time — a debate over one of its episodes asked one call after another.
3. shared prefix : persona first — the same debate with the two prompt layouts.

Parts that are compared take turns, several times. All texts have the same length, and the prefix cache is
emptied before each part.

    python benchmarks/throughput.py [--tokens 16] [--episodes 32] [--times 3] [FILE ...]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import Spread, machine, outputs

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.policy import Policy
from palaestra.runs.record.log import Log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.scenarios.core.load import Scenario, load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.vllm_engine import Vllm
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler

FAMILIES = ("debate", "pairwise", "panel-of-peers", "stable-alignment", "public-goods")


class FixedLength(Vllm):
    """vLLM whose texts all have the same length, so that tokens/s compare."""

    length = 16

    async def _request(self, call: Call, tokens: list[int], policy: Policy, **sampling: Any) -> Any:
        if isinstance(call.answer, Text):
            sampling |= {"ignore_eos": True, "stop_token_ids": [], "stop": [], "max_tokens": self.length}
        return await super()._request(call, tokens, policy, **sampling)

    async def forget(self) -> None:
        """Empty the prefix cache."""
        assert self._engine is not None
        await self._engine.reset_prefix_cache()


@dataclass(slots=True)
class Speed:
    """A part's calls, tokens, and seconds; `waited` are those of all its calls together."""

    calls: list[Call] = field(default_factory=list)
    output: int = 0
    prompt: int = 0
    cached: int = 0
    waited: float = 0.0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Output tokens a second."""
        return self.output / self.seconds

    async def ask(self, fleet: Fleet, call: Call) -> Reply:
        """Ask, and count."""
        begun = time.perf_counter()
        reply = await fleet.ask(call)
        self.waited += time.perf_counter() - begun
        self.calls.append(call)
        self.output += reply.output_tokens
        self.prompt += reply.prompt_tokens
        self.cached += reply.cached_tokens
        return reply

    def line(self, name: str) -> str:
        """What was measured, in a line."""
        return (
            f"  {name:<34}{self.rate:8.1f} tokens/s  {len(self.calls):5} calls  "
            f"{self.cached / self.prompt:4.0%} cached  {self.waited / self.seconds:5.0f} under way  "
            f"{self.seconds:6.1f} s"
        )


@dataclass(frozen=True)
class Bench:
    """An engine, and what is played on it."""

    engine: FixedLength
    episodes: int
    times: int

    def fleet(self, scenario: Scenario) -> Fleet:
        """The scenario's policies, all on this engine."""
        settings = {name: VllmEngine() for name in scenario.config.engines}
        return Fleet(settings, scenario.config.policies, 0, make=lambda _settings, _policies: self.engine)

    async def simulate(self, scenario: Scenario) -> Speed:
        """Play it with scheduler and durable log."""
        speed, fleet = Speed(), self.fleet(scenario)
        with tempfile.TemporaryDirectory(dir=outputs()) as folder:
            log = Log(Path(folder))
            scheduler = Scheduler(
                make=lambda index: scenario.rules(scenario.config, index=index),
                ask=lambda call: speed.ask(fleet, call),
                recorder=Recorder(log, Past(), {}),
                live=self.episodes,
                observer=Progress(self.episodes, quiet=True),
            )
            await self._timed(speed, lambda: scheduler.play(range(self.episodes)))
            log.close()
        return speed

    async def submit(self, scenario: Scenario, calls: Sequence[Call], at_once: bool = True) -> Speed:
        """Ask `calls` outside any simulation, all at once or one after another."""
        speed, fleet = Speed(), self.fleet(scenario)

        async def everything() -> None:
            if at_once:
                await asyncio.gather(*(speed.ask(fleet, call) for call in calls))
            else:
                for call in calls:
                    await speed.ask(fleet, call)

        await self._timed(speed, everything)
        return speed

    async def _timed(self, speed: Speed, play: Callable[[], Awaitable[object]]) -> None:
        await self.engine.forget()
        begun = time.perf_counter()
        await play()
        speed.seconds = time.perf_counter() - begun

    async def bound(self, file: str) -> None:
        """A family's simulation over its bound."""
        scenario = load(Path(find(file)))
        ratios = []
        for turn in range(self.times):
            played = await self.simulate(scenario)
            bound = await self.submit(scenario, played.calls)
            ratios.append(played.rate / bound.rate)
            if not turn:
                print(played.line(f"{file}: simulation"))
                print(bound.line("  the same calls all at once"))
        print(f"  {file}, simulation : bound{Spread(tuple(ratios)).told('7.2f')}", flush=True)

    async def layouts(self) -> None:
        """A debate one call at a time, and with either layout."""
        file = Path(find("small-world"))
        shared, first = load(file), load(file, ["layout=persona_first"])
        single, layout = [], []
        for _ in range(self.times):
            played = await self.simulate(shared)
            one = [call for call in played.calls if call.episode == 0]
            single.append(played.rate / (await self.submit(shared, one, at_once=False)).rate)
            layout.append(played.rate / (await self.simulate(first)).rate)
        print(f"  small-world, simulation : one at a time{Spread(tuple(single)).told('7.2f')}")
        print(f"  small-world, shared prefix : persona first{Spread(tuple(layout)).told('7.2f')}", flush=True)


async def measure(options: argparse.Namespace) -> None:
    """Load the engine, measure, print."""
    engine = FixedLength(VllmEngine(), {"default": Policy()})
    engine.length = options.tokens
    await engine.start()
    try:
        about = ", ".join(f"{k} {v}" for k, v in engine.identity().items())
        print(f"throughput on {machine()}\n{about}")
        print(f"{options.episodes} episodes alive, {options.tokens} tokens a text")
        print("ratios: least, median, most")
        warm = Bench(engine, 4, 1)
        await warm.simulate(load(Path(find("pairwise"))))
        bench = Bench(engine, options.episodes, options.times)
        for file in options.files:
            await bench.bound(file)
        if not options.only_bound:
            await bench.layouts()
    finally:
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput ratios on the embedded model.")
    parser.add_argument("files", nargs="*", default=FAMILIES, help=f"ready-made; else {', '.join(FAMILIES)}")
    parser.add_argument("--tokens", type=int, default=16, help="length of every text")
    parser.add_argument("--episodes", type=int, default=32, help="episodes alive")
    parser.add_argument("--times", type=int, default=3, help="turns that each part takes")
    parser.add_argument("--only-bound", action="store_true", help="leave out what layouts are worth")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
