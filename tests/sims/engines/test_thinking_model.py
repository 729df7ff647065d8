"""A model that thinks, on vLLM: one game with its thoughts and without, on one engine.

The slice of `make thinkers` that needs no network: gpt-oss' channels, tokens and template, on the cheapest
architecture, in a game with texts, choices and JSON.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from palaestra.runs.run import Run
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.sweep import points
from palaestra.sims.playing.sweep import runs, start_sweep
from support.followed import followed
from support.taught import SENTINEL, made
from support.thinkers import THINKERS, ThinkingFamily

pytestmark = [pytest.mark.engine, pytest.mark.whole]

BUDGET = 12
GAME = {
    "scenario": "social_deduction",
    "episodes": 2,
    "game": "Werewolf",
    "minority": {"name": "werewolf", "plural": "werewolves", "size": 1},
    "majority": {"name": "villager", "plural": "villagers"},
    "private_thoughts": True,
    "max_rounds": 1,
    "words": 10,
    "players": [{"name": name} for name in ("Ann", "Bo", "Cem", "Dee")],
    "policies": {"default": {"max_tokens": 24, "temperature": 0.4}},
    "sweep": {"policies.default.think": ["off", {"kind": "native", "tokens": BUDGET}]},
}


@pytest.fixture(scope="module")
def family() -> ThinkingFamily:
    llama = THINKERS["llama"]
    return replace(THINKERS["gpt-oss"], architecture=llama.architecture, options=llama.options)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, family: ThinkingFamily) -> Path:
    return made(family, tmp_path_factory.mktemp("models") / "thinker")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, model: Path, dtype: str) -> tuple[Path, Path]:
    """The run without thoughts, and the run with them."""
    engine = {"model": str(model), "dtype": dtype, "context": 4096, "kv_cache_gib": 1}
    scenario = check(GAME | {"engines": {"default": engine}}, "test.yaml")
    off, native = runs(start_sweep(points(scenario), tmp_path_factory.mktemp("sweep") / "s", quiet=True))
    return off, native


def test_off_asks_for_the_answer_at_once(swept: tuple[Path, Path]) -> None:
    calls = Run(swept[0]).calls
    assert (calls["thought"] == "").all()
    assert not calls["text"].str.contains(SENTINEL).any()


def test_thoughts_keep_to_their_budget_and_get_nowhere_and_choices_are_weighed_after_them(
    family: ThinkingFamily, model: Path, swept: tuple[Path, Path]
) -> None:
    run = Run(swept[1])
    told = followed(family, model, str(run.state.sittings[0].engines["default"]["dtype"]), [run.folder])
    assert told.filled >= 0.9 * told.calls > 0
    assert told.held > 0
    assert told.outside == []
    assert told.compared > 3
    assert told.beyond == 0


def test_an_answer_follows_a_thought_whatever_its_kind(swept: tuple[Path, Path]) -> None:
    calls = Run(swept[1]).calls
    assert not calls["failed"].any()
    assert not calls["text"].str.contains("<|channel|>", literal=True).any()
    assert calls.filter(pl.col("text").str.starts_with("{")).height > 0
    assert calls.filter(pl.col("probabilities").is_not_null()).height > 0
