"""The commands that show what there is and what was played, and play nothing."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest

from palaestra.runs.run import Run
from support.command_line import done, palaestra, refused
from support.logs import rewrite

# --- validate, scenarios, schema ---


def test_a_valid_file_is_told_with_what_it_would_play(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(
        "scenario: debate\nmotions: [No private cars.]\nepisodes: 4\nseed: 9\n"
    )
    said = done("validate", "file.yaml", cwd=tmp_path)
    assert said == "file.yaml: a valid debate, 4 episodes, seed 9"
    assert "5 episodes" in done("validate", "file.yaml", "--set", "episodes=5", cwd=tmp_path)
    swept = done("validate", "file.yaml", "--set", "sweep={rounds: [1, 2]}", cwd=tmp_path)
    assert swept.endswith("seed 9 rounds=1 rounds=2")
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]


def listed() -> dict[str, list[str]]:
    """The ready-made files of each scenario, as the command lists them."""
    found: dict[str, list[str]] = {}
    for line in palaestra("scenarios").out.splitlines():
        if line.startswith("    "):
            found[list(found)[-1]].append(line.split()[0])
        elif line and line[0] != " " and " " not in line:
            found[line] = []
    return found


def test_every_scenario_that_is_listed_has_a_schema_and_every_ready_file_is_valid_and_shown() -> None:
    ready = listed()
    assert "small-world" in ready["debate"]
    for scenario, names in ready.items():
        schema = json.loads(palaestra("schema", scenario).out)
        assert schema["properties"]["scenario"]["const"] == scenario
        for name in names:
            assert f"a valid {scenario}, " in done("validate", name)
            assert f"scenario: {scenario}" in palaestra("show", name).out


def test_a_schema_has_defaults_and_an_unknown_scenario_its_nearest_name() -> None:
    assert json.loads(palaestra("schema", "debate").out)["properties"]["rounds"]["default"] == 3
    assert "Did you mean 'debate'?" in refused("schema", "debat")
    assert "Did you mean 'small-world'?" in refused("run", "small-wrld")


# --- show ---


def test_a_transcript_is_one_episode_with_its_outcome_and_everybody_s_words(debate: Path) -> None:
    run = Run(debate)
    said = done("show", debate, "--episode", "1")
    assert said.startswith("Episode 1 ")
    own = run.episodes.filter(episode=1).row(0, named=True)
    assert f"motion {own['motion']} winner {own['winner']} margin {own['margin']:.2f}" in said
    argued = run.calls.filter(purpose="argue")
    for episode, text in argued.select("episode", "text").iter_rows():
        assert (text in said) == (episode == 1)
    assert "· speech" not in said


def test_events_are_told_when_they_are_asked_for(debate: Path) -> None:
    run = Run(debate)
    said = done("show", debate, "--events")
    for row in run.table("verdict").filter(episode=0).iter_rows(named=True):
        assert f"agent {row['agent']}" in said
    assert said.count("· speech: ") == run.table("speech").filter(episode=0).height == 12


def test_a_transcript_is_cut_at_the_lines_that_are_asked_for(debate: Path) -> None:
    *whole, judges = palaestra("show", debate).out.splitlines()
    assert palaestra("show", debate, "--lines", "7").out.splitlines() == [*whole[:7], "…", judges]
    assert palaestra("show", debate, "--lines", str(len(whole))).out.splitlines() == [*whole, judges]


def test_the_exact_prompt_of_a_call_is_shown(debate: Path) -> None:
    run = Run(debate)
    call = run.calls.filter(episode=1, purpose="argue")["call"][-1]
    said = palaestra("show", debate, "-e", "1", "--call", str(call)).out
    assert said == "".join(f"[{role}]\n{text}\n\n" for role, text in run.prompt(1, call))
    assert len(said) > 400


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-e", "7"), "there is no episode 7 in"),
        (("--call", "999"), "episode 0 has no recorded call 999"),
    ],
)
def test_what_a_run_does_not_hold_is_not_shown(debate: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused("show", debate, *words)


def test_a_run_that_has_begun_no_episode_says_so(debate: Path, tmp_path: Path) -> None:
    copytree(debate, tmp_path / "run", ignore=lambda _folder, _names: ["tables"])
    rewrite(tmp_path / "run", [])
    assert "None has begun yet." in refused("show", tmp_path / "run")
