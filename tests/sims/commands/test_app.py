"""The command line as a user meets it: exit codes, messages, and what is left on disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest

from palaestra.runs.run import Run
from palaestra.sims.commands.result import EXCERPT_LINES
from support.command_line import commands, done, palaestra, refused

DEBATE = "scenario: debate\nmotions: [No private cars.]\n"


def process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "palaestra.sims.commands.app", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def state(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "run.json").read_text())
    return told


def lines(said: str) -> list[str]:
    """The lines that were said, each in words."""
    return [" ".join(line.split()) for line in said.splitlines()]


# --- run ---


def test_a_dry_run_ends_with_excerpt_summary_and_folder(tmp_path: Path) -> None:
    played = process("run", "debate", "--dry-run", "-n", "2", "--seed", "5", "--out", "here", cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    assert "episodes 2/2" in played.stderr
    run = Run(tmp_path / "here")
    whole = palaestra("show", run.folder).out.splitlines()
    assert played.stdout.splitlines()[: EXCERPT_LINES + 1] == [*whole[:EXCERPT_LINES], "…"]
    said = lines(played.stdout)
    assert f"margin mean {run.episodes['margin'].sum() / 2:.2f} 2" in said
    asked = run.calls.filter(purpose="score")
    tokens = asked["prompt_tokens"].sum() / asked.height
    assert f"score {asked.height} 0 probabilities {tokens:.2f} 1.00 0.00" in said
    assert said[-2:] == ["read it all: palaestra show here --episode 0", "run folder: here"]
    told = state(run.folder)
    assert (told["status"], told["scenario"]["seed"], told["counts"]["episodes"]) == ("finished", 5, 2)
    assert (run.folder / "tables" / "calls.parquet").exists()


def test_a_run_on_the_scripted_engine_says_so(debate: Path) -> None:
    assert state(debate)["sittings"][0]["engines"] == {"default": {"kind": "scripted"}}


def test_settings_reach_what_is_played_and_its_record(tmp_path: Path) -> None:
    settings = (
        "--set",
        "rounds=1",
        "--set",
        "judges=[{name: Kim}]",
        "--set",
        "policies.default.max_tokens=9",
    )
    done("run", "debate", "--dry-run", "-q", "-n", "1", *settings, "--out", "here", cwd=tmp_path)
    calls = Run(tmp_path / "here").calls
    assert calls.filter(purpose="argue").height == 4
    assert set(calls.filter(purpose="score")["agent"]) == {"Kim"}
    assert state(tmp_path / "here")["scenario"]["policies"]["default"]["max_tokens"] == 9


def test_quiet_shows_the_result_and_no_progress(tmp_path: Path) -> None:
    quiet = palaestra("run", "debate", "--dry-run", "-n", "1", "-q", "--out", "one", cwd=tmp_path)
    loud = palaestra("run", "debate", "--dry-run", "-n", "1", "--out", "two", cwd=tmp_path)
    assert quiet.err == ""
    assert "starting engines: scripted" in loud.err
    assert quiet.out.replace("one", "two") == loud.out


def test_the_same_seed_plays_the_same_and_another_another(tmp_path: Path) -> None:
    said = {
        name: palaestra(
            *("run", "debate", "--dry-run", "-q", "-n", "1", "--seed", seed, "--out", name), cwd=tmp_path
        ).out.replace(name, "")
        for name, seed in (("first", "3"), ("again", "3"), ("other", "4"))
    }
    assert said["first"] == said["again"] != said["other"]


def test_runs_without_a_folder_go_to_outputs_each_to_its_own(tmp_path: Path) -> None:
    for _ in range(2):
        done("run", "debate", "--dry-run", "-n", "1", "-q", cwd=tmp_path)
    assert len(list((tmp_path / "outputs").glob("debate-*/run.json"))) == 2


def test_a_sweep_plays_a_run_for_each_point_and_names_their_folders(tmp_path: Path) -> None:
    words = ("run", "debate", "--dry-run", "-n", "1", "--set", "sweep={rounds: [1, 2]}", "--out", "s")
    said = lines(palaestra(*words, cwd=tmp_path).out)
    assert [line for line in said if line.startswith("run ")] == [
        "run 1 of 2: 0-rounds=1",
        "run 2 of 2: 1-rounds=2",
        "run folder: s/0-rounds=1",
        "run folder: s/1-rounds=2",
    ]
    assert said[-1] == "compare them: palaestra compare s"
    arguments = [Run(folder).calls.filter(purpose="argue").height for folder in sorted(tmp_path.glob("s/*/"))]
    assert arguments == [4, 8]
    assert (tmp_path / "s/0-rounds=1/tables/calls.parquet").exists()


def test_ways_of_thinking_are_compared_in_a_sweep_also_of_made_up_replies(tmp_path: Path) -> None:
    sweep = "sweep={policies.default.think: [off, native, scratchpad]}"
    done("run", "debate", "--dry-run", "-q", "-n", "1", "--set", sweep, "--out", "s", cwd=tmp_path)
    runs = [Run(folder) for folder in sorted(tmp_path.glob("s/*/"))]
    assert [run.folder.name.split("=")[1] for run in runs] == ["off", "native", "scratchpad"]
    assert [(run.calls["thought"] != "").sum() for run in runs] == [0, 0, runs[2].calls.height]


def test_a_setting_that_the_sweep_varies_is_not_set_beside_it(tmp_path: Path) -> None:
    words = ("run", "debate", "--dry-run", "--set", "sweep={rounds: [1, 2]}", "--set", "rounds=5")
    assert "--set rounds=5: the file's sweep sets that" in refused(*words, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: debate\nmotions: [a\nrounds: 3\n", "file.yaml:3:7: this is not YAML"),
        (DEBATE + "round: 3\n", "file.yaml:3:1: unknown field `round`; did you mean `rounds`?"),
        (DEBATE + "rounds: three\n", "file.yaml:3:1: `rounds`"),
        (DEBATE + "panel: 9\n", "file.yaml:3:1: a panel of 9 can't be drawn from 3 judges"),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate", "evolve"])
def test_bad_files_exit_with_2_and_leave_nothing(tmp_path: Path, command: str, text: str, said: str) -> None:
    (tmp_path / "file.yaml").write_text(text)
    assert said in refused(command, "file.yaml", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]


def test_a_model_that_does_not_exist_exits_with_1_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(DEBATE + "engines: {default: {model: ./nowhere}}\n")
    ended = process("run", "file.yaml", "--out", "here", cwd=tmp_path)
    assert ended.returncode == 1
    assert "there is no folder nowhere" in ended.stderr.replace("./", "")
    assert not (tmp_path / "here").exists()


def test_a_used_folder_is_refused_with_the_way_to_go_on(debate: Path) -> None:
    said = refused("run", "debate", "--dry-run", "-n", "1", "--out", debate)
    assert f"palaestra resume {debate}" in said


def test_a_folder_that_cannot_be_made_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = palaestra("run", "debate", "--dry-run", "--out", "file/run", cwd=tmp_path)
    assert ended.code == 1
    assert "--out" in ended.err


# --- resume ---


def test_ctrl_c_stops_cleanly_and_resume_goes_on(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(
        DEBATE + "engines: {default: {kind: scripted, delay: 1}}\nepisodes: 3\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "palaestra.sims.commands.app", "run", "slow.yaml", "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    log = tmp_path / "here" / "log.jsonl"
    while not (log.exists() and '"record":"call"' in log.read_text()):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "palaestra resume here" in said
    assert "Traceback" not in said
    assert state(tmp_path / "here")["status"] == "interrupted"
    done("resume", "here", "-q", "--set", "engines.default.delay=0", cwd=tmp_path)
    assert state(tmp_path / "here")["status"] == "finished"


def test_a_finished_run_is_played_on_by_more_episodes_and_nothing_is_asked_again(
    debate: Path, tmp_path: Path
) -> None:
    copytree(debate, tmp_path / "run")
    before = (tmp_path / "run" / "log.jsonl").read_bytes()
    said = done("resume", "run", "-q", "--set", "episodes=3", cwd=tmp_path)
    assert "run folder: run" in said
    assert (tmp_path / "run" / "log.jsonl").read_bytes().startswith(before)
    run = Run(tmp_path / "run")
    assert run.episodes["ended"].to_list() == [True] * 3
    assert state(run.folder)["counts"]["calls"] == run.calls.height == 3 * 44


def test_what_a_begun_run_played_is_not_changed(debate: Path) -> None:
    before = (debate / "run.json").read_bytes()
    said = refused("resume", debate, "--set", "rounds=9")
    assert "--set rounds=9: a run that has begun can't change that" in said
    assert "engines, episodes, limits, live, retries" in said
    assert (debate / "run.json").read_bytes() == before


def test_a_sweep_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    words = ("run", "debate", "--dry-run", "-q", "-n", "1", "--set", "sweep={rounds: [1, 2]}", "--out", "s")
    done(*words, cwd=tmp_path)
    second = tmp_path / "s" / "1-rounds=2"
    rmtree(second)
    assert "What may be changed: limits." in refused("resume", "s", "--set", "live=2", cwd=tmp_path)
    said = done("resume", "s", cwd=tmp_path)
    assert "run 2 of 2: 1-rounds=2" in said
    assert Run(second).calls.filter(purpose="argue").height == 8


def test_what_is_no_run_is_told_apart_from_one(tmp_path: Path) -> None:
    ended = palaestra("resume", tmp_path)
    assert ended.code == 1
    assert "is not the folder of a run" in ended.err


# --- all commands ---


@pytest.mark.parametrize("command", commands())
def test_the_help_of_a_command_ends_with_an_example_of_it(command: str) -> None:
    said = done(*command.split(), "--help")
    assert said.startswith(f"Usage: palaestra {command} ")
    assert f"palaestra {command}" in said.rpartition("Example")[2]
    assert done(*command.split(), "-h") == said


def test_the_help_calls_the_program_by_its_name_however_it_was_started() -> None:
    start = "import sys; sys.argv[0] = 'other'; from palaestra.sims.commands.app import main; main()"
    said = subprocess.run([sys.executable, "-c", start, "--help"], capture_output=True, text=True, check=True)
    assert said.stdout.split()[:2] == ["Usage:", "palaestra"]


def test_the_version_is_the_package_s() -> None:
    assert done("--version") == f"palaestra {version('palaestra')}"


def test_without_words_the_commands_are_listed() -> None:
    ended = palaestra()
    assert ended.code == 2
    said = ended.words + ended.err
    assert all(f" {command.split()[0]} " in said for command in commands())


def test_an_unknown_command_or_a_wrong_option_exits_with_2_and_its_name(tmp_path: Path) -> None:
    assert "'run'" in palaestra("runn", cwd=tmp_path).err
    ended = palaestra("run", "debate", "-n", "0", "--dry-run", cwd=tmp_path)
    assert ended.code == 2
    assert "--episodes" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    check = (
        "import sys; import palaestra.sims.commands.app; heavy = {'vllm', 'torch', "
        " 'transformers', 'polars', 'pydantic', 'mesa',"
        " 'langchain_core', 'networkx', 'matplotlib'}; print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
