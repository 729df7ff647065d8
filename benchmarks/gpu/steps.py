"""What is measured on a GPU, each step in a process of its own: `python -m benchmarks.gpu.steps STEP FOLDER`.

A step prints a line `FIGURE {…}` as soon as a figure is there, so that whoever stops it keeps what it had.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.busy import Busy
from benchmarks.gpu.checkpoints import SIZES, adapters, configure, with_weights

from palaestra.agents.calls import Message
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.trust import Allowed
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.record import log as run_log
from palaestra.runs.record.entries import CallAnswered, entries
from palaestra.runs.record.folder import package_versions
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import Scenario, check
from palaestra.sims.engines.prompt_encoder import checkpoint_encoder
from palaestra.sims.playing import play
from palaestra.sims.playing.api import load
from palaestra.sims.playing.venue import Venue

ALLOWED = Allowed(remote_code=True)
"""For `compilation_config`: what is played is ours."""
QUICK_START = {"compilation_config": {"mode": 0, "cudagraph_mode": "FULL"}}
"""On a GPU: CUDA graphs without Inductor, which would take minutes of the nine to compile."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how large is measured.

    Attributes:
        folder: for models and runs; new.
        rehearsal: whether only to try that everything works: tiny models, few episodes, any machine.
    """

    folder: Path
    rehearsal: bool

    def size(self, wanted: str) -> str:
        """The size of a model."""
        return "tiny" if self.rehearsal else wanted

    def engine(self, model: Path | str) -> dict[str, Any]:
        """The settings of an engine for `model`, whose weights are random if it is a folder."""
        options: dict[str, Any] = {"load_format": "dummy"} if isinstance(model, Path) else {}
        if on_gpu():
            options |= QUICK_START
        kept = {"kv_cache_gib": 1} if self.rehearsal else {}
        return {"model": str(model), "context": 1024 if self.rehearsal else 4096, "options": options, **kept}

    def debates(
        self, model: Path, live: int, policies: dict[str, Any] | None = None, agents: int = 8
    ) -> Scenario:
        """So many debates at once: three rounds of speeches, nobody judges. Agents take policies in turn."""
        live, tokens = (2, 8) if self.rehearsal else (live, 96)
        names = list(policies or {"default": {}})
        file = {
            "scenario": "debate",
            "motions": ["Cities should ban private cars from their centres."],
            "debaters": [{"name": f"Agent {n}", "policy": names[n % len(names)]} for n in range(agents)],
            "rounds": 1 if self.rehearsal else 3,
            "opinions": False,
            "judges": [],
            "engines": {"default": self.engine(model)},
            "policies": {name: {**(policies or {}).get(name, {}), "max_tokens": tokens} for name in names},
            "episodes": live,
            "live": live,
        }
        return check(file, "benchmark")


def on_gpu() -> bool:
    """Whether vLLM computes on a GPU here."""
    from palaestra.sims.engines.vllm_machine import device_name

    return device_name() != "cpu"


def tell(figure: str, **values: Any) -> None:
    """Tell a figure, at once."""
    print("FIGURE", json.dumps({"figure": figure, **values}), flush=True)


def machine(_: Bench) -> None:
    """What is measured on."""
    from palaestra.sims.engines.vllm_machine import device_name

    versions = dict(package_versions())
    tell("machine", device=device_name(), cores=os.cpu_count(), python=platform.python_version(), **versions)


def demo(bench: Bench) -> None:
    """The ready-made debate, judged, on the embedded model, its engine's start included."""
    few = ["episodes=1", "rounds=1", "opinions=false"] if bench.rehearsal else ["episodes=32"]
    settings = json.dumps(bench.engine("smollm2"))
    with playing(bench) as run:
        run("demo", load("debate", [*few, f"engines.default={settings}"]))


def speed(bench: Bench, size: str) -> None:
    """Debates on random weights, 32 and 256 at once; on the smallest model then a game of thinkers."""
    model = configure(bench.folder / "model", bench.size(size))
    parameters = SIZES[bench.size(size)].parameters
    with playing(bench) as run:
        run(f"start {size}", bench.debates(model, 1, agents=2), parameters=parameters)
        for live in (32, 256):
            run(f"{live} debates, {size}", bench.debates(model, live), parameters=parameters)
        if size == "135m":
            run("thinking game", thinkers(bench, model))


def thinkers(bench: Bench, model: Path) -> Scenario:
    """Rock, paper, scissors of players who write notes before each move."""
    episodes, rounds = (1, 2) if bench.rehearsal else (64, 5)
    tokens = 8 if bench.rehearsal else 128
    think = f"policies.default.think={{kind: scratchpad, tokens: {tokens}}}"
    engine = f"engines.default={json.dumps(bench.engine(model))}"
    return load("rock-paper-scissors", [f"episodes={episodes}", f"rounds={rounds}", think, engine])


def tribe(bench: Bench) -> None:
    """Debates of four policies, each with a LoRA adapter of its own on one model, and of none."""
    size = bench.size("1b")
    model = configure(bench.folder / "model", size)
    four = adapters(bench.folder, size, 4)
    policies = {f"member-{n}": {"adapter": str(path)} for n, path in enumerate(four)}
    with playing(bench) as run:
        run("start of a tribe", bench.debates(model, 1, policies, agents=4))
        run("tribe of four adapters", bench.debates(model, 64, policies))


def tokenising(bench: Bench) -> None:
    """CPU time of making a prompt's token ids anew, by how many messages its agent has heard."""
    encode = checkpoint_encoder(VllmEngine(model=str(configure(bench.folder / "model", "tiny"))))
    said = "Cities should ban private cars from their centres, and I will tell you why that is. " * 3
    for heard in (24, 80, 240):
        prompt = tuple(Message(n, "user", f"{n}: {said}", f"Agent {n % 8}") for n in range(heard))
        times = 3 if bench.rehearsal else 20
        begun = time.process_time()
        for _ in range(times):
            tokens = len(encode(prompt))
        milliseconds = 1000 * (time.process_time() - begun) / times
        tell("tokenising", heard=heard, tokens=tokens, cpu_ms=round(milliseconds, 2))


def dpo(bench: Bench) -> None:
    """Steps of DPO with LoRA on pairs of a made-up run: the first, with its start, and then more."""
    from palaestra.sims.training.settings import TrainSettings
    from palaestra.sims.training.train import train

    run = play.start(load("sparta", dry_run=True), bench.folder / "run", quiet=True)
    export([run], bench.folder / "pairs", ExportOptions(formats=("dpo",)))
    model = with_weights(configure(bench.folder / "model", bench.size("135m")))
    for steps in (1, 2) if bench.rehearsal else (1, 17):
        begun = time.perf_counter()
        settings = TrainSettings(max_steps=steps, batch_size=2 if bench.rehearsal else 4)
        train(
            bench.folder / "pairs", bench.folder / f"{steps}", model=str(model), settings=settings, quiet=True
        )
        seconds = round(time.perf_counter() - begun, 2)
        told = json.loads((bench.folder / f"{steps}" / "training.json").read_text())
        losses = [logged["loss"] for logged in told["loss"]]
        tell("dpo", steps=steps, seconds=seconds, device=told["device"], losses=losses[:1] + losses[-1:])


Run = Callable[..., None]


@contextmanager
def playing(bench: Bench) -> Iterator[Run]:
    """Plays scenarios on engines that stay up, and tells of each how fast it was."""
    with Venue() as venue:

        def run(figure: str, scenario: Scenario, **more: Any) -> None:
            folder = bench.folder / figure.replace(" ", "-")
            begun = time.perf_counter()
            with Busy() as busy:
                play.start(scenario, folder, quiet=True, venue=venue, allowed=ALLOWED)
            seconds = round(time.perf_counter() - begun, 2)
            tell(figure, **told_of(folder), **busy.figures, all_seconds=seconds, **more)

        yield run


def told_of(folder: Path) -> dict[str, Any]:
    """How fast a run was, by its log: calls, utterances (texts) and tokens a second between first and last.

    Latencies are of a call, in seconds, half and nine tenths of them below.
    """
    answered = [e for e in entries(run_log.read(folder)) if isinstance(e, CallAnswered)]
    span = max(e.seconds[1] for e in answered) - min(e.seconds[0] for e in answered)
    texts = [e for e in answered if e.answer["kind"] == "text"]
    latencies = sorted(e.seconds[1] - e.seconds[0] for e in answered)
    prompt, cached, output = (sum(e.tokens[kind] for e in answered) for kind in range(3))
    engine = next(iter(RunState.read(folder).sittings[-1].engines.values()))
    return {
        "calls": len(answered),
        "seconds": round(span, 2),
        "calls_per_second": round(len(answered) / span, 1),
        "utterances_per_second": round(len(texts) / span, 1),
        "output_tokens_per_second": round(output / span, 1),
        "prompt_tokens_per_call": round(prompt / len(answered)),
        "cached": round(cached / prompt, 3) if prompt else 0.0,
        "latency_half": round(latencies[len(latencies) // 2], 3),
        "latency_nine_tenths": round(latencies[9 * len(latencies) // 10], 3),
        "dtype": engine.get("dtype"),
    }


STEPS: dict[str, Callable[[Bench], None]] = {
    "machine": machine,
    "demo": demo,
    "135m": lambda bench: speed(bench, "135m"),
    "1b": lambda bench: speed(bench, "1b"),
    "8b": lambda bench: speed(bench, "8b"),
    "tokenising": tokenising,
    "tribe": tribe,
    "dpo": dpo,
}
"""The most telling first."""


def main() -> None:
    parser = argparse.ArgumentParser(description="One step of the figures of a GPU.")
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    STEPS[options.step](Bench(options.folder, options.rehearse))


if __name__ == "__main__":
    main()
