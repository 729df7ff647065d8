"""The command that exports: its rows are what was asked and answered in the runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.run import Run
from palaestra.sims.engines import scripted_engine
from support.command_line import done, palaestra, refused
from support.exported import Row, rows

TEXTS = ("completion", "output", "judgment", "responses")
"""Columns of what was said, where it doesn't stand in messages."""


def with_tokens(call: Call, **how: Any) -> Reply:
    return replace(scripted_reply(call, **how), token_ids=(call.index, 2), logprobs=(-0.5, -0.25))


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Neighbours who criticise and revise their answers, on an engine that records tokens."""
    folder = tmp_path_factory.mktemp("runs") / "peers"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scripted_engine, "scripted_reply", with_tokens)
        done("run", "stable-alignment", "--dry-run", "-q", "--out", folder)
    state = json.loads((folder / "run.json").read_text())
    state["scenario"]["engines"]["default"] = {"kind": "vllm", "model": EMBEDDED_MODEL}
    (folder / "run.json").write_text(json.dumps(state))
    return folder


def formats(run: Path) -> list[str]:
    """Every format there is, as the command names them."""
    said = refused("export", run, "--to", "none-of-them")
    (names,) = re.findall(r"formats are: (.*)\.", said)
    return str(names).split(", ")


def counted(said: str, name: str) -> tuple[int, int]:
    """The rows of the train and the test split that the command tells of a format."""
    (found,) = re.findall(rf"\b{name} ([\d,]+) ([\d,]+)\b", said)
    return int(found[0].replace(",", "")), int(found[1].replace(",", ""))


def messages(value: Any) -> Iterator[dict[str, str]]:
    """The chat messages in a row, wherever they are."""
    if isinstance(value, dict):
        if value.keys() == {"role", "content"}:
            yield value
        else:
            for inner in value.values():
                yield from messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from messages(inner)


def answers(row: Row) -> list[str]:
    """What a row holds of what models said."""
    found = [message["content"] for message in messages(row) if message["role"] == "assistant"]
    for name in TEXTS:
        told = row.get(name)
        found += [text for text in (told if isinstance(told, list) else [told]) if isinstance(text, str)]
    return found


def test_every_format_has_rows_of_what_was_asked_and_answered_in_the_run(
    duel: Path, peers: Path, tmp_path: Path
) -> None:
    for name in formats(duel):
        played = next(
            (
                run
                for run in (duel, peers)
                if palaestra("export", run, "--to", name, "--out", tmp_path / name).code == 0
            ),
            None,
        )
        assert played is not None, f"no run gives rows for {name}"
        run = Run(played)
        said = set(run.calls["text"])
        shown = "\n\n".join(
            f"{label}: {text}" if label else text
            for label, text in run.messages.select("label", "text").iter_rows()
        )
        told = rows(tmp_path / name, name)
        assert told
        for row in told:
            assert answers(row)
            assert said.issuperset(answers(row))
            asked = [m["content"] for m in messages(row) if m["role"] != "assistant"]
            assert asked
            assert all(paragraph in shown for text in asked for paragraph in text.split("\n\n"))
        parquet = tmp_path / f"{name}-parquet"
        counts = done("export", played, "--to", name, "--as", "parquet", "--out", parquet)
        assert rows(parquet, name) == told
        splits = [row["split"] for row in told]
        assert counted(counts, name) == (splits.count("train"), splits.count("test"))


def test_the_best_and_the_worst_answer_to_a_question_are_a_pair(duel: Path, tmp_path: Path) -> None:
    said = done("export", duel, "--out", tmp_path / "e")
    run = Run(duel)
    contests = run.table("answer").select("contest", "call", "instruction")
    told = rows(tmp_path / "e", "dpo")
    assert sum(counted(said, "dpo")) == len(told) == contests["contest"].n_unique()
    for row in told:
        calls = dict(run.calls.select("call", "text").iter_rows())
        sides = contests.filter(pl.col("call").is_in([row["chosen_call"], row["rejected_call"]]))
        (asked,) = sides["instruction"].unique()
        assert row["prompt"][-1] == {"role": "user", "content": asked}
        assert row["chosen"][0]["content"] == calls[row["chosen_call"]]
        assert row["rejected"][0]["content"] == calls[row["rejected_call"]]
        assert row["score_chosen"] - row["score_rejected"] == pytest.approx(row["margin"])
        assert row["margin"] > 0
    described = json.loads((tmp_path / "e" / "export.json").read_text())
    assert described["runs"] == [str(duel)]
    assert described["command"] == f"palaestra export {duel} --out {tmp_path / 'e'}"
    assert described["command"] in (tmp_path / "e" / "README.md").read_text()


def test_every_two_answers_are_pairs_on_demand_less_those_with_small_margins(
    duel: Path, pairs: Path, tmp_path: Path
) -> None:
    every = rows(pairs, "dpo")
    least = sorted(row["margin"] for row in every)[len(every) // 2]
    words = ("--pairs", "all", "--margin", str(least), "--floor", "5")
    said = done("export", duel, *words, "--out", tmp_path / "e")
    kept = [row for row in every if row["margin"] >= least and row["score_chosen"] >= 5]
    assert 0 < len(kept) < len(every)
    found = rows(tmp_path / "e", "dpo")  # chance is another where pairs are selected otherwise
    assert [row | {"agreement_by_chance": None} for row in found] == [
        row | {"agreement_by_chance": None} for row in kept
    ]
    small = sum(row["margin"] < least for row in every)
    assert f"dpo margins that are too small {small}" in said


def test_labels_follow_from_the_threshold(duel: Path, tmp_path: Path) -> None:
    done("export", duel, "--to", "kto", "--threshold", "5.5", "--out", tmp_path / "e")
    told = rows(tmp_path / "e", "kto")
    assert {row["label"] for row in told} == {True, False}
    assert all(row["label"] == (row["score"] > 5.5) for row in told)


def test_only_the_answers_of_a_policy_and_purpose_and_of_a_least_score_are_taken(
    duel: Path, tmp_path: Path
) -> None:
    words = ("--to", "sft", "--policy", "bold", "--policy", "brief")
    done("export", duel, *words, "--out", tmp_path / "all")
    done("export", duel, *words, "--at-least", "5.5", "--out", tmp_path / "good")
    done("export", duel, "--to", "sft", "--purpose", "score", "--out", tmp_path / "scores")
    free = Run(duel).calls.filter(pl.col("policy").is_in(["bold", "brief"]), purpose="answer")
    assert {row["call"] for row in rows(tmp_path / "all", "sft")} == set(free["call"])
    good = rows(tmp_path / "good", "sft")
    assert 0 < len(good) < free.height
    assert all(row["score"] >= 5.5 and row["policy"] in ("bold", "brief") for row in good)
    assert len(rows(tmp_path / "scores", "sft")) == Run(duel).calls.filter(purpose="score").height


def test_a_revision_stands_after_the_question_where_that_is_asked(peers: Path, tmp_path: Path) -> None:
    for asked in ("shown", "question"):
        words = ("--to", "sft", "--purpose", "revise", "--asked", asked)
        done("export", peers, *words, "--out", tmp_path / asked)
    shown, question = (
        {r["call"]: r["messages"] for r in rows(tmp_path / a, "sft")} for a in ("shown", "question")
    )
    run = Run(peers)
    for call, chat in shown.items():
        assert "\n\n".join(text for _, text in run.prompt(0, call)).endswith(chat[-2]["content"][-80:])
        assert len(question[call][-2]["content"]) < len(chat[-2]["content"])
        assert question[call][-1] == chat[-1]


def test_a_check_s_verdict_makes_the_pairs_where_truth_is_asked_for(tmp_path: Path) -> None:
    words = ("--set", "contest=n_way", "--set", "check={most_words: 9}")
    done("run", "sparta", "--dry-run", "-q", *words, "--out", tmp_path / "run")
    done("export", tmp_path / "run", "--by", "truth", "--pairs", "all", "--out", tmp_path / "e")
    passed = dict(Run(tmp_path / "run").table("answer").select("call", "passed").iter_rows())
    told = rows(tmp_path / "e", "dpo")
    assert told
    assert all(passed[row["chosen_call"]] and not passed[row["rejected_call"]] for row in told)


def test_no_question_is_in_two_splits_and_none_is_tested_where_none_is_wanted(
    duel: Path, tmp_path: Path
) -> None:
    words = ("--to", "dpo", "--to", "kto", "--to", "sft")
    done("export", duel, *words, "--test-share", "0.5", "--out", tmp_path / "half")
    splits: dict[str, set[str]] = {}
    for name in ("dpo", "kto", "sft"):
        for row in rows(tmp_path / "half", name):
            asked = next(m["content"] for m in messages(row) if m["role"] == "user")
            splits.setdefault(asked, set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"train", "test"}
    said = done("export", duel, "--test-share", "0", "--out", tmp_path / "none")
    assert counted(said, "dpo")[1] == 0
    assert [path.name for path in (tmp_path / "none" / "dpo").iterdir()] == ["train.jsonl"]


def test_two_runs_make_one_export_that_tells_them_apart(car: Path, tmp_path: Path) -> None:
    done("run", "used-car", "--dry-run", "-q", "-n", "1", "--seed", "9", "--out", tmp_path / "other")
    done("export", car, tmp_path / "other", "--to", "sft", "--out", tmp_path / "e")
    told = rows(tmp_path / "e", "sft")
    for name, run in (("car", car), ("other", tmp_path / "other")):
        calls = Run(run).calls.filter(pl.col("options").is_null())
        assert sum(row["run"] == name for row in told) == calls.height


def test_an_export_without_a_folder_goes_to_the_run_s_each_to_its_own(tmp_path: Path) -> None:
    done("run", "used-car", "--dry-run", "-q", "-n", "1", "--out", "car", cwd=tmp_path)
    words = ("export", "car", "--to", "sft", "--to", "kto", "-q")
    assert done(*words, cwd=tmp_path) == "export: car/exports/sft-kto"
    assert done(*words, cwd=tmp_path) == "export: car/exports/sft-kto-2"
    assert (tmp_path / "car/exports/sft-kto-2/kto/train.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--margin", "100"), "margins that are too small"),
        (("--policy", "eve"), "no policy 'eve'"),
        (("--to", "rollouts"), "record_tokens=true"),
        (("--by", "outcome"), "choose --by panel"),
    ],
)
def test_an_export_that_can_not_be_made_is_refused_and_leaves_nothing(
    duel: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in refused("export", duel, *words, "--out", "e", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_never_written_over(duel: Path, pairs: Path) -> None:
    before = (pairs / "export.json").read_bytes()
    assert "exists already" in refused("export", duel, "--out", pairs)
    assert (pairs / "export.json").read_bytes() == before
