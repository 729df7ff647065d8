"""How requests go out: by which proxy, with which cookies and headers, over how many connections."""

from __future__ import annotations

import asyncio
import resource

import pytest

from palaestra.agents.failures import EngineUnavailable
from palaestra.sims.engines import http_transport
from palaestra.sims.engines.http_transport import Connections, HttpAnswer, Late, Transport, Unreached
from support.chat_server import FakeServer
from support.openai_calls import free_port

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def got(url: str, times: int = 1) -> list[HttpAnswer]:
    async def session() -> list[HttpAnswer]:
        transport = Transport(url, {"X-Ours": "1"})
        try:
            return [await transport.get("/models", 10) for _ in range(times)]
        finally:
            await transport.close()

    return asyncio.run(session())


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_requests_go_by_the_proxy_of_the_environment(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"ann:secret@127.0.0.1:{server.port}")
    [answer] = got("http://models.example/v1")
    assert answer.status == 200
    assert server.headers[0]["Host"] == "models.example"
    assert server.headers[0]["Proxy-Authorization"] == "Basic YW5uOnNlY3JldA=="


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("excepted", ["*", "0.0.0.0", "localhost,0.0.0.0/8"])
def test_what_the_environment_excepts_goes_by_no_proxy(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, excepted: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = f"http://0.0.0.0:{server.port}/v1"  # this machine, but not by a name for itself alone
    with pytest.raises(Unreached):
        got(url)
    monkeypatch.setenv("NO_PROXY", excepted)
    assert [answer.status for answer in got(url)] == [200]


@pytest.mark.usefixtures("no_proxies")
def test_what_is_asked_of_this_machine_goes_by_no_proxy(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    for host in ("127.0.0.1", "localhost"):
        assert [answer.status for answer in got(f"http://{host}:{server.port}/v1")] == [200]


@pytest.mark.usefixtures("no_proxies")
def test_a_proxy_of_another_kind_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(EngineUnavailable, match=r"kind socks5 for models.example(.|\n)*NO_PROXY"):
        got("http://models.example/v1")


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize(
    "odd", ["http://ann:secret@[bad", "http://proxy:99999", "http://p roxy:1", "http://"]
)
def test_a_proxy_that_there_can_not_be_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", odd)
    with pytest.raises(EngineUnavailable, match="HTTP_PROXY names no address") as failure:
        got("http://models.example/v1")
    assert "secret" not in str(failure.value)


@pytest.mark.usefixtures("no_proxies")
def test_a_proxy_that_fails_is_no_fault_of_the_server_s(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(Unreached, match="the proxy that HTTPS_PROXY names refuses with status 403"):
        got("https://models.example/v1")
    for nobody in (f"127.0.0.1:{free_port()}", "proxy.invalid:8080"):
        monkeypatch.setenv("HTTPS_PROXY", nobody)
        with pytest.raises(Unreached, match="the proxy that HTTPS_PROXY names is not there"):
            got("https://models.example/v1")


@pytest.mark.parametrize(
    "began", [b"", b"Content-Length: 100\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
def test_who_closes_it_ends_what_is_under_way(began: bytes) -> None:
    begun = asyncio.Event()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\n" + began)
        await writer.drain()
        begun.set()
        await reader.read()  # until it is closed
        writer.close()

    async def session() -> None:
        server = await asyncio.start_server(answers, "127.0.0.1", 0)
        transport = Transport(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", {})
        asked = asyncio.create_task(transport.post("/chat/completions", b"{}", 3600))
        await begun.wait()
        await asyncio.sleep(0.02)  # until it has come
        await transport.close()
        with pytest.raises(Unreached) as failure:
            await asked
        assert not isinstance(failure.value, Late)
        server.close()

    asyncio.run(asyncio.wait_for(session(), 20))


def test_no_cookie_is_kept(server: FakeServer) -> None:
    server.more_headers = {"Set-Cookie": "who=ann"}
    got(server.url, times=2)
    assert [headers["Cookie"] for headers in server.headers] == [None, None]
    assert [headers["X-Ours"] for headers in server.headers] == ["1", "1"]


def test_headers_are_found_by_their_names_in_any_case(server: FakeServer) -> None:
    server.more_headers = {"Retry-After": "7", "X-Long": "x" * 20_000}
    [answer] = got(server.url)
    assert answer.headers.get("retry-after") == "7"


def test_more_connections_than_the_system_gives_files_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, connections = [1024, 4096], Connections()

    def raised(_kind: int, given: tuple[int, int]) -> None:
        limits[:] = given

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", raised)
    assert connections.room(64) == 64
    assert limits == [1024, 4096]
    assert connections.room(1024) == 1024
    assert limits == [1024 + http_transport.OTHER_FILES, 4096]
    assert connections.room(10_000) == 4096 - http_transport.OTHER_FILES
    assert [connections.take(2048) for _ in range(3)] == [2048, 4096 - http_transport.OTHER_FILES - 2048, 1]
    connections.give_back(2048)
    assert connections.take(1024) == 1024
    limits[:] = [resource.RLIM_INFINITY, resource.RLIM_INFINITY]
    assert connections.room(10_000) == 10_000


def test_an_address_that_there_can_not_be_is_told_at_once() -> None:
    with pytest.raises(EngineUnavailable, match=r"is no address(.|\n)*engines.NAME.url"):
        got("http://127.0.0.1:99999/v1")
