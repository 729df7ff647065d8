"""The key of a server: sent to it alone, shown nowhere, and named where it is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines.openai_engine import OpenAIServer
from support.chat_server import FakeServer, problem
from support.openai_calls import KEY, ask, call, settings


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """All that is logged, whoever does it."""
    text, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def test_the_key_is_sent_and_shown_nowhere(server: FakeServer, logged: StringIO) -> None:
    server.respond = lambda _request: (418, problem(f"your key {KEY} is a teapot"))
    engine = OpenAIServer(settings(server.url), {})
    with pytest.raises(EngineUnavailable, match="is a teapot") as failure:
        ask(engine, call(Text()))
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert engine.identity() == {"kind": "openai", "model": "smollm2", "url": server.url}
    assert KEY not in f"{failure.value}{failure.value!r}{failure.value.__cause__}{engine!r}"
    assert logged.getvalue()
    assert KEY not in logged.getvalue()


def test_without_a_key_none_is_needed(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert set(server.keys) == {"Bearer none"}


def test_a_server_that_needs_no_key_gets_none(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(OpenAIServer(settings(server.url, key_variable=None), {}), call(Text()))
    assert set(server.keys) == {"Bearer none"}


def test_what_the_client_reads_for_openai_reaches_no_other_host(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"private-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: private\nAuthorization: Bearer private")
    ask(OpenAIServer(settings(server.url), {}), call(Text()))
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert "private" not in "".join(f"{headers}" for headers in server.headers)
    assert {headers["Content-Type"] for headers in server.headers} == {None, "application/json"}


def test_a_proxy_that_connects_to_the_server_learns_its_host_alone(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("OPENAI_ORG_ID", "private")
    with pytest.raises(EngineUnavailable):
        ask(OpenAIServer(settings("https://api.openai.com/v1"), {}))
    assert server.tunnels == ["api.openai.com:443"]
    told = f"{server.headers[0]}"
    assert "Host: api.openai.com" in told
    assert not any(secret in told for secret in (KEY, "private", "Authorization"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_request_is_sent_on_to_another_address(server: FakeServer, status: int) -> None:
    other = FakeServer()
    try:
        server.models = status, {}
        server.moved_to = f"{other.url}/models"
        with pytest.raises(EngineUnavailable, match=rf"sends on to another address \(status {status}\)"):
            ask(OpenAIServer(settings(server.url), {}))
        server.models = 404, {}
        server.respond = lambda _request: (status, {})
        with pytest.raises(EngineUnavailable, match="If you trust that address, name it in `engines"):
            ask(OpenAIServer(settings(server.url), {}), call(Text()))
        assert len(server.requests) == 1
        assert other.headers == []
    finally:
        other.stop()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable(server: FakeServer, status: int) -> None:
    server.models = status, problem(f"wrong key {KEY}")
    with pytest.raises(EngineUnavailable, match="TEST_KEY") as failure:
        ask(OpenAIServer(settings(server.url), {}))
    assert KEY not in str(failure.value)


def test_a_server_that_wants_a_key_after_all(server: FakeServer) -> None:
    server.models = 401, problem("no key")
    with pytest.raises(EngineUnavailable, match="Name the variable that holds its key in"):
        ask(OpenAIServer(settings(server.url, key_variable=None), {}))
