"""How much an engine's numbers move is noted by runs on it, and exports take smaller margins for ties."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from palaestra.runs.exports.source import Source
from palaestra.runs.record.noise import EngineNoise, keep_noise, known_noise, margin_of
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import check
from palaestra.sims.playing import play
from support.command_line import done, refused

COARSE = EngineNoise(points=0.5, preference=0.1, against="company", when="2026-01-01")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))


def test_noise_belongs_to_the_model_and_what_computes_it() -> None:
    here = {"kind": "vllm", "weights": "abc", "dtype": "bfloat16", "device": "cpu", "context": "2048"}
    keep_noise(here, COARSE)
    assert known_noise(here) == COARSE
    assert known_noise(here | {"context": "4096"}) == COARSE
    for other in ({"weights": "xyz"}, {"dtype": "float32"}, {"device": "gpu"}):
        assert known_noise(here | other) is None


def test_what_was_measured_against_less_takes_the_place_of_nothing_larger() -> None:
    here = {"kind": "vllm", "weights": "abc", "dtype": "bfloat16"}
    exact = EngineNoise(points=0.9, preference=0.05, against="float32", when="2026-01-02")
    for order in ((exact, COARSE), (COARSE, exact)):
        for noise in order:
            keep_noise(here, noise)
        both = EngineNoise(points=0.9, preference=0.1, against="float32", when="2026-01-02")
        assert known_noise(here) == both
    keep_noise(here, COARSE.model_copy(update={"preference": 0.01, "when": "2026-01-03"}))
    again = known_noise(here)
    assert again is not None
    assert (again.points, again.preference, again.when) == (0.9, 0.05, "2026-01-03")


def test_a_group_of_servers_is_as_noisy_as_the_noisiest_of_them_and_no_other_group() -> None:
    model = {"kind": "openai", "model": "m"}
    keep_noise(model | {"url": "http://a/v1"}, COARSE)
    keep_noise(model | {"url": "http://b/v1"}, EngineNoise(points=0.1, preference=0.3, against="company"))
    found = known_noise(model | {"urls": "http://a/v1, http://b/v1, http://c/v1"})
    assert found is not None
    assert (found.points, found.preference) == (0.5, 0.3)
    assert known_noise(model | {"urls": "http://c/v1, http://d/v1"}) is None
    assert known_noise({"kind": "openai", "model": "other", "urls": "http://a/v1, http://c/v1"}) is None
    keep_noise(model | {"urls": "http://e/v1, http://f/v1"}, COARSE)
    assert known_noise(model | {"urls": "http://c/v1, http://d/v1"}) is None


def test_only_a_size_that_there_is_makes_ties() -> None:
    still = EngineNoise(points=0, preference=0, against="company")
    assert str(still).endswith("(asked alone, among others); so no margin is a tie by it")
    assert str(still.model_copy(update={"points": 0.5})).endswith("margins below 1.4 points are ties")


JUDGED_BY_OTHERS: dict[str, Any] = {
    "scenario": "duel",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}],
    "fighters_judge": False,
    "judges": [{"name": "Kim", "policy": "careful"}],
    "instructions": ["Name a colour."],
    "engines": {"players": {"kind": "scripted"}, "bench": {"kind": "scripted"}},
    "policies": {"default": {"engine": "players"}, "careful": {"engine": "bench"}},
}


@pytest.mark.parametrize(
    ("noisy", "basis", "floor"),
    [
        ("players", "expectation", 0.0),
        ("bench", "expectation", 2 * sqrt(2) * 0.5),
        ("bench", "sample", 0.0),
    ],
)
def test_a_margin_may_be_rounding_only_of_those_who_judged_and_of_their_expectations(
    noisy: str, basis: str, floor: float, tmp_path: Path
) -> None:
    found = check(JUDGED_BY_OTHERS | {"score_basis": basis}, "test.yaml")
    run = play.start(found, tmp_path / "run", quiet=True)
    state = RunState.read(run)
    (sitting,) = state.sittings
    measured = sitting.model_copy(update={"noise": {noisy: COARSE}})
    state.model_copy(update={"sittings": (measured,)}).write(run)
    (sample,) = Source(run).samples()
    assert sample.noise == pytest.approx(floor)


def test_a_margin_of_noise_is_twice_that_of_a_difference_by_the_noisiest_engine() -> None:
    fine = EngineNoise(points=0.01, preference=0.0, against="float32")
    assert margin_of([fine, COARSE], "points 1–10") == pytest.approx(2 * sqrt(2) * 0.5)
    assert margin_of([fine, COARSE], "probability 0–1") == pytest.approx(2 * sqrt(2) * 0.1)
    assert margin_of([COARSE], "nats a token") == margin_of([], "points 1–10") == 0


def test_exports_take_what_may_be_noise_for_ties_unless_a_margin_is_asked_for(tmp_path: Path) -> None:
    keep_noise({"kind": "scripted"}, COARSE)
    run = tmp_path / "run"
    said = done("run", "n-way", "--dry-run", "-q", "--out", run)
    assert "numbers of the engine 'default' move by 0.5 points, 0.1 of a probability" in said
    assert RunState.read(run).noise == {"default": COARSE}
    told = refused("export", run, "--pairs", "all", "--out", tmp_path / "none")
    assert "margins that may be the rounding of the judges' engine (--margin 0 takes them): 12" in told
    done("export", run, "--pairs", "all", "--margin", "0", "-q", "--out", tmp_path / "all")
    card = (tmp_path / "all" / "README.md").read_text(encoding="utf-8")
    assert "margins below 1.4 points or 0.28 of a probability are ties" in card


def test_of_an_engine_that_nobody_measured_nothing_is_known(tmp_path: Path) -> None:
    done("run", "n-way", "--dry-run", "-q", "--out", tmp_path / "run")
    assert RunState.read(tmp_path / "run").noise == {}
