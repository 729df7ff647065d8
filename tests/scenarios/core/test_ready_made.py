"""Every ready-made file plays one episode on the real engine, and its transcript can be read.

The model is the embedded one's first layers: rules and engine must go together whatever it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.policy import Policy
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import FOLDER
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.engines import fleet as engines
from palaestra.sims.engines.engine import Engine
from palaestra.sims.playing import play, venue
from support.real_engine import RealEngine
from support.slices import sliced

pytestmark = pytest.mark.engine

READY = [
    file
    for name in SCENARIOS
    for file in sorted((SCENARIOS[name].prompts_file.parent / FOLDER).glob("*.yaml"))
]
SHORT = {
    "rounds": 1,
    "max_rounds": 1,
    "iterations": 1,
    "utterances": 2,
    "words": 5,
    "matches": 2,
    "candidates": 1,
    "quota": 1,
    "terms": 1,
    "sessions": 1,
}
# Large casts do without what a small one plays: `traitors` has two traitors, introductions and
# notes, `werewolf` a seer and beliefs.
SHORTER = {
    "knights-knaves": ("players=3",),
    "traitors-10": ("introduction=false", "memory_summaries=false", "elicit_beliefs=false"),
    "werewolf": (
        "minority.size=1",
        "players=[{name: Ada}, {name: Ben}, {name: Cho}, {name: Dov}, {name: Eve}]",
    ),
}
LARGE = {
    *("debate-next-message", "debate-protocol", "werewolf", "traitors-10", "n-way", "claims"),
    *("persuasion-free", "small-world", "evolve-demo"),
}
"""Other files of their scenarios play much of the same in fewer calls."""
TOKENS = 8  # of a free text; what is tested is that the rules and the engine go together


class Shared:
    """One engine for all runs, each of which would start one of its own."""

    def __init__(self, engine: RealEngine) -> None:
        self._engine = engine

    async def start(self) -> None:
        """It runs already."""

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        answering = self._engine.vllm.answer(call, policy, seed, attempt)
        return await asyncio.wrap_future(self._engine.submit(answering))

    async def close(self) -> None:
        """Others go on using it."""

    def identity(self) -> dict[str, str]:
        return self._engine.vllm.identity()


@pytest.fixture(scope="module")
def engine(shallow: Path, dtype: str) -> Iterator[RealEngine]:
    started = RealEngine({"default": Policy()}, dtype, str(shallow))
    yield started
    started.close()


@pytest.fixture(scope="module")
def played(
    engine: RealEngine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[Path, Future[Path]]]:
    """The run folders of all files, which play at once: the engine batches over all of them."""
    usual = engines.build

    def build(settings: EngineSettings, policies: Mapping[str, Policy]) -> Engine:
        return Shared(engine) if isinstance(settings, VllmEngine) else usual(settings, policies)

    def play_short(path: Path) -> Path:
        return play.start(load(path, shortening(path)), folder / path.stem, quiet=True)

    asked = {
        item.callspec.params["path"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    }
    folder = tmp_path_factory.mktemp("ready-made")
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(READY)) as threads:
        patch.setattr(venue, "build", build)
        yield {path: threads.submit(play_short, path) for path in READY if path in asked}


def shortening(path: Path) -> list[str]:
    """The settings that make the file in `path` a matter of seconds."""
    config = load(path).config
    settings = ["episodes=1", *(f"policies.{name}.max_tokens={TOKENS}" for name in config.policies)]
    if not getattr(config, "human", None):  # a record on file says how many rounds there are
        settings += [f"{name}={value}" for name, value in SHORT.items() if name in type(config).model_fields]
    return [*settings, *SHORTER.get(path.stem, ())]


@pytest.mark.parametrize(
    "path",
    sliced(READY, [path for path in READY if path.stem not in LARGE]),
    ids=lambda path: path.stem,
)
def test_a_ready_made_file_plays(path: Path, played: dict[Path, Future[Path]]) -> None:
    run = Run(played[path].result(timeout=1800))
    assert run.state.status == "finished"
    assert run.episodes["ended"].all()
    assert run.calls.is_empty() or not run.calls["failed"].all()
    assert sum(1 for _ in transcript(run, 0)) > 3
