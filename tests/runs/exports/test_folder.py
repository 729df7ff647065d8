"""An export as a whole: no prompt in two splits, schemas, the card, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.sims.playing import play
from support.exported import rows as rows_of
from support.exported_runs import DUEL, PEERS, QUESTIONS, TRIBE, Play, exported


def test_one_question_is_in_one_split_whatever_personas_were_shown(played: Play) -> None:
    fighters = [fighter | {"persona": f"I am {fighter['name']}."} for fighter in TRIBE]
    rows = exported(played(DUEL | {"fighters": fighters}), "dpo", "kto", "sft", test_share=0.5)
    splits: dict[str, set[str]] = {}
    for row in (*rows["dpo"], *rows["kto"], *(r for r in rows["sft"] if r["purpose"] == "answer")):
        messages = row.get("prompt") or row["messages"]
        asked = next(q for q in QUESTIONS if q in messages[-1 if "prompt" in row else -2]["content"])
        splits.setdefault(asked, set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_a_run_is_named_once_and_equal_names_are_told_apart(played: Play) -> None:
    first, second = played(DUEL, "a/run"), played(DUEL | {"seed": 9}, "b/run")
    out = first.parent.parent / "both"
    export([first, second], out, ExportOptions(("dpo",)))
    assert len({row["run"] for row in rows_of(out, "dpo")}) == 2
    with pytest.raises(BadInput, match="named twice"):
        export([first, first], out.with_name("twice"), ExportOptions(("dpo",)))


def test_a_finished_run_keeps_the_model_that_played_it(played: Play) -> None:
    run = played(DUEL)
    before = (run / "run.json").read_text()
    play.resume(run, ["engines.default={kind: openai, model: gpt-foo}"], quiet=True)
    assert json.loads((run / "run.json").read_text())["scenario"] == json.loads(before)["scenario"]


def test_a_run_of_two_models_is_refused(played: Play) -> None:
    run = played(DUEL)
    state = json.loads((run / "run.json").read_text())
    state["sittings"] = [
        {"started": "", "engines": {"default": {"model": model}}} for model in ("small", "large")
    ]
    (run / "run.json").write_text(json.dumps(state))
    with pytest.raises(BadInput, match="several models in turn: large, small"):
        exported(run, "dpo")


def test_no_prompt_is_in_two_splits_in_any_format(played: Play) -> None:
    rows = exported(played(DUEL | {"contest": "n_way"}), "dpo", "sft", "kto", "ranked", test_share=0.5)
    splits: dict[str, set[str]] = {}
    for row in (row for of_format in rows.values() for row in of_format):
        splits.setdefault(row["prompt_id"], set()).add(row["split"])
    assert {split for found in splits.values() for split in found} == {"train", "test"}
    assert all(len(found) == 1 for found in splits.values())


def test_rows_have_exactly_the_columns_of_their_schema_and_parquet_holds_the_same(played: Play) -> None:
    formats = ("dpo", "reward", "kto", "sft", "ranked")
    peers = ("critiques", "revisions")
    for run, names in (
        (played(DUEL, "duel"), formats),
        (played({"scenario": "peer_feedback", "questions": QUESTIONS, "peers": PEERS}, "peers"), peers),
    ):
        rows = exported(run, *names)
        folder = run.parent / f"parquet-{run.name}"
        export([run], folder, ExportOptions(names, file_type="parquet"))
        for name in names:
            assert all(row.keys() - {"split"} == FORMATS[name].columns.keys() for row in rows[name])
            files = sorted((folder / name).glob("*.parquet"))
            tables = [row for file in files for row in pl.read_parquet(file).to_dicts()]
            assert tables == [{k: v for k, v in row.items() if k != "split"} for row in rows[name]]


def test_the_datasets_library_reads_the_folder_as_its_card_says(played: Play) -> None:
    from datasets import load_dataset

    run = played(DUEL)
    for file_type in ("jsonl", "parquet"):
        out = run.parent / file_type
        export([run], out, ExportOptions(("dpo", "ranked"), file_type=file_type, test_share=0.3))
        for name in ("dpo", "ranked"):
            loaded = load_dataset(str(out), name, cache_dir=str(run.parent / "cache"))
            counts = Described.read(out).formats[name]
            assert {split: len(loaded[split]) for split in loaded} == counts
            assert set(loaded["train"].column_names) == FORMATS[name].columns.keys()


def test_the_card_tells_counts_command_policies_and_quality(played: Play) -> None:
    run = played(DUEL)
    export([run], run.parent / "e", ExportOptions(("dpo",)), command="palaestra export run --to dpo")
    text = (run.parent / "e" / "README.md").read_text()
    assert "palaestra export run --to dpo" in text
    assert "| ann |" in text
    assert "pairs of" in text


@pytest.mark.parametrize(
    ("scenario", "remedy"),
    [
        ({"scenario": "social_deduction"}, "palaestra branch"),
        ({"scenario": "opinion_exchange", "topics": ["T."]}, "--to sft"),
    ],
)
def test_a_run_without_scores_makes_no_pairs_and_leaves_nothing_behind(
    played: Play, scenario: dict[str, Any], remedy: str
) -> None:
    run = played(scenario)
    before = sorted(run.parent.iterdir())
    with pytest.raises(BadInput) as refusal:
        export([run], run.parent / "e", ExportOptions(("dpo",)))
    assert remedy in str(refusal.value)
    assert sorted(run.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"formats": ("dpo",), "pairs": PairRule(margin=100)}, "margins that are too small: 12"),
        ({"formats": ("dpi",)}, "there is no format 'dpi'"),
        ({"formats": ()}, "no format is named"),
        ({"formats": ("revisions",)}, "peer_feedback"),
        ({"formats": ("dpo",), "policies": ("eve",)}, "no policy 'eve'"),
        ({"formats": ("sft",), "purposes": ("sing",)}, "no rows for 'sft'"),
        ({"formats": ("dpo",), "basis": "outcome"}, "choose --by panel"),
        ({"formats": ("dpo",), "basis": "truth"}, "no program says which answers are right"),
    ],
)
def test_bad_wishes_are_refused_and_leave_nothing_behind(
    played: Play, options: dict[str, Any], words: str
) -> None:
    run = played(DUEL)
    before = sorted(run.parent.iterdir())
    with pytest.raises(BadInput) as refusal:
        export([run], run.parent / "e", ExportOptions(**options))
    assert words in str(refusal.value)
    assert sorted(run.parent.iterdir()) == before


def test_an_export_is_never_written_over(played: Play) -> None:
    run = played(DUEL)
    out = run.parent / "e"
    export([run], out, ExportOptions(("sft",)))
    with pytest.raises(BadInput, match="exists already"):
        export([run], out, ExportOptions(("dpo",)))
    assert json.loads((out / "export.json").read_text())["formats"].keys() == {"sft"}
