"""An engine that answers what it reads, and the calls that reach it."""

from __future__ import annotations

import pytest

import palaestra.sims.engines.scripted_engine
from palaestra.agents.calls import Call, Reply
from palaestra.sims.engines.fleet import Fleet
from support.branching import prompted


@pytest.fixture(autouse=True)
def _engine_that_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", prompted)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call that reaches the engines."""
    calls: list[Call] = []
    ask = Fleet.ask

    async def counted(fleet: Fleet, call: Call) -> Reply:
        calls.append(call)
        return await ask(fleet, call)

    monkeypatch.setattr(Fleet, "ask", counted)
    return calls
