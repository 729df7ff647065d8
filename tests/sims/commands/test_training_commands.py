"""Training by command on the embedded model: the engine plays with the adapter, and a tribe evolves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.runs.run import Run
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import venue
from support.command_line import done, palaestra

pytestmark = [
    pytest.mark.engine,
    pytest.mark.usefixtures("number_format"),
    pytest.mark.filterwarnings("ignore"),  # what TRL, PEFT and their floors deprecate in each other
]

FEW = {"max_steps": 2, "batch_size": 2, "warmup": 0, "learning_rate": 0.001, "max_length": 128}
SMALL = "engines.default={{kv_cache_gib: 1, context: 1024, record_tokens: true, dtype: {}}}"


def settings(within: str = "") -> list[str]:
    return [word for name, value in FEW.items() for word in ("--set", f"{within}{name}={value}")]


def told(adapter: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((adapter / "training.json").read_text())
    return content


@pytest.mark.whole
def test_an_adapter_is_trained_on_an_export_and_plays(duel: Path, tmp_path: Path, dtype: str) -> None:
    done("export", duel, "--out", "pairs", cwd=tmp_path)
    training = ("train", "pairs", "--policy", "bold", "--model", "smollm2", "--out", "bold")
    ended = palaestra(*training, *settings(), cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [
        "adapter: bold",
        "play with it: palaestra run SCENARIO --set policies.NAME.adapter=bold",
    ]
    described = json.loads((tmp_path / "pairs" / "export.json").read_text())
    about = told(tmp_path / "bold")
    assert f"dpo on {about['rows']['train']} rows, tested on {about['rows']['test']}" in ended.err
    assert about["rows"] == {**described["formats"]["dpo"], "left_out": 0}
    assert (about["method"], about["policy"], about["model"], about["steps"]) == ("dpo", "bold", "smollm2", 2)
    assert {name: about["settings"][name] for name in FEW} == FEW

    # The engine serves it, and the tokens that it recorded are exported.
    playing = ("run", "sparta", "-q", "--set", "iterations=1", "--set", "matches=1")
    done(
        *playing,
        "--set",
        SMALL.format(dtype),
        "--set",
        "policies.bold.adapter=bold",
        "--out",
        "played",
        cwd=tmp_path,
    )
    played = Run(tmp_path / "played")
    assert played.state.status == "finished"
    done("export", "played", "--to", "rollouts", "--out", "rollouts", cwd=tmp_path)
    lines = [line for file in (tmp_path / "rollouts/rollouts").iterdir() for line in file.open()]
    rows = [json.loads(line) for line in lines]
    assert len(rows) == played.calls.height
    texts = dict(played.calls.select("call", "text").iter_rows())
    for row in rows:
        assert row["completion"] == texts[row["call"]]
        assert len(row["completion_ids"]) == len(row["logprobs"]) > 0
        assert len(row["own"]) == len(row["prompt_ids"]) + len(row["completion_ids"])


TRIBE = """
scenario: duel
contest: n_way
judging: none
check: {most_words: 9}
policies: {ann: {}}
engines: {default: {model: MODEL}}
fighters: [{name: Ann, policy: ann}, {name: Bo, policy: ann}]
instructions: [What is rain?, What is a map?, What is a bank?, What is glass?, What is sleep?]
held_out: [What is a boat?, What is a shop?]
"""


def test_a_tribe_plays_is_trained_and_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shallow: Path
) -> None:
    """What is trained is real, if shallow; answers are made up."""
    monkeypatch.setattr(
        venue, "build", lambda _settings, policies: Scripted(ScriptedEngine(kind="scripted"), policies)
    )
    (tmp_path / "tribe.yaml").write_text(TRIBE.replace("MODEL", str(shallow)))
    words = ("evolve", "tribe.yaml", "--by", "truth", "--generations", "1", "--out", "tribe")
    ended = palaestra(*words, *settings("train."), cwd=tmp_path)
    assert ended.code == 0, ended.err
    doing = ("playing", "exporting by truth", "training ann", "measuring")
    assert " ".join(f"generation 1 of 1: {step}" for step in doing) in ended.words
    first = tmp_path / "tribe" / "generation-1"
    pairs = sum(1 for _ in (first / "export/dpo/train.jsonl").open())
    about = told(first / "adapters" / "ann")
    assert (about["rows"]["train"], about["steps"], about["policy"]) == (pairs, 2, "ann")
    measured = Run(first / "measure")
    assert measured.state.scenario.policies["ann"]["adapter"] == str(first / "adapters" / "ann")
    success = measured.table("answer")["passed"].sum() / 4
    assert f"1 {pairs} ann 4 {success:.2f} " in ended.words
    assert f"1 {pairs} all 4 {success:.2f} " in ended.words
    assert ended.words.endswith("evolution: tribe")
    assert done("evolve", "tribe", cwd=tmp_path).endswith("evolution: tribe")  # nothing is left to do
