"""How much an engine's numbers move is noted by runs on it, and exports take smaller margins for ties."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest

from palaestra.runs.record.noise import EngineNoise, keep_noise, known_noise, margin_of
from palaestra.runs.record.state import RunState
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
