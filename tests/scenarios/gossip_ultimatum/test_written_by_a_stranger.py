"""A game as a stranger would add it: rules and prompts in under eighty lines, and every command takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import pytest

import palaestra
from palaestra import Call, Episode, Run, check_contract
from palaestra.scenarios.core.registry import SCENARIOS
from support.command_line import done
from support.packages import installed, register

HERE = Path(__file__).parent
ANN, BO, CEM = ({"name": name} for name in ("Ann", "Bo", "Cem"))
FILE = {"scenario": "gossip_ultimatum", "rounds": 3, "players": [ANN, BO, CEM]}


@pytest.fixture(autouse=True)
def _the_game_is_installed(tmp_path: Path) -> Iterator[None]:
    site = tmp_path / "site"
    points = {"gossip_ultimatum": "gossip_ultimatum:GossipUltimatum"}
    copyfile(HERE / "rules.py", register(site, "gossip_ultimatum", scenarios=points))
    copyfile(HERE / "prompts.yaml", site / "prompts.yaml")
    copytree(HERE / "ready", site / "ready")
    with installed(site, SCENARIOS):
        yield


def may_read(_: Episode[Any], call: Call) -> Collection[str]:
    """Who may read the reply to a call, beside its author: gossip reaches one more."""
    return (str(call.about["friend"]),) if call.purpose == "gossip" else ()


def test_its_rules_and_prompts_are_under_eighty_lines() -> None:
    assert sum((HERE / name).read_text().count("\n") for name in ("rules.py", "prompts.yaml")) < 80


def test_it_keeps_the_contract() -> None:
    shared = {"players": [ANN, ANN, BO]}
    check_contract(FILE, may_read=may_read, refused=[(shared, "two agents are named 'Ann'")])


def test_the_outcome_counts_the_deals_that_the_tables_tell(tmp_path: Path) -> None:
    run = palaestra.play("gossip_ultimatum", dry_run=True, out=tmp_path / "run", quiet=True)
    assert run.episodes["ended"].all()
    assert run.episodes["deals"].sum() == run.table("deal")["taken"].sum()
    assert run.table("deal").height == run.episodes.height * 3


def test_it_is_validated_played_and_exported(tmp_path: Path) -> None:
    assert "a valid gossip_ultimatum, 2 episodes" in done("validate", "gossip_ultimatum", cwd=tmp_path)
    done("run", "gossip_ultimatum", "--dry-run", "--out", "run", "-q", cwd=tmp_path)
    done("export", "run", "--to", "sft", "--out", "sft", cwd=tmp_path)
    assert Run(tmp_path / "run").calls.filter(purpose="gossip").height > 0
    assert "gossip" in (tmp_path / "sft" / "sft" / "train.jsonl").read_text()
