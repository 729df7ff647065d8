"""What all tests share: a share of the cores for each worker, and the real engine, started once a session."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from palaestra.agents.policy import Policy, Thinking
from palaestra.runs.record.cache import cache_folder
from palaestra.sims.engines import embedded_model
from support.real_engine import RealEngine, lora_adapter
from support.shallow_model import shallow_model

# What is collected stays for the whole session: to look through it for litter is a quarter of collecting.
gc.disable()

# The machine that runs the tests may be slow: nothing depends on the clock.
settings.register_profile(
    "palaestra", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("palaestra")

SHARED = {"real_engine", "capitals"}
"""Fixtures that take a minute: an engine, and an adapter that it serves."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dtype",
        choices=("auto", "bfloat16", "float32"),
        default="auto",
        help="number format of the real engine and of training; auto: the fastest that this machine computes",
    )
    parser.addoption(
        "--every-kill",
        action="store_true",
        help="kill commands at each of their file operations, not at some of them (`make chaos` does)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker cores of its own, as threads of several that share them wait for each other."""
    _keep_out_of_the_users_cache(config)
    cores = sorted(os.sched_getaffinity(0))
    worker = getattr(config, "workerinput", {"workerid": "gw0", "workercount": 1})
    own = cores[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]
    if own:
        os.sched_setaffinity(0, own)


def _keep_out_of_the_users_cache(config: pytest.Config) -> None:
    """What tests measure and audit is no fact of the user's; the models are, and take long to make."""
    if hasattr(config, "workerinput"):
        return  # the one that started it did so
    models = cache_folder() / "models"
    models.mkdir(parents=True, exist_ok=True)
    own = tempfile.TemporaryDirectory(prefix="palaestra-tests-")
    config.add_cleanup(own.cleanup)
    (Path(own.name) / "models").symlink_to(models.resolve(), target_is_directory=True)
    os.environ["PALAESTRA_CACHE"] = own.name


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, and keep those on one worker that share something costly."""
    for item in items:
        asked: list[str] = getattr(item, "fixturenames", [])
        if not {"tokenizer", "shallow"}.isdisjoint(asked):
            item.add_marker("torch")
        if not SHARED.isdisjoint(asked):
            item.add_marker(pytest.mark.xdist_group("engine"))
        elif item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_collection_finish() -> None:
    """From here on what is left behind is litter; what was collected is none."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The embedded model's."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(embedded_model.ensure()))


@pytest.fixture(scope="session")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the embedded model's first layers."""
    return shallow_model(tmp_path_factory.mktemp("models") / "shallow")


@pytest.fixture(scope="session")
def dtype(request: pytest.FixtureRequest) -> str:
    """The number format that was asked for, or "auto"."""
    return str(request.config.getoption("--dtype"))


@pytest.fixture(scope="session")
def number_format(dtype: str) -> Iterator[None]:
    """Training computes in the number format that was asked for."""
    with pytest.MonkeyPatch.context() as patch:
        if dtype != "auto":
            computes = "palaestra.sims.training.trainers.computes_bfloat16"
            patch.setattr(computes, lambda: dtype == "bfloat16")
        yield


@pytest.fixture(scope="session")
def real_engine(tmp_path_factory: pytest.TempPathFactory, dtype: str) -> Iterator[RealEngine]:
    """The embedded model on vLLM, with its base policy and two LoRA policies."""
    adapters = tmp_path_factory.mktemp("adapters")
    engine = RealEngine(
        {
            "base": Policy(max_tokens=24),
            "greedy": Policy(max_tokens=24, temperature=0),
            "thinker": Policy(max_tokens=24, think=Thinking(kind="native", tokens=12)),
            "first": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "first", 1)),
            "second": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "second", 2)),
        },
        dtype,
    )
    yield engine
    engine.close()
