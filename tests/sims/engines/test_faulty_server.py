"""Whatever a server or a proxy answers now and then, a run goes on, and nothing odd counts as an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import Reply
from palaestra.agents.policy import Policy
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.engines import server_connection
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing import play
from support.faulty_server import FAULTS, FaultyServer
from support.openai_calls import Move, call, settings
from support.slices import sliced

ANSWERS: list[Answer] = [Text(), Choice(("yes", "no")), Json(Move)]
TRUE_SHARE = 0.9
"""What the options of an honest answer hold of the model's probability, see `honest`."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_connection, "FIRST_WAIT", 0.01)


def asked(server: FaultyServer, *answers: Answer, retries: int = 2) -> list[Reply]:
    """The replies to calls that are made one after another."""

    async def session() -> list[Reply]:
        engine = settings(server.url, model="m", key_variable=None, patience=30, timeout=10)
        async with Fleet({"default": engine}, {"default": Policy()}, retries) as fleet:
            return [await fleet.ask(call(answer, seed=seed)) for seed, answer in enumerate(answers)]

    return asyncio.run(session())


@pytest.mark.parametrize("kind", sliced(FAULTS, [*FAULTS][::3]))
def test_each_fault_passes_and_leaves_no_trace_but_its_count(kind: str) -> None:
    server = FaultyServer(0.3, seed=5, faults=[kind])
    try:
        replies = asked(server, *(ANSWERS * 8), retries=6)
    finally:
        server.stop()
    assert server.made[kind] >= 4
    assert [reply.failed for reply in replies] == [False] * len(replies)
    for reply in replies:
        assert reply.mass in (None, pytest.approx(TRUE_SHARE))
        assert (reply.mass is None) == (reply.probabilities is None)
        assert "<think>" not in reply.text
        assert kind != "in parts" or reply.attempts == 1


def a_debate(url: str, **fields: Any) -> Any:
    file = {
        "scenario": "debate",
        "motions": ["Cities should plant more trees."],
        "debaters": [{"name": "Ann", "stance": "for"}, {"name": "Bo", "stance": "against"}],
        "rounds": 1,
        "engines": {"default": {"kind": "openai", "model": "m", "url": url, "key_variable": None}},
    }
    return check(file | fields, "a.yaml")


def test_a_run_ends_in_one_sitting_with_a_fifth_of_its_requests_answered_badly(tmp_path: Path) -> None:
    server = FaultyServer(0.2)
    engine = f"engines={{default: {{kind: openai, model: m, url: '{server.url}', key_variable: null}}}}"
    try:
        played = play.start(load(find("werewolf"), [engine, "episodes=2"]), tmp_path / "run", quiet=True)
    finally:
        server.stop()
    run = Run(played)
    calls = run.calls
    assert run.state.status == "finished"
    assert len(run.state.sittings) == 1
    assert calls["failed"].sum() <= len(calls) // 100
    assert calls["mass"].drop_nulls().to_list() == pytest.approx([TRUE_SHARE] * calls["mass"].count())
    assert sum(run.state.faults["default"].values()) > len(calls) // 20


def test_a_fifth_of_all_connections_dropped_costs_no_restart(tmp_path: Path) -> None:
    server = FaultyServer(0.2, faults=["dropped"])
    try:
        run = Run(play.start(a_debate(server.url, episodes=8), tmp_path / "run", quiet=True))
    finally:
        server.stop()
    assert run.state.faults == {"default": {"a dropped connection": server.made["dropped"]}}
    assert not run.calls["failed"].any()
