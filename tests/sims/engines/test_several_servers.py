"""One engine of several servers: each episode stays at one of them, and moves where that one dies."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import ValidationError

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.sims.engines import server_connection, server_group
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.fleet import build
from palaestra.sims.engines.http_transport import CONNECTIONS, OTHER_FILES
from palaestra.sims.engines.server_group import ServerGroup
from support.chat_server import FakeServer, completion, problem
from support.openai_calls import call, free_port


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeServer]]:
    monkeypatch.setattr(server_connection, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(server_connection, "RECONNECT_WAITS", (0.001,))
    fakes = [FakeServer() for _ in range(2)]
    yield fakes
    for fake in fakes:
        fake.stop()


def settings(*urls: str) -> OpenAIEngine:
    return OpenAIEngine(model="smollm2", urls=urls, key_variable=None, patience=0.1)


def group_of(servers: list[FakeServer]) -> tuple[ServerGroup, list[str]]:
    group, said = ServerGroup(settings(*(server.url for server in servers)), {}), list[str]()
    group.tell(Listener(said.append))
    return group, said


def of(episode: int) -> Call:
    return replace(call(Text(), f"Episode {episode}"), episode=episode)


async def ask(group: ServerGroup, *episodes: int) -> None:
    for episode in episodes:
        assert (await group.answer(of(episode), Policy(), 1, 0)).text == "Hello."


def episodes_at(server: FakeServer) -> list[int]:
    return [int(request["messages"][-1]["content"].split()[-1]) for request in server.requests]


def breaks(server: FakeServer) -> None:
    server.respond = lambda _request: (503, problem("out of memory"))


def test_an_episode_s_calls_go_to_one_server_and_episodes_are_shared_out(servers: list[FakeServer]) -> None:
    group, _ = group_of(servers)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1, 2, 0, 3, 1)
        await group.close()

    asyncio.run(session())
    assert [episodes_at(server) for server in servers] == [[0, 2, 0], [1, 3, 1]]


def test_servers_share_the_files_that_the_system_gives_evenly_and_give_them_back(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1024, 1024))
    monkeypatch.setattr(CONNECTIONS, "taken", 0)
    group, _ = group_of(servers)
    half = (1024 - OTHER_FILES) // 2

    async def session() -> None:
        for _ in range(2):
            await group.start()
            assert CONNECTIONS.taken == 2 * half
            assert [server._connection._room for server in group._servers.values()] == [half, half]
            await group.close()
            assert CONNECTIONS.taken == 0

    asyncio.run(session())


def test_a_server_that_dies_leaves_its_episodes_to_the_others(servers: list[FakeServer]) -> None:
    group, said = group_of(servers)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1)
        breaks(servers[1])
        await asyncio.gather(*(ask(group, episode) for episode in (0, 1, 3)))
        known = len(servers[1].requests)
        await ask(group, 1, 3)
        assert len(servers[1].requests) == known, "it is left alone"
        await group.close()

    asyncio.run(session())
    assert sorted(episodes_at(servers[0])) == [0, 0, 1, 1, 3, 3]
    [told] = [words for words in said if "go on" in words]
    assert told.startswith(servers[1].url)
    assert told.endswith("out of memory; its episodes go on at the other servers")


def test_a_server_that_answers_again_gets_its_episodes_back(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_group, "LOOK_AGAIN", 0.01)
    group, said = group_of(servers)

    async def session() -> None:
        await group.start()
        breaks(servers[1])
        servers[1].models = 503, problem("loading")
        await ask(group, 1)
        servers[1].respond = lambda _request: completion("Hello.")
        servers[1].models = 200, {"data": [{"id": "smollm2"}]}
        while f"{servers[1].url} answers again" not in said:
            await ask(group, 1)
            await asyncio.sleep(0.01)
        before = len(servers[1].requests)
        await ask(group, 1, 0)
        assert len(servers[1].requests) == before + 1
        await group.close()

    asyncio.run(asyncio.wait_for(session(), 60))


def test_a_server_that_lists_its_models_but_answers_nothing_is_asked_by_one_call_and_seldom(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_group, "LOOK_AGAIN", 0.01)
    group, said = group_of(servers)
    looks = server_group.ServerGroup._look_for
    lost = list[int]()

    def look_for(
        of_group: ServerGroup, url: str, failure: EngineDied | EngineUnavailable | None = None
    ) -> None:
        lost.append(of_group._in_vain[url])
        looks(of_group, url, failure)

    monkeypatch.setattr(server_group.ServerGroup, "_look_for", look_for)

    async def session() -> None:
        await group.start()
        breaks(servers[1])
        while len(lost) < 4:
            await ask(group, 1)
            await asyncio.sleep(0.005)
        await group.close()

    asyncio.run(asyncio.wait_for(session(), 60))
    assert lost == [0, 1, 2, 3], "each return in vain puts off the next look"
    assert len(said) == 1 + len([words for words in said if "waiting for" in words])
    assert not any("answers again" in words for words in said)


def test_on_probation_a_server_is_asked_by_one_call_at_a_time(servers: list[FakeServer]) -> None:
    group, _ = group_of(servers)
    asked = threading.Event()

    def slowly(_request: dict[str, object]) -> tuple[int, object]:
        asked.wait(30)
        return completion("Hello.")

    async def session() -> None:
        await group.start()
        group._reached[servers[1].url] = False
        servers[1].respond = slowly
        first = asyncio.create_task(ask(group, 1))
        while not servers[1].requests:
            await asyncio.sleep(0.01)
        await ask(group, 1, 3)
        asked.set()
        await first
        await ask(group, 1)
        await group.close()

    asyncio.run(asyncio.wait_for(session(), 60))
    assert [episodes_at(server) for server in servers] == [[1, 3], [1, 1]]


def test_servers_that_all_answer_nothing_end_the_call_however_often_they_return(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_group, "LOOK_AGAIN", 0.001)
    group, said = group_of(servers)
    ask_at, asked = group._ask, list[str]()

    async def noted(url: str, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        assert url not in asked, "each server once"
        asked.append(url)
        return await ask_at(url, call, policy, seed, attempt)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1)
        for server in servers:
            breaks(server)
        monkeypatch.setattr(group, "_ask", noted)
        with pytest.raises(EngineDied, match="out of memory"):
            await ask(group, 0)
        await group.close()

    asyncio.run(asyncio.wait_for(session(), 60))
    assert asked == [server.url for server in servers]
    assert len([words for words in said if "go on at the other servers" in words]) == 1, (
        "the last has no others"
    )


def test_a_server_that_is_loading_is_not_waited_for_where_another_answers(servers: list[FakeServer]) -> None:
    for loading in servers[1:]:
        breaks(loading)
        loading.models = 503, problem("loading")
    group, said = group_of(servers)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1)
        await group.close()

    asyncio.run(session())
    assert episodes_at(servers[0]) == [0, 1]
    assert servers[1].requests == []
    assert [words.split(": ", 1)[1] for words in said] == [
        "status 503, loading; its episodes go on at the other servers"
    ]


def test_servers_that_are_all_loading_are_waited_for(servers: list[FakeServer]) -> None:
    for server in servers:
        server.models = 503, problem("loading")
    group, _ = group_of(servers)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1)
        await group.close()

    asyncio.run(session())
    assert [episodes_at(server) for server in servers] == [[0], [1]]


def test_who_waits_to_ask_a_server_again_hears_that_it_is_given_up(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connection, "FIRST_WAIT", 3000.0)
    monkeypatch.setattr(server_connection, "LONGEST_WAIT", 3000.0)
    group = ServerGroup(
        settings(*(server.url for server in servers)).model_copy(update={"patience": 1e6}), {}
    )

    async def session() -> None:
        await group.start()
        breaks(servers[1])
        waiting = asyncio.create_task(ask(group, 1))
        while not servers[1].requests:
            await asyncio.sleep(0.01)
        await group._lose(servers[1].url, EngineDied("is gone"))
        await waiting
        await group.close()

    asyncio.run(asyncio.wait_for(session(), 20))
    assert episodes_at(servers[0]) == [1]


def test_the_engine_dies_with_its_last_server(servers: list[FakeServer]) -> None:
    group, _ = group_of(servers)

    async def session() -> None:
        await group.start()
        await ask(group, 0, 1)
        for server in servers:
            breaks(server)
        with pytest.raises(EngineDied, match="out of memory"):
            await ask(group, 0)
        await group.close()
        for server in servers:
            server.respond = lambda _request: completion("Hello.")
        await group.start()
        await ask(group, 0, 1)
        await group.close()

    asyncio.run(session())


def test_one_server_is_enough_to_start_with_and_none_is_too_few(servers: list[FakeServer]) -> None:
    nobody = [f"http://127.0.0.1:{free_port()}/v1" for _ in range(2)]

    async def session(*urls: str) -> None:
        group = ServerGroup(settings(*urls), {})
        try:
            await group.start()
            await ask(group, 0, 1)
        finally:
            await group.close()

    asyncio.run(session(nobody[0], servers[0].url))
    assert sorted(episodes_at(servers[0])) == [0, 1]
    with pytest.raises(
        EngineUnavailable, match=f"{nobody[0]} can't be reached.*{nobody[1]} can't be reached"
    ):
        asyncio.run(session(*nobody))


def test_a_key_needs_to_be_allowed_for_each_address() -> None:
    engine = OpenAIEngine(model="m", urls=("https://api.openai.com/v1", "https://a.example/v1"))
    refused = [need.refusal(NOTHING) for need in engine.needs()]
    assert [refusal is None for refusal in refused] == [True, False]
    allowed = Allowed(frozenset({("OPENAI_API_KEY", "a.example")}))
    assert [need.refusal(allowed) for need in engine.needs()] == [None, None]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": "http://a/v1", "urls": ("http://b/v1",)}, "not both"),
        ({"urls": ("http://a/v1", "http://a/v1")}, "each address once"),
        ({"urls": ("http://a/v1", "http://a/v1/")}, "each address once"),
        ({"urls": ("http://a/v1", "http://A.:80/v1")}, "each address once"),
        ({"urls": ("https://a/v1", "https://a:443/v1")}, "each address once"),
        ({"urls": ()}, "no address: name one at least"),
        ({"urls": ("http://user@a/v1",)}, "no names or passwords"),
    ],
)
def test_addresses_that_are_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        OpenAIEngine.model_validate({"model": "m", **fields})


def test_addresses_that_differ_in_port_path_or_encryption_are_several() -> None:
    urls = "http://a/v1", "http://a:8000/v1", "http://a/v2", "https://a/v1"
    assert OpenAIEngine(model="m", urls=urls).urls == urls


def test_several_addresses_make_a_group() -> None:
    made = build(settings("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"), {"default": Policy()})
    assert made.identity()["urls"] == "http://127.0.0.1:1/v1, http://127.0.0.1:2/v1"
