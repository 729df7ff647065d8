"""The scenario keeps the contract, and its numbers are what its rules say."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import palaestra
from palaestra import Call, Episode, check_contract

ANN, BO = {"name": "Ann", "persona": "You are fair."}, {"name": "Bo", "persona": "You are not."}
FILE = {"scenario": "my_scenario", "rounds": 2, "players": [ANN, BO]}


def may_read(_: Episode[Any], call: Call) -> Collection[str]:
    """Who may read the reply to a call, beside its author: both hear what is said."""
    return ("Ann", "Bo") if call.purpose == "speak" else ()


def test_it_keeps_the_contract() -> None:
    check_contract(FILE, may_read=may_read, refused=[({"players": [ANN, ANN]}, "two agents are named 'Ann'")])


def test_the_outcome_counts_the_deals_that_the_tables_tell(tmp_path: Path) -> None:
    run = palaestra.play("my_scenario", dry_run=True, out=tmp_path / "run", quiet=True)
    assert run.episodes["ended"].all()
    assert run.episodes["deals"].sum() == run.table("deal")["taken"].sum()
    assert run.table("deal").height == run.episodes.height * 2
