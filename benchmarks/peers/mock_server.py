"""A chat server that answers every request alike after a fixed time, and counts what it was asked.

`python mock_server.py PORT SECONDS`; `GET /reset` sets its counts to 0, `GET /counts` tells them: calls, most
requests at once, connections, and the seconds from the first request to the last answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, fields

SAID = "I maintain my position, for the reasons that I gave before."


@dataclass
class Counts:
    """What the server was asked."""

    calls: int = 0
    now: int = 0
    most: int = 0
    connections: int = 0
    first: float = 0.0
    last: float = 0.0

    def reset(self) -> None:
        """Begin anew."""
        for field in fields(self):
            setattr(self, field.name, field.default)


COUNTS = Counts()


class Connection(asyncio.Protocol):
    """One client's connection; requests on it come one after another."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connects."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        COUNTS.connections += 1

    def data_received(self, data: bytes) -> None:
        """A piece of a request is there, perhaps its last."""
        self._read += data
        head, end, rest = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        if len(rest) < sum(lengths):
            return
        body, self._read = rest[: sum(lengths)], rest[sum(lengths) :]
        self._asked(head.split(b" ", 2)[1].decode(), body)

    def _asked(self, path: str, body: bytes) -> None:
        if path == "/reset":
            COUNTS.reset()
            self._send({})
        elif path == "/counts":
            self._send(asdict(COUNTS))
        elif path == "/v1/models":
            self._send({"object": "list", "data": [{"id": "mock", "object": "model"}]})
        else:
            COUNTS.first = COUNTS.first or time.monotonic()
            COUNTS.calls += 1
            COUNTS.now += 1
            COUNTS.most = max(COUNTS.most, COUNTS.now)
            asyncio.get_running_loop().call_later(self._seconds, self._answer, len(body) // 4)

    def _answer(self, prompt: int) -> None:
        COUNTS.now -= 1
        COUNTS.last = time.monotonic()
        said = {"role": "assistant", "content": SAID}
        self._send(
            {
                "id": f"chatcmpl-{COUNTS.calls}",
                "object": "chat.completion",
                "created": 0,
                "model": "mock",
                "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": prompt, "completion_tokens": 16, "total_tokens": prompt + 16},
            }
        )

    def _send(self, told: dict[str, object]) -> None:
        body = json.dumps(told).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def serve(port: int, seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(seconds), "127.0.0.1", port, backlog=4096
    )
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
