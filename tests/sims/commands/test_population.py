"""Populations on the command line: what is printed, what is written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from palaestra.agents.populations.files import read_people
from support.command_line import palaestra

TOWN = (
    "population: town\npersona: Age {age}.\nattributes:\n  age: {whole: true, uniform: {low: 18, high: 90}}\n"
)


def population(*words: str | Path) -> tuple[int, str]:
    """The exit code of a command and what it says."""
    ended = palaestra("population", *words)
    return ended.code, ended.out + ended.err


@pytest.mark.parametrize("name", ["people.parquet", "people.jsonl"])
def test_people_are_drawn_checked_and_written_and_the_file_checks_out(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    code, said = population("draw", "townsfolk", "--size", "10000", "--seed", "1", "--out", out)
    assert code == 0
    assert "townsfolk: 10,000 people of seed 1, drawn in " in said
    assert "within sampling error of what is declared (16 tests, Holm-corrected p ≥ 0.05)" in said
    assert said.rstrip().endswith(name)
    assert read_people(out).height == 10_000
    code, said = population("check", out, "--against", "townsfolk")
    assert code == 0
    assert "within sampling error" in said
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_same_command_writes_the_same_file(tmp_path: Path) -> None:
    for name in ("one.jsonl", "two.jsonl"):
        population("draw", "students", "--size", "50", "--out", tmp_path / name)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_people_of_another_population_differ_and_the_exit_code_says_so(tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text(TOWN)
    population("draw", tmp_path / "town.yaml", "--size", "3000", "--out", tmp_path / "people.parquet")
    (tmp_path / "other.yaml").write_text(TOWN.replace("high: 90", "high: 80"))
    code, said = population("check", tmp_path / "people.parquet", "--against", str(tmp_path / "other.yaml"))
    assert code == 1
    assert "differs from what is declared beyond sampling error: age" in said


def test_the_list_tells_what_there_is() -> None:
    code, said = population("list")
    assert code == 0
    assert all(name in said for name in ("townsfolk", "students", "citizens", "illustrative", "extraversion"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("draw", "townsfok"), "Did you mean 'townsfolk'?"),
        (("draw", "bad.yaml", "--out", "people.parquet"), "bad.yaml:4:10: shares sum to 1; these sum to 0.5"),
        (("draw", "none.yaml"), "there is no file none.yaml"),
        (("draw", "townsfolk", "--out", "people.csv"), "people are written as .parquet or .jsonl"),
        (("draw", "townsfolk", "--out", "there.jsonl"), "there.jsonl exists already"),
        (("draw", "townsfolk", "--out", "nowhere/people.jsonl"), "there is no folder nowhere"),
        (("check", "none.parquet", "--against", "townsfolk"), "there is no file none.parquet"),
        (("check", "there.jsonl", "--against", "townsfolk"), "there.jsonl"),
        (("check", "bad.yaml", "--against", "townsfolk"), "people are read from .parquet or .jsonl"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(
        TOWN.split("  age")[0].replace(" {age}", "") + "  coin: {shares: {heads: 0.5}}\n"
    )
    (tmp_path / "there.jsonl").write_text('{"person": 0}\n')
    code, told = population(*words)
    assert code == 2
    assert said in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "there.jsonl"]


def test_people_without_an_attribute_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"person": [0], "persona": ["Me."]}).write_parquet(tmp_path / "people.parquet")
    code, told = population("check", tmp_path / "people.parquet", "--against", "citizens")
    assert code == 2
    assert "no column 'age'" in told
