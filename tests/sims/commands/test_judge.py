"""`palaestra judge`, typed as users type it: whole episodes compared, and what becomes of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from palaestra.runs.run import Run
from support.command_line import done, refused


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve debates on four motions."""
    folder = tmp_path_factory.mktemp("talks") / "talks"
    done("run", "debate", "--dry-run", "-q", "-n", "12", "--set", "rounds=1", "--out", folder)
    return folder


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))


def test_a_run_of_its_own_lies_beside_and_pairs_of_it_are_whole_trajectories(
    talks: Path, tmp_path: Path
) -> None:
    told = done("judge", talks, "--dry-run", "-q", "--size", "3")
    judged = talks.with_name("talks-judged")
    assert "12 episodes in 4 groups" in told
    assert f"run folder: {judged}" in told
    assert f"judges: not audited (palaestra audit-judges {judged})" in told
    tables = Run(judged).tables
    assert len(tables["relative_score"]) == 4 * 3 * 2
    assert set(tables["trajectory"]["trajectory"]) == {f"talks/{n}" for n in range(12)}
    done(
        "export", judged, "--pairs", "all", "--to", "dpo", "--to", "ranked", "-q", "--out", tmp_path / "pairs"
    )
    files = (tmp_path / "pairs" / "dpo").glob("*.jsonl")
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4 * 3
    for row in rows:
        assert row["prompt"][0]["content"].startswith("This is a debate of 1 rounds")
        assert row["chosen"][0]["content"].count("\n\n") == 3, "four speeches"
        assert row["chosen_agent"].startswith("talks/")
        assert row["chosen_policy"] == "talks/default"
    card = (tmp_path / "pairs" / "README.md").read_text(encoding="utf-8")
    assert "talks/default" in card
    assert "not audited" in card
    assert "flip" in done("metrics", judged, "-m", "panel_flip_rate")


def test_its_judge_is_audited_by_its_own_prompts(talks: Path, tmp_path: Path) -> None:
    judged = tmp_path / "judged"
    done("judge", talks, "--dry-run", "-q", "--out", judged)
    told = done("audit-judges", judged, "-q", "--pairs", "60")
    assert "relative judge right AUC ECE" in told
    assert "(relative)" in done("show", judged)


def test_judges_of_a_file_compare_episodes_of_two_runs_by_seed(talks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    done("run", "debate", "--dry-run", "-q", "-n", "12", "--set", "rounds=1", "--out", other)
    both, judged = (talks, other), tmp_path / "judged"
    told = done(
        "judge", *both, "--with", "whole-episodes", "--group", "seed", "--dry-run", "-q", "--out", judged
    )
    assert "24 episodes in 12 groups" in told
    tables = Run(judged).tables
    assert set(tables["trajectory"]["author"]) == {"talks/default", "other/default"}
    assert set(tables["relative_score"]["judge"]) == {"Judge Kim", "Judge Lund"}
    assert "resume" not in done("resume", judged, "-q")


def test_what_cannot_be_compared_is_refused_before_anything_is_written(talks: Path, tmp_path: Path) -> None:
    one = tmp_path / "one"
    done("run", "debate", "--dry-run", "-q", "-n", "1", "--set", "rounds=1", "--out", one)
    assert "none of the 1 episodes has another of the same topic" in refused("judge", one, "--dry-run")
    assert "named twice" in refused("judge", one, one)
    assert "has no policy of that name" in refused("judge", talks, "--by", "nobody")
    assert "both say who judges" in refused("judge", talks, "--by", "default", "--with", "whole-episodes")
    assert "no file of judges" in refused("judge", talks, "--with", "debate")
    car = tmp_path / "car"
    done("run", "used-car", "--dry-run", "-q", "-n", "2", "--out", car)
    assert "different scenarios" in refused("judge", talks, car)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["car", "one"]


def test_the_seed_of_a_file_counts_unless_another_is_typed(talks: Path, tmp_path: Path) -> None:
    file = tmp_path / "judges.yaml"
    file.write_text("scenario: trajectory_ranking\nseed: 3\njudges: [{name: Kim}]\n", encoding="utf-8")
    for number, typed in enumerate(([], ["--seed", "4"])):
        out = tmp_path / str(number)
        done("judge", talks, "--with", file, "--dry-run", "-q", "--out", out, *typed)
    assert [Run(tmp_path / str(n)).state.scenario.seed for n in (0, 1)] == [3, 4]


def test_how_many_are_left_out_is_told_and_so_is_where_nothing_is_ever_said(tmp_path: Path) -> None:
    runs = []
    for name, motion in (("one", "A."), ("other", "B.")):
        runs.append(tmp_path / name)
        done("run", "debate", "--dry-run", "-q", "-n", "1", "--set", f"motions=[{motion}]", "--out", runs[-1])
    assert "same seed and task" in refused("judge", *runs, "--group", "seed", "--dry-run")
    game = tmp_path / "game"
    done("run", "rock-paper-scissors", "--dry-run", "-q", "-n", "2", "--out", game)
    told = refused("judge", game, "--dry-run")
    assert "nothing was said in any of the 2 finished episodes" in told
    assert "resume" not in told


def test_groups_that_are_too_long_are_told_and_end_no_run(talks: Path, tmp_path: Path) -> None:
    file = tmp_path / "judges.yaml"
    short = "engines: {default: {kind: scripted, context: 100}}\n"
    file.write_text(f"scenario: trajectory_ranking\njudges: [{{name: Kim}}]\n{short}", encoding="utf-8")
    told = done("judge", talks, "--with", file, "-q", "--size", "3", "--out", tmp_path / "out")
    assert "4 groups were too long" in told
    assert "--size 2" in told
    assert Run(tmp_path / "out").state.status == "finished"
