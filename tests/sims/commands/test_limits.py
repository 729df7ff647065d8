"""Input without measure is refused with its number and the limit, wherever it is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from palaestra.agents.limits import MOST_AGENTS, MOST_BYTES, MOST_EPISODES, MOST_POINTS
from palaestra.scenarios.core.load import load
from palaestra.sims.playing.estimate import calls_per_episode
from support.command_line import done, palaestra, refused

DEBATE = "scenario: debate\nmotions: [No cars.]\n"
ABOVE = str(10**9)
UNREAD = ("pipe", "large", "binary")


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        *((command, kind) for command in ("validate", "run", "show", "evolve") for kind in UNREAD),
        ("validate", "folder"),
        ("run", "folder"),
    ],
)
def test_what_is_no_file_to_read_is_refused_unread(command: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "large":
            path.write_bytes(b"#" * (MOST_BYTES + 1))
        case _:
            path.write_bytes(b"title: \xff\n")
    said = refused(command, "mine.yaml", cwd=tmp_path)
    told = {
        "pipe": "it is a pipe, no file",
        "folder": "it is a folder, no file",
        "large": f"has {MOST_BYTES + 1:,} bytes; at most {MOST_BYTES:,} are read",
        "binary": "mine.yaml:1:8: this can't be read: byte 0xff is no UTF-8",
    }
    assert told[kind] in said
    assert [left.name for left in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("name", ["people.parquet", "people.jsonl", "town.yaml"])
def test_people_are_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    assert "it is a pipe, no file" in refused(
        "run", "debate", "--dry-run", "--set", f"population.of={name}", cwd=tmp_path
    )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 40 + b"PAR1"])
def test_people_that_are_none_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "people.parquet").write_bytes(content)
    said = refused("population", "check", "people.parquet", "--against", "townsfolk", cwd=tmp_path)
    assert "people.parquet can't be read" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEBATE + "title: " + "[" * 600 + "]" * 600, "mine.yaml:3:57: more than 50 mappings"),
        (DEBATE + "title: !!bool x", "mine.yaml:3:8: the tag !!bool isn't taken"),
        ("x: &x {<<: *x}\n" + DEBATE, "mine.yaml:1:12: the alias *x stands for what it is in"),
        (
            DEBATE + f"sweep: {{seed: [{','.join('1' * 200)}], rounds: [{','.join('1' * 200)}]}}\n",
            f"mine.yaml:3:1: a sweep of 40,000 points; at most {MOST_POINTS:,} are played",
        ),
        (
            DEBATE + f"episodes: {ABOVE}",
            f"mine.yaml:3:1: `episodes`: input should be less than or equal to {MOST_EPISODES}",
        ),
        (DEBATE + "live: 1e12", "mine.yaml:3:1: `live`: input should be less than"),
        (DEBATE + "retries: 5000", "mine.yaml:3:1: `retries`: input should be less than"),
        (DEBATE + "seed: 99999999999999999999", "mine.yaml:3:7: 99999999999999999999 is beyond"),
        (DEBATE + "policies: {default: {temperature: .nan}}", "mine.yaml:3:35: .nan is no number"),
        (DEBATE + "rounds: 1\nrounds: 2", 'mine.yaml:4:1: this is not YAML: found duplicate key "rounds"'),
        ("", "mine.yaml:1:1: a scenario file is a mapping of fields"),
        (DEBATE + "---\n" + DEBATE, "mine.yaml:3:1: this is not YAML"),
    ],
)
def test_a_file_beyond_a_limit_is_refused_at_its_place(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert said in refused("validate", "mine.yaml", cwd=tmp_path)


def test_a_cast_of_thousands_is_drawn_and_not_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("palaestra.scenarios.core.config.MOST_AGENTS", 3)  # that of the file takes seconds
    cast = ", ".join(f"{{name: A{number}, stance: for}}" for number in range(4))
    (tmp_path / "mine.yaml").write_text(DEBATE + f"debaters: [{cast}]\n", encoding="utf-8")
    assert "mine.yaml:3:87: more than 3 agents" in refused("validate", "mine.yaml", cwd=tmp_path)
    assert MOST_AGENTS >= 1000


@pytest.mark.parametrize(
    "words",
    [
        ("run", "debate", "--dry-run", "-n", ABOVE),
        ("run", "debate", "--dry-run", "--seed", "9" * 30),
        ("run", "debate", "--dry-run", "--set", f"title={'9' * 5000}"),
        ("run", "debate", "--dry-run", "--set", "title=!!bool x"),
        ("population", "draw", "townsfolk", "--size", "9" * 12),
        ("show", "nowhere", "--call", "9" * 30),
    ],
)
def test_words_beyond_a_limit_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    refused(*words, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("--episodes", "0-99999999999"), ("--episodes", "9" * 5000), ("--answers", ABOVE, "--repeats", ABOVE)],
)
def test_a_branch_beyond_a_limit_is_refused(words: tuple[str, ...], car: Path, tmp_path: Path) -> None:
    assert f"{MOST_EPISODES:,}" in refused("branch", car, *words, "--out", "out", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_estimate_of_what_never_ends_is_a_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("palaestra.sims.playing.estimate.MOST_FORESEEN_CALLS", 50)
    said = done(
        "run", "debate", "--dry-run", "--estimate", "-n", "4", "--set", f"rounds={ABOVE}", cwd=tmp_path
    )
    assert said.startswith("at least")
    assert "calls 208" in said
    assert not done("run", "debate", "--dry-run", "--estimate", "--set", "rounds=1").startswith("at least")
    (tmp_path / "mine.yaml").write_text(DEBATE + f"rounds: {ABOVE}\n", encoding="utf-8")
    assert 50 <= calls_per_episode(load(tmp_path / "mine.yaml")) < 100


def test_a_sweep_is_called_valid_only_when_all_its_points_are(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(DEBATE + "sweep: {panel: [2, 9]}\n", encoding="utf-8")
    ended = palaestra("validate", "mine.yaml", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "in the sweep, at panel=9" in ended.err
