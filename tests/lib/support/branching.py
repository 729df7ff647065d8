"""Runs to branch, what their logs say, and engines that answer other than they did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

from palaestra.agents.calls import Call, Reply, derive_seed, turns
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.record import log as run_log
from palaestra.runs.record.plan import Plan
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import Selection, branch
from support.scripted_debates import scenario

SMALL = {
    "debate": ("debate", ["rounds=2", "speaking=sequential"], "purpose=argue"),
    "negotiation": ("used-car", ["rounds=2"], "all"),
    "social_deduction": (
        "werewolf",
        ["players=[{name: A}, {name: B}, {name: C}, {name: D}]", "minority.size=1"],
        "purpose=vote",
    ),
}


def prompted(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """A scripted reply that depends on the prompt too, as a model's does."""
    seed = derive_seed(call.seed, repr(turns(call.prompt)))
    return scripted_reply(replace(call, seed=seed), attempt=attempt, garbled=garbled)


def played(kind: str, folder: Path, episodes: int = 2, *settings: str) -> Path:
    """A finished run of a ready-made scenario on the scripted engine."""
    name, fields, _ = SMALL[kind]
    engine = "engines={default: {kind: scripted}}"
    loaded = load(find(name), [engine, f"episodes={episodes}", *fields, *settings])
    return play.start(loaded, folder, quiet=True)


def debates(folder: Path, **fields: Any) -> Path:
    """A finished run of small debates."""
    return play.start(scenario(episodes=2, speaking="sequential", **fields), folder, quiet=True)


def calls_of(folder: Path) -> dict[tuple[int, int], Record]:
    """The call records of a run by episode and index."""
    records = (record for record in run_log.read(folder) if record["record"] == "call")
    return {(record["episode"], record["call"]): record for record in records}


def plan_of(folder: Path) -> Plan:
    plan = RunState.read(folder).branch
    assert plan is not None
    return plan


def paid(folder: Path, lines: int | None = None) -> int:
    """How many of the calls among the first lines of a log were asked of an engine."""
    records = list(run_log.read(folder))[:lines]
    return sum(record["record"] == "call" and record["tokens"][2] > 0 for record in records)


def branched_at(origin: Path, chosen: Selection, **options: Any) -> list[Record]:
    """The recorded calls that a selection takes."""
    folder = origin.with_name("branch")
    branch(origin, folder, chosen, quiet=True, **options)
    calls = calls_of(origin)
    found = [calls[point.episode, point.call] for point in plan_of(folder).points]
    rmtree(folder)
    return found
