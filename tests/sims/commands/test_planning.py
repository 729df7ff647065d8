"""`palaestra plan` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import done, refused


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot") / "run"
    done("run", "debate", "--dry-run", "-q", "-n", "12", "--set", "rounds=1", "--out", str(folder))
    return folder


def test_it_says_how_many_episodes_find_what_matters(pilot: Path) -> None:
    said = done("plan", pilot, "-m", "opinion_shift", "--effect", "0.5")
    assert "opinion_shift: " in said
    assert "episodes of each of two runs" in said
    assert "a difference of 0.5 points 80% of the time" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "opinion_shft", "--effect", "1"), "there is no metric 'opinion_shft'"),
        (("-m", "opinion_shift", "--effect", "0"), "--effect 0 is no difference"),
        (("-m", "opinion_shift", "--effect", "1", "--power", "1"), "--power 1 is no share"),
        (("-m", "deal_rate", "--effect", "1"), "deal_rate can't be measured here"),
    ],
)
def test_what_it_can_not_plan_is_told(pilot: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused("plan", pilot, *words)
