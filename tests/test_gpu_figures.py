"""The figures of a GPU: kept as they come, within their time, and rehearsed without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SIZES = "from benchmarks.gpu.checkpoints import SIZES; print({n: s.parameters for n, s in SIZES.items()})"


def python(*words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(CHECKOUT / "src"), str(CHECKOUT)])
    return subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def figures(file: Path) -> dict[str, list[dict[str, object]]]:
    """The figures in a file by the step that told them, its end last."""
    told: dict[str, list[dict[str, object]]] = {}
    for line in file.read_text().splitlines():
        figure = json.loads(line)
        told.setdefault(figure["step"], []).append(figure)
    return told


def test_models_of_random_weights_are_as_large_as_they_are_called() -> None:
    sizes = json.loads(python("-c", SIZES).stdout.replace("'", '"'))
    assert sizes["135m"] == 134_515_008  # SmolLM2-135M's own number
    assert 1e9 < sizes["1b"] < 1.5e9
    assert 6.5e9 < sizes["8b"] < 8.5e9


def test_a_step_for_which_no_time_is_left_is_left_out_and_said_so(tmp_path: Path) -> None:
    out = tmp_path / "figures.jsonl"
    done = python("-m", "benchmarks.gpu", "--minutes", "0.01", "--out", str(out))
    assert done.returncode == 0
    ends = [told[-1] for step, told in figures(out).items() if step != "all"]
    assert len(ends) == 8
    assert {end["ended"] for end in ends} == {"left out"}


@pytest.mark.torch
@pytest.mark.whole
def test_a_step_that_takes_too_long_ends_at_its_limit_and_keeps_what_it_had(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom benchmarks.gpu.__main__ import run\n"
        "with Path(sys.argv[1]).open('w') as out: print(run('dpo', 3, True, out))"
    )
    done = python("-c", script, str(tmp_path / "figures.jsonl"))
    assert done.stdout.splitlines()[-1] == "False"
    assert figures(tmp_path / "figures.jsonl")["dpo"][-1]["ended"] == "at its limit"


@pytest.mark.engine
@pytest.mark.whole
def test_every_figure_is_told_by_tiny_models_on_a_machine_without_a_gpu(tmp_path: Path) -> None:
    out, steps = tmp_path / "figures.jsonl", ("machine", "demo", "135m", "tokenising", "tribe", "dpo")
    words = ("-m", "benchmarks.gpu", "--rehearse", "--minutes", "30", "--out", str(out))
    done = python(*words, "--only", *steps)  # 1b and 8b are 135m with another row of the table of sizes
    assert done.returncode == 0, done.stdout
    told = figures(out)
    assert all(told[step][-1]["ended"] == 0 for step in steps)
    named = {figure["figure"]: figure for of_step in told.values() for figure in of_step}
    assert named["machine"]["cores"] == os.cpu_count()
    for figure in ("demo", "start 135m", "256 debates, 135m", "thinking game", "tribe of four adapters"):
        assert named[figure]["calls_per_second"]
        assert named[figure]["output_tokens_per_second"]
        assert "cores_here" in named[figure]
    assert named["256 debates, 135m"]["utterances_per_second"]
    assert [figure["heard"] for figure in told["tokenising"][:-1]] == [24, 80, 240]
    assert [figure["steps"] for figure in told["dpo"][:-1]] == [1, 2]
    assert named["dpo"]["losses"]
