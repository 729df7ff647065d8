"""A server for each test of an engine that asks one, and no waits that prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from palaestra.sims.engines import server_connection
from support.chat_server import FakeServer
from support.openai_calls import KEY


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A server on loopback that says what the test wants; it is asked again at once."""
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr(server_connection, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(server_connection, "RECONNECT_WAITS", (0.01, 0.05))
    fake = FakeServer()
    yield fake
    fake.stop()
