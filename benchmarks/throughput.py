"""What scheduling and prompt layout are worth, on the embedded model: ratios from one process.

1. simulation : bound — a simulation's output tokens/s over those of the very same prompts
   submitted all at once, without waiting for one another.
2. simulation : one at a time — over those of one of its episodes asked one after another.
3. shared prefix : persona first — the same debates with the two prompt layouts.

Every answer has the same length, and the prefix cache is emptied before each part.
`python benchmarks/throughput.py [--tokens 48] [--episodes 16]`
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from palaestra.agents.agent import Layout
from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.policy import Policy
from palaestra.runs.record.log import Log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.scenarios.debate.config import DebateConfig, Debater
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.engines.vllm_engine import Vllm
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler

PERSONAS = (
    "A nurse who has worked nights for twenty years and trusts what she has seen.",
    "A shopkeeper who counts every cost and dislikes rules made far away.",
    "A student of engineering who trusts numbers more than people.",
    "A retired judge who fears unintended effects above all.",
    "A farmer who thinks in seasons and has little patience for talk.",
    "A teacher who asks what any of this means for children.",
    "A driver who knows every street and every shortcut.",
    "A poet who says the unpopular thing kindly.",
)


class FixedLength(Vllm):
    """vLLM whose answers never end early, so that tokens/s compare."""

    async def _request(self, call: Call, tokens: list[int], policy: Policy, **sampling: Any) -> Any:
        return await super()._request(call, tokens, policy, ignore_eos=True, **sampling)

    async def forget(self) -> None:
        """Empty the prefix cache."""
        assert self._engine is not None
        await self._engine.reset_prefix_cache()


@dataclass(slots=True)
class Speed:
    """A part's output tokens, seconds, and prompt tokens, cached and all."""

    calls: list[Call] = field(default_factory=list)
    output: int = 0
    prompt: int = 0
    cached: int = 0
    seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Output tokens a second."""
        return self.output / self.seconds

    def take(self, call: Call, reply: Reply) -> None:
        """Count one call."""
        self.calls.append(call)
        self.output += reply.output_tokens
        self.prompt += reply.prompt_tokens
        self.cached += reply.cached_tokens

    def line(self, name: str) -> str:
        """What was measured, in a line."""
        return (
            f"  {name:<34}{self.tokens_per_second:8.1f} tokens/s  {len(self.calls):5} calls  "
            f"{self.cached / self.prompt:4.0%} cached  {self.seconds:6.1f} s"
        )


def outputs() -> Path:
    """Where logs are written: on a disk, which the system's folder for temporary files may not be."""
    folder = Path("outputs")
    folder.mkdir(exist_ok=True)
    return folder


def debate(agents: int, rounds: int, episodes: int, layout: Layout) -> DebateConfig:
    """Debates of speeches only."""
    return DebateConfig(
        motions=["Cities should ban private cars from their centres."],
        debaters=[Debater(name=f"Agent {i + 1}", persona=PERSONAS[i]) for i in range(agents)],
        rounds=rounds,
        opinions=False,
        judges=[],
        episodes=episodes,
        layout=layout,
    )


async def simulate(engine: FixedLength, policy: Policy, config: DebateConfig) -> Speed:
    """Play `config` with scheduler and durable log."""
    speed = Speed()

    async def ask(call: Call) -> Reply:
        reply = await engine.answer(call, policy, call.seed, 0)
        speed.take(call, reply)
        return replace(reply, value=reply.text)

    with tempfile.TemporaryDirectory(dir=outputs()) as folder:
        log = Log(Path(folder))
        scheduler = Scheduler(
            make=lambda index: Debate(config, index=index),
            ask=ask,
            recorder=Recorder(log, Past(), {}),
            live=config.episodes,
            observer=Progress(config.episodes, quiet=True),
        )
        await _timed(engine, speed, lambda: scheduler.play(range(config.episodes)))
        log.close()
    return speed


async def submit(engine: FixedLength, policy: Policy, calls: list[Call], at_once: bool) -> Speed:
    """Ask `calls` outside any simulation, all at once or one after another."""
    speed = Speed()

    async def ask(call: Call) -> None:
        speed.take(call, await engine.answer(call, policy, call.seed, 0))

    async def everything() -> None:
        if at_once:
            await asyncio.gather(*(ask(call) for call in calls))
        else:
            for call in calls:
                await ask(call)

    await _timed(engine, speed, everything)
    return speed


async def _timed(engine: FixedLength, speed: Speed, play: Callable[[], Awaitable[object]]) -> None:
    await engine.forget()
    begun = time.perf_counter()
    await play()
    speed.seconds = time.perf_counter() - begun


async def measure(tokens: int, episodes: int) -> None:
    """Load the engine, measure, print."""
    policy = Policy(max_tokens=tokens)
    engine = FixedLength(VllmEngine(), {"default": policy})
    await engine.start()
    try:
        about = ", ".join(f"{k} {v}" for k, v in engine.identity().items())
        print(f"throughput: {about}, {platform.machine()}", flush=True)
        warm = debate(2, 1, 4, "shared_prefix")
        await simulate(engine, policy, warm)
        print(f"debates of 6 agents × 3 rounds, {episodes} episodes alive, {tokens} tokens an answer")
        shared = await simulate(engine, policy, debate(6, 3, episodes, "shared_prefix"))
        print(shared.line("simulation, shared prefix"), flush=True)
        bound = await submit(engine, policy, shared.calls, at_once=True)
        print(bound.line("same prompts all at once (bound)"), flush=True)
        episode = [call for call in shared.calls if call.prompt[0] is shared.calls[0].prompt[0]]
        single = await submit(engine, policy, episode, at_once=False)
        print(single.line("one at a time (one episode)"), flush=True)
        persona = await simulate(engine, policy, debate(6, 3, episodes, "persona_first"))
        print(persona.line("simulation, persona first"), flush=True)
        few = max(1, episodes // 4)
        print(f"debates of 8 agents × 6 rounds, {few} episodes alive")
        shared_long = await simulate(engine, policy, debate(8, 6, few, "shared_prefix"))
        print(shared_long.line("simulation, shared prefix"), flush=True)
        persona_long = await simulate(engine, policy, debate(8, 6, few, "persona_first"))
        print(persona_long.line("simulation, persona first"), flush=True)
    finally:
        await engine.close()
    rate = shared.tokens_per_second
    print("ratios")
    for name, ratio in (
        ("simulation : bound", rate / bound.tokens_per_second),
        ("simulation : one at a time", rate / single.tokens_per_second),
        ("shared prefix : persona first, 6×3", rate / persona.tokens_per_second),
        (
            "shared prefix : persona first, 8×6",
            shared_long.tokens_per_second / persona_long.tokens_per_second,
        ),
    ):
        print(f"  {name:<36}{ratio:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput ratios on the embedded model.")
    parser.add_argument("--tokens", type=int, default=48, help="length of every answer")
    parser.add_argument("--episodes", type=int, default=16, help="episodes alive")
    options = parser.parse_args()
    asyncio.run(measure(options.tokens, options.episodes))


if __name__ == "__main__":
    main()
