"""One engine of several servers of the same model: an episode's calls go to one of them, where its prefix is.

A server that dies, or is of no use, leaves its episodes to the others until it answers again. What the last
one fails with is what the engine fails with.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.failures import EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines.engine import Engine, Listener
from palaestra.sims.engines.openai_engine import OpenAIServer

LOOK_AGAIN = 30.0
"""Seconds between looks for a server that died."""


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
        self._servers = {url: OpenAIServer(settings.at(url), policies) for url in settings.urls}
        self._living: list[str] = []
        self._looking: set[asyncio.Task[None]] = set()
        self._listener = Listener()

    def tell(self, listener: Listener) -> None:
        """See `Outspoken.tell`."""
        self._listener = listener
        for server in self._servers.values():
            server.tell(listener)

    async def start(self) -> None:
        """See `Engine.start`; one server is enough, the others are looked for."""
        urls, starting = list(self._servers), (server.start() for server in self._servers.values())
        failed = dict(zip(urls, await asyncio.gather(*starting, return_exceptions=True), strict=True))
        self._living = [url for url in urls if failed[url] is None]
        for url, failure in failed.items():
            if isinstance(failure, BaseException) and (
                not self._living or not isinstance(failure, EngineUnavailable)
            ):
                raise failure
            if failure is not None:
                self._look_for(url, failure)

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        while True:
            url = self._home(call.episode)
            try:
                return await self._servers[url].answer(call, policy, seed, attempt)
            except (EngineDied, EngineUnavailable) as death:
                if url in self._living:
                    self._living.remove(url)
                    self._look_for(url, death)
                    await self._servers[url].close()  # so that who still waits for it waits no longer
                if not self._living:
                    raise

    def _home(self, episode: int) -> str:
        """Where an episode's calls go: always to one server, while that lives."""
        own = self._settings.urls[episode % len(self._settings.urls)]
        if own in self._living or not self._living:
            return own
        return self._living[episode // len(self._settings.urls) % len(self._living)]

    def _look_for(self, url: str, failure: BaseException) -> None:
        self._listener.say(f"{failure.args[0]}; its episodes go on at the other servers")
        task = asyncio.create_task(self._await_return(url))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _await_return(self, url: str) -> None:
        while url not in self._living:
            await asyncio.sleep(LOOK_AGAIN)
            with contextlib.suppress(EngineUnavailable):
                await self._servers[url].close()
                await self._servers[url].start()
                self._living.append(url)
                self._listener.say(f"{url} answers again")

    async def close(self) -> None:
        """See `Engine.close`."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(
            *self._looking, *(server.close() for server in self._servers.values()), return_exceptions=True
        )
        self._living = []

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {"kind": "openai", "model": self._settings.model, "urls": ", ".join(self._settings.urls)}
