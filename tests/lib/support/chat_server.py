"""A server that speaks OpenAI's chat protocol and says whatever a test wants."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from typing import Any

Respond = Callable[[dict[str, Any]], tuple[int, Any]]


class FakeServer:
    """Answers on loopback with whatever the test says, and keeps what it was asked.

    Attributes:
        models, respond: what it answers: a status, and a body.
        more_headers: of every answer.
        piecemeal: seconds between two bytes of an answer; 0 for all at once.
        moved_to: the address that it names with every answer; clients follow it where the status says so.
        requests, headers, keys: of all that reached it: bodies, headers, and `Authorization` of these.
        tunnels: what it was asked to connect to, as a proxy, with `headers` of it; it refuses.
    """

    def __init__(self) -> None:
        self.models: tuple[int, Any] = 200, {"object": "list", "data": [{"id": "smollm2", "object": "model"}]}
        self.respond: Respond = lambda _request: completion("Hello.")
        self.requests: list[dict[str, Any]] = []
        self.moved_to = ""
        self.more_headers: dict[str, str] = {}
        self.piecemeal = 0.0
        self.headers: list[Message] = []
        self.tunnels: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for the head's receipt

            def do_GET(self) -> None:
                self._send(*outer.models)

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(request)
                self._send(*outer.respond(request))

            def do_CONNECT(self) -> None:
                outer.tunnels.append(self.path)
                self._send(403, {})

            def _send(self, status: int, body: Any) -> None:
                outer.headers.append(self.headers)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in outer.more_headers.items():
                    self.send_header(name, value)
                if outer.moved_to:
                    self.send_header("Location", outer.moved_to)
                self.end_headers()
                if not outer.piecemeal or self.command == "GET":
                    self.wfile.write(data)
                    return
                with contextlib.suppress(OSError):  # until nobody listens any more
                    for number in range(len(data)):
                        self.wfile.write(data[number : number + 1])
                        self.wfile.flush()
                        time.sleep(outer.piecemeal)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def keys(self) -> list[str]:
        return [headers.get("Authorization", "") for headers in self.headers]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def positions(path: list[tuple[str, dict[str, float]]]) -> list[dict[str, Any]]:
    """Log-probabilities in the server's form; forbidden tokens as vLLM writes them."""

    def token(text: str, p: float) -> dict[str, Any]:
        return {"token": text, "logprob": log(p) if p else -9999.0, "bytes": None}

    return [
        {**token(said, listed[said]), "top_logprobs": [token(text, p) for text, p in listed.items()]}
        for said, listed in path
    ]


def completion(
    text: str, finish: str = "stop", used: int = 3, path: list[tuple[str, dict[str, float]]] | None = None
) -> tuple[int, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
    }
    if path is not None:
        choice["logprobs"] = {"content": positions(path)}
    usage: dict[str, Any] = {"prompt_tokens": 11, "completion_tokens": used, "total_tokens": 11 + used}
    usage |= {"prompt_tokens_details": {"cached_tokens": 8}}
    return 200, {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "smollm2",
        "choices": [choice],
        "usage": usage,
    }


def problem(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "BadRequestError", "code": 400}}
