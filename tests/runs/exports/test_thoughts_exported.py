"""What agents thought is in no export unless it is asked for, and then only beside the answer it led to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.exports.options import ExportOptions, FileType, Thoughts
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import check
from palaestra.sims.playing import play
from support.command_line import done
from support.thinkers import THINKERS, untaught

SECRET = "SENTINEL-7f3 I am the traitor"
DUEL = {
    "scenario": "duel",
    "fighters": [{"name": name} for name in ("Ann", "Bo", "Cem", "Dee")],
    "instructions": [f"Question {number}?" for number in range(8)],
}
PEERS = {
    "scenario": "peer_feedback",
    "questions": [f"Question {number}?" for number in range(4)],
    "peers": [{"name": name} for name in ("Ann", "Bo", "Cem", "Dee")],
    "size": 2,
}
CONVERSATIONS = ("dpo", "reward", "kto", "sft")
ANSWERS = {"dpo": ("chosen", "rejected"), "reward": ("chosen", "rejected"), "kto": ("completion",)}
SCENARIO_OF = {name: PEERS if name in ("critiques", "revisions") else DUEL for name in FORMATS}
Play = Callable[[dict[str, Any]], Path]


@pytest.fixture
def thoughtful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Plays a scenario in which three of four calls are thought about, with the tokens of all recorded."""

    def aloud(asked: Call, **usual: Any) -> Reply:
        reply = replace(scripted_reply(asked, **usual), token_ids=(1, 2), logprobs=(-0.1, -0.2))
        return replace(reply, text=f"<think>{SECRET}</think>{reply.text}") if asked.index % 4 else reply

    def start(scenario: dict[str, Any]) -> Path:
        monkeypatch.setattr("palaestra.sims.engines.scripted_engine.scripted_reply", aloud)
        played = check(scenario | {"engines": {"default": {"kind": "scripted"}}}, "test.yaml")
        return play.start(played, tmp_path / "run", quiet=True)

    return start


def written(
    run: Path, name: str, thoughts: Thoughts = "drop", file_type: FileType = "jsonl"
) -> tuple[Path, Described]:
    out = run.parent / f"{name}-{thoughts}-{file_type}"
    options = ExportOptions((name,), test_share=0, thoughts=thoughts, file_type=file_type)
    return out, export([run], out, options, encode=lambda _policy, _prompt: [0])


def rows(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / name / "train.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", [*FORMATS])
def test_no_format_holds_a_thought(name: str, thoughtful: Play) -> None:
    run = thoughtful(SCENARIO_OF[name])
    assert Run(run).calls["thought"].str.contains(SECRET).any()
    out, described = written(run, name)
    assert described.formats[name]["train"] > 0
    for file in out.rglob("*"):
        assert file.is_dir() or SECRET not in file.read_text(), file


@pytest.mark.parametrize("name", [*FORMATS])
def test_thoughts_that_are_kept_stand_beside_the_answer_that_they_led_to_and_nowhere_else(
    name: str, thoughtful: Play
) -> None:
    run = thoughtful(SCENARIO_OF[name])
    out, _ = written(run, name, "keep")
    led_to = {(row["text"], row["thought"]) for row in Run(run).calls.iter_rows(named=True)}
    kept = 0
    for row in rows(out, name):
        for column in ANSWERS.get(name, ("messages",) if name == "sft" else ()):
            answer = row[column][-1]
            thought = answer.pop("reasoning_content", "")
            assert answer.pop("thinking", "") == thought
            assert (answer["content"], thought) in led_to
            kept += thought == SECRET
        assert SECRET not in json.dumps(row)
    assert (kept > 0) == (name in CONVERSATIONS)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_what_was_left_out_of_thoughts_is_counted(name: str, thoughtful: Play) -> None:
    run = thoughtful(DUEL)
    _, described = written(run, name)
    _, keeping = written(run, name, "keep")
    left_out = "what authors thought (--thoughts keep has it)"
    assert described.left_out[name][left_out] > 0
    assert left_out not in keeping.left_out[name]


def test_turns_with_a_thought_are_no_rollouts_and_are_counted(thoughtful: Play) -> None:
    run = thoughtful(DUEL)
    calls = Run(run).calls
    thought = calls.filter(pl.col("thought") != "").height
    _, described = written(run, "rollouts", "keep")
    assert described.formats["rollouts"] == {"train": calls.height - thought}
    assert described.left_out["rollouts"] == {
        "turns with a thought, whose tokens follow what no prompt has": thought
    }


def test_pairs_and_parquet_keep_thoughts_too(thoughtful: Play) -> None:
    run = thoughtful(DUEL)
    plain, _ = written(run, "dpo", "keep")
    columns, _ = written(run, "dpo", "keep", "parquet")
    for one in (plain, columns):
        chosen = read_pairs(one)["chosen"].to_list()
        assert {answer[-1]["thinking"] for answer in chosen} == {SECRET, None}
    assert read_pairs(plain).equals(read_pairs(columns))


def test_the_command_keeps_thoughts_where_it_is_asked_to(thoughtful: Play) -> None:
    run = thoughtful(DUEL)
    assert "what authors thought" in done("export", run, "--to", "sft", "--out", run.parent / "a")
    done("export", run, "--to", "sft", "--thoughts", "keep", "--out", run.parent / "b", "-q")
    assert SECRET not in (run.parent / "a" / "sft" / "train.jsonl").read_text()
    assert SECRET in (run.parent / "b" / "sft" / "train.jsonl").read_text()


@pytest.mark.torch
@pytest.mark.parametrize("name", ["qwen3", "gpt-oss", "mistral"])
def test_published_templates_write_a_kept_thought_between_their_marks(name: str, thoughtful: Play) -> None:
    run = thoughtful(DUEL)
    out, _ = written(run, "sft", "keep")
    row = next(row for row in rows(out, "sft") if "thinking" in row["messages"][-1])
    answer, thinker = row["messages"][-1]["content"], THINKERS[name]
    told = untaught(thinker).apply_chat_template(row["messages"], tokenize=False)
    assert f"{thinker.opens}{SECRET}{thinker.closes}{answer}" in told


def test_the_datasets_library_reads_kept_thoughts_as_the_card_says(thoughtful: Play) -> None:
    from datasets import load_dataset

    run = thoughtful(DUEL)
    for file_type in ("jsonl", "parquet"):
        out, _ = written(run, "sft", "keep", file_type)
        loaded = load_dataset(str(out), "sft", cache_dir=str(run.parent / "cache"))["train"]
        assert {row["messages"][-1]["reasoning_content"] for row in loaded} == {SECRET, None}
