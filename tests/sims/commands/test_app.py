"""The command line as a user meets it: exit codes, messages, and what is left on disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEBATE = "scenario: debate\nmotions: [No private cars.]\n"


def palaestra(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "palaestra.sims.commands.app", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dry_run_ends_with_excerpt_summary_and_folder(tmp_path: Path) -> None:
    done = palaestra("run", "debate", "--dry-run", "-n", "2", "--seed", "5", "--out", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "argue, round 1" in done.stdout
    assert "outcomes" in done.stdout
    assert done.stdout.rstrip().endswith("here")
    state = json.loads((tmp_path / "here" / "run.json").read_text())
    assert state["status"] == "finished"
    assert state["scenario"]["seed"] == 5
    assert state["counts"]["episodes"] == 2
    assert (tmp_path / "here" / "tables" / "calls.parquet").exists()


def test_a_run_on_the_scripted_engine_says_so(tmp_path: Path) -> None:
    palaestra("run", "debate", "--dry-run", "-n", "1", "--out", "here", cwd=tmp_path)
    engines = json.loads((tmp_path / "here" / "run.json").read_text())["sittings"][0]["engines"]
    assert engines == {"default": {"kind": "scripted"}}


def test_runs_without_a_folder_go_to_outputs_each_to_its_own(tmp_path: Path) -> None:
    for _ in range(2):
        assert palaestra("run", "debate", "--dry-run", "-n", "1", "-q", cwd=tmp_path).returncode == 0
    assert len(list((tmp_path / "outputs").glob("debate-*/run.json"))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: debate\nmotions: [a\nrounds: 3\n", "file.yaml:3:7: this is not YAML"),
        (DEBATE + "round: 3\n", "file.yaml:3:1: unknown field `round`; did you mean `rounds`?"),
        (DEBATE + "rounds: three\n", "file.yaml:3:1: `rounds`"),
        (DEBATE + "panel: 9\n", "file.yaml:3:1: a panel of 9 can't be drawn from 3 judges"),
    ],
)
def test_bad_files_exit_with_2_and_leave_nothing(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "file.yaml").write_text(text)
    done = palaestra("run", "file.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]


def test_a_model_that_does_not_exist_exits_with_1_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(DEBATE + "engines: {default: {model: ./nowhere}}\n")
    done = palaestra("run", "file.yaml", "--out", "here", cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no folder nowhere" in done.stderr.replace("./", "")
    assert not (tmp_path / "here").exists()


def test_a_used_folder_is_refused_with_the_way_to_go_on(tmp_path: Path) -> None:
    palaestra("run", "debate", "--dry-run", "-n", "1", "--out", "here", cwd=tmp_path)
    done = palaestra("run", "debate", "--dry-run", "-n", "1", "--out", "here", cwd=tmp_path)
    assert done.returncode == 2
    assert "palaestra resume here" in done.stderr


def test_a_folder_that_cannot_be_made_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = palaestra("run", "debate", "--dry-run", "--out", "file/run", cwd=tmp_path)
    assert done.returncode == 1
    assert "--out" in done.stderr


def test_ctrl_c_stops_cleanly_and_resume_goes_on(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(
        DEBATE + "engines: {default: {kind: scripted, delay: 1}}\nepisodes: 3\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "palaestra.sims.commands.app", "run", "slow.yaml", "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    log = tmp_path / "here" / "log.jsonl"
    while not (log.exists() and '"record":"call"' in log.read_text()):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "palaestra resume here" in said
    assert "Traceback" not in said
    state = json.loads((tmp_path / "here" / "run.json").read_text())
    assert state["status"] == "interrupted"
    (tmp_path / "here" / "run.json").write_text(json.dumps(state).replace('"delay": 1.0', '"delay": 0.0'))
    assert palaestra("resume", "here", "-q", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "here" / "run.json").read_text())["status"] == "finished"


def test_validate_estimate_and_schema_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(DEBATE)
    assert "a valid debate" in palaestra("validate", "file.yaml", cwd=tmp_path).stdout
    estimate = palaestra("run", "file.yaml", "-n", "10", "--estimate", cwd=tmp_path).stdout
    # 4 debaters × (2 opinions + 3 rounds) + 3 judges × 4 debaters × 2 criteria, 10 episodes
    assert "440" in estimate
    schema = json.loads(palaestra("schema", "debate", cwd=tmp_path).stdout)
    assert schema["properties"]["rounds"]["default"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]


def test_scenarios_and_doctor_tell_what_is_here(tmp_path: Path) -> None:
    listed = palaestra("scenarios", cwd=tmp_path).stdout
    assert "small-world" in listed
    examined = palaestra("doctor", cwd=tmp_path)
    assert "vllm" in examined.stdout
    assert examined.returncode == 0


def test_every_ready_made_file_is_valid(tmp_path: Path) -> None:
    for name in ("debate", "small-world"):
        assert palaestra("validate", name, cwd=tmp_path).returncode == 0


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    check = (
        "import sys; import palaestra.sims.commands.app; heavy = {'vllm', 'torch', "
        " 'transformers', 'polars', 'pydantic', 'mesa',"
        " 'langchain_core', 'networkx', 'matplotlib'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
