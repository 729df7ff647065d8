"""`palaestra plan` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaestra.sims.commands import planning
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


def test_of_a_file_it_says_so_by_the_largest_spread_there_can_be_and_what_the_file_plays() -> None:
    said = done("plan", "debate", "-m", "polarisation", "--effect", "0.2")
    assert "polarisation: 788 episodes of each of two runs on 394 items, each 2 times as in the file," in said
    assert "spread 1, the largest there can be: a pilot may tell of fewer" in said
    assert "The file plays 8 episodes, on 4 items of its list." in said
    smaller = done("plan", "debate", "-m", "conformity", "--effect", "0.1", "--spread", "0.25")
    assert "conformity: 200 episodes of each of two runs on 100 items" in smaller


def test_a_file_that_plays_its_topics_again_needs_topics(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(
        "scenario: debate\nmotions: [A., B., C., D.]\nepisodes: 12\nrounds: 1\n", encoding="utf-8"
    )
    said = done("plan", file, "-m", "opinion_shift", "--effect", "1", "--spread", "1")
    assert "opinion_shift: 51 episodes of each of two runs on 17 items, each 3 times as in the file," in said


@pytest.mark.parametrize(
    ("motions", "on", "plays"),
    [
        (40, "10 episodes of each of two runs find", "on at least 25 items"),
        (
            5,
            "at least 50 episodes of each of two runs on 10 items, each at least 5 times",
            "on at least 5 items",
        ),
    ],
)
def test_of_a_long_file_only_what_was_begun_is_counted(
    motions: int, on: str, plays: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_BEGUN", 25)
    file = tmp_path / "long.yaml"
    listed = "".join(f"- Motion {number}.\n" for number in range(motions))
    file.write_text(f"scenario: debate\nepisodes: 120\nrounds: 1\nmotions:\n{listed}", encoding="utf-8")
    said = done("plan", file, "-m", "opinion_shift", "--effect", "1000", "--spread", "1")
    assert f"opinion_shift: {on}" in said
    assert f"The file plays 120 episodes, {plays} of its list." in said


def test_too_small_a_difference_is_mended_by_a_larger_one(pilot: Path) -> None:
    for what in ((pilot,), ("debate", "--spread", "1")):
        said = refused("plan", *what, "-m", "opinion_shift", "--effect", "0.0000001")
        assert "takes more than 1,000,000 episodes" in said
        assert "Give a larger difference: --effect." in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "conformity", "--effect", "0.1"), "conformity: nothing limits how much it varies"),
        (("-m", "speech_length", "--effect", "5"), "nothing limits how much it varies, and no pilot tells"),
        (("-m", "deal_rate", "--effect", "0.1"), "deal_rate can't be measured here"),
        (("-m", "conformity", "--effect", "0.1", "--spread", "0"), "--spread 0"),
    ],
)
def test_what_a_file_does_not_tell_is_asked_for(words: tuple[str, ...], said: str) -> None:
    assert said in refused("plan", "debate", *words)
