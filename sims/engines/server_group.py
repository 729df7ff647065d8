"""One engine of several servers of the same model: an episode's calls go to one of them, where its prefix is.

A server that dies, or is of no use, leaves its episodes to the others. One that is reached again is on
probation, and asked by one call at a time, until it has answered one: many that list their models answer
nothing else. What the last one fails with is what the engine fails with.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines.engine import Engine, Listener
from palaestra.sims.engines.http_transport import CONNECTIONS
from palaestra.sims.engines.openai_engine import OpenAIServer
from palaestra.sims.engines.server_faults import StillLoading

LOOK_AGAIN = 30.0
"""Seconds between looks for a server that died; they double with each return in vain."""
MOST_DOUBLED = 6
"""How often they double."""


def serving(settings: OpenAIEngine, policies: Mapping[str, Policy]) -> Engine:
    """What answers at the servers that `settings` name."""
    return ServerGroup(settings, policies) if settings.urls else OpenAIServer(settings, policies)


class ServerGroup:
    """A model on several servers.

    Args:
        settings: the engine's.
        policies: those that it answers for.
    """

    def __init__(self, settings: OpenAIEngine, policies: Mapping[str, Policy]) -> None:
        self._settings = settings
        self._urls = settings.urls or (settings.url,)
        share = max(1, CONNECTIONS.room(settings.parallel * len(self._urls)) // len(self._urls))
        each = settings.model_copy(update={"parallel": min(settings.parallel, share)})
        self._servers = {url: OpenAIServer(each.at(url), policies, alone=False) for url in self._urls}
        self._reached: dict[str, bool] = {}  # and whether it is proven: False on probation
        self._tested: set[str] = set()  # of those on probation, who is asked just now
        self._in_vain = Counter[str]()
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._listener = Listener()

    def tell(self, listener: Listener) -> None:
        """See `Outspoken.tell`."""
        self._listener = listener
        for server in self._servers.values():
            server.tell(listener)

    async def start(self) -> None:
        """See `Engine.start`; one server is enough, the others are looked for."""
        starting = (server.start() for server in self._servers.values())
        outcomes = zip(self._servers, await asyncio.gather(*starting, return_exceptions=True), strict=True)
        failed = {url: failure for url, failure in outcomes if failure is not None}
        if len(failed) == len(self._servers):  # those that are loading are waited for, as one alone is
            failed = {url: each for url, each in failed.items() if not isinstance(each, StillLoading)}
        self._reached = {url: True for url in self._servers if url not in failed}
        unavailable = {url: each for url, each in failed.items() if isinstance(each, EngineUnavailable)}
        for url in failed.keys() - unavailable.keys():
            raise failed[url]
        if not self._reached:
            remedies = dict.fromkeys(each.remedy for each in unavailable.values())
            raise EngineUnavailable(
                "; ".join(each.args[0] for each in unavailable.values()), " ".join(remedies)
            )
        for url, each in unavailable.items():
            self._look_for(url, each)

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`; each server is asked once at most."""
        failed = set[str]()
        while True:
            url = self._place(call.episode, failed)
            try:
                return await self._ask(url, call, policy, seed, attempt)
            except (EngineDied, EngineUnavailable) as death:
                failed.add(url)
                await self._lose(url, death)
                if not self._reached.keys() - failed:
                    raise

    def _place(self, episode: int, failed: set[str]) -> str:
        """Where an episode's calls go: always to one server, while that lives."""
        urls = self._urls
        own = urls[episode % len(urls)]
        reached = [url for url in urls if url in self._reached and url not in failed]
        if own in reached and own not in self._tested:
            return own
        others = [url for url in reached if self._reached[url]] or reached or [own]
        return others[episode // len(urls) % len(others)]

    async def _ask(self, url: str, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        proven = self._reached.get(url, True)
        if not proven:
            self._tested.add(url)
        try:
            reply = await self._servers[url].answer(call, policy, seed, attempt)
        finally:
            self._tested.discard(url)
        if not proven and not reply.failed and not self._reached.get(url, True):
            self._reached[url] = True
            del self._in_vain[url]
            self._listener.say(f"{url} answers again")
        return reply

    async def _lose(self, url: str, death: EngineDied | EngineUnavailable) -> None:
        proven = self._reached.pop(url, None)
        if proven is None:
            return
        if proven:
            self._look_for(url, death)
        else:
            self._in_vain[url] += 1
            self._look_for(url)
        await self._servers[url].close()  # so that who still waits for it waits no longer

    def _look_for(self, url: str, failure: EngineDied | EngineUnavailable | None = None) -> None:
        if failure is not None and any(self._reached.values()):
            self._listener.say(f"{failure.args[0]}; its episodes go on at the other servers")
        self._looking[url] = asyncio.create_task(self._await_return(url))

    async def _await_return(self, url: str) -> None:
        while url not in self._reached:
            await asyncio.sleep(LOOK_AGAIN * 2 ** min(self._in_vain[url], MOST_DOUBLED))
            with contextlib.suppress(EngineUnavailable):
                await self._servers[url].close()
                await self._servers[url].start()
                self._reached[url] = False

    async def close(self) -> None:
        """See `Engine.close`."""
        looking, self._looking, self._reached = self._looking.values(), {}, {}
        for task in looking:
            task.cancel()
        await asyncio.gather(
            *looking, *(server.close() for server in self._servers.values()), return_exceptions=True
        )

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {"kind": "openai", "model": self._settings.model, "urls": ", ".join(self._urls)}
