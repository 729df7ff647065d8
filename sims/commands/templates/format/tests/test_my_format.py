"""An export of a duel has a row for each judged answer, with the words that the run's log has."""

from __future__ import annotations

from pathlib import Path

import palaestra
import polars as pl
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions


def test_a_row_is_an_answer_with_its_score(tmp_path: Path) -> None:
    run = palaestra.play("sparta", ["episodes=1"], dry_run=True, out=tmp_path / "run", quiet=True)
    export([run.folder], tmp_path / "export", ExportOptions(("my_format",), test_share=0))
    rows = pl.read_ndjson(tmp_path / "export" / "my_format" / "train.jsonl")
    answers = run.calls.filter(purpose="answer")
    assert rows["text"].sort().to_list() == answers["text"].sort().to_list()
    assert rows["score"].is_between(1, 10).all()
