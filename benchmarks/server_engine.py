"""What a call costs at a server: our engine beside bare aiohttp, on a mock server on this machine.

`python benchmarks/server_engine.py [--parallel 512] [--calls 4096]` prints CPU time of this process a call,
the least, the median and the most of several turns; what the server takes isn't counted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import orjson
from measuring import machine, taking_turns

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Message
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.policy import Policy
from palaestra.sims.engines.fleet import Fleet

HEARD = 8
"""Messages before the request, of 25 words each."""


@contextlib.contextmanager
def mock_server(seconds: float) -> Iterator[str]:
    """The base address of a mock server that answers after so many seconds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).parent / "peers" / "mock_server.py"
    command = [sys.executable, str(script), str(port), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def call() -> Call:
    """A call as a debate makes it."""
    said = [Message(n, "user", "word " * 25, f"Agent {n}") for n in range(1, HEARD + 1)]
    prompt = (Message(0, "system", "You debate."), *said, Message(HEARD + 1, "user", "Speak."))
    return Call("Agent 0", "argue", {}, prompt, Text(), "default", index=0, seed=1)


async def bare(url: str, parallel: int, calls: int) -> float:
    """The same requests by aiohttp alone; CPU ms a call."""
    body = {
        "model": "mock",
        "messages": [{"role": "user", "content": "word " * 25 * HEARD}],
        "max_tokens": 64,
    }
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> None:
            async with session.post(f"{url}/chat/completions", data=orjson.dumps(body)) as answer:
                assert orjson.loads(await answer.read())["choices"]

        return await _timed(ask, parallel, calls)


async def ours(url: str, parallel: int, calls: int) -> float:
    """As a run asks them; CPU ms a call."""
    engines = {"default": OpenAIEngine(model="mock", url=url, parallel=parallel, key_variable=None)}
    asked = call()
    async with Fleet(engines, {"default": Policy(max_tokens=64)}, 2) as fleet:

        async def ask() -> None:
            assert (await fleet.ask(asked)).text

        return await _timed(ask, parallel, calls)


async def _timed(ask: Callable[[], Awaitable[None]], parallel: int, calls: int) -> float:
    async def worker() -> None:
        for _ in range(calls // parallel):
            await ask()

    await ask()
    before = time.process_time()
    await asyncio.gather(*(worker() for _ in range(parallel)))
    return (time.process_time() - before) / (calls // parallel * parallel) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="What a call costs at a server.")
    parser.add_argument("--parallel", type=int, default=512, help="requests at once")
    parser.add_argument("--calls", type=int, default=4096, help="requests in all, of each turn")
    parser.add_argument("--repeats", type=int, default=3, help="how often each part is measured")
    options = parser.parse_args()
    print(machine())
    with mock_server(0.2) as url:
        parts = {
            name: lambda play=play: asyncio.run(play(url, options.parallel, options.calls))
            for name, play in (("aiohttp alone", bare), ("server engine", ours))
        }
        print(f"{options.parallel} requests at once, CPU ms a call   least  median    most")
        for name, found in taking_turns(parts, options.repeats).items():
            print(f"  {name:<35}{found.told('7.3f')}")


if __name__ == "__main__":
    main()
