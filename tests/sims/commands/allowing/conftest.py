"""One server of the test to which every name leads, as a stranger's name leads to a stranger's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from support.chat_server import FakeServer, completion
from support.openai_calls import KEY
from support.strangers_file import EVIL

VARIABLES = ["OPENAI_API_KEY", "GITHUB_TOKEN"]


def answer(request: dict[str, Any]) -> tuple[int, Any]:
    offered = request.get("structured_outputs")
    return completion(offered["choice"][0] if offered else "Hello.")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    fake = FakeServer()
    fake.respond = answer
    look_up = socket.getaddrinfo

    def here(_host: object, *rest: Any, **named: Any) -> Any:
        return look_up("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    for variable in VARIABLES:
        monkeypatch.setenv(variable, f"{KEY}-{variable}")
    yield fake
    fake.stop()


@pytest.fixture(params=VARIABLES)
def variable(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(server: FakeServer) -> str:
    """A stranger's address."""
    return f"http://{EVIL}:{server.port}/v1"
