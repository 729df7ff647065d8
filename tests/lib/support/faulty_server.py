"""A chat server that does what it is asked, but for faults of forty kinds, as servers and proxies have them.

Each fault is a way to answer one request badly. A server of the test answers a share of its requests so, each
drawn by its number, and the others as they ask for.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from random import Random
from typing import Any

from palaestra.agents.scripted import WORDS, fitting

Body = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Sent:
    """An answer as it goes out.

    Attributes:
        status: of HTTP; 0 where the connection is dropped instead.
        body: as JSON, unless it is bytes.
        headers: beside the usual ones.
        cut: bytes that are missing at its end.
    """

    status: int
    body: Body | list[Any] | bytes | None
    headers: Headers = field(default_factory=dict)
    cut: int = 0


Fault = Callable[[Body, Body], Sent]
"""Of a request and the answer that it should have had."""


def _error(status: int, words: str, headers: Headers | None = None, **more: Any) -> Fault:
    return lambda _asked, _answer: Sent(status, {"error": {"message": words, **more}}, headers or {})


def _body(body: Body | list[Any] | bytes | None) -> Fault:
    return lambda _asked, _answer: Sent(200, body)


def _html(status: int, words: str) -> Fault:
    page = f"<html><head><title>{status}</title></head><body><h1>{words}</h1></body></html>".encode()
    return lambda _asked, _answer: Sent(status, page)


def _changed(change: Callable[[Body, Body], None]) -> Fault:
    """An answer with something changed in its choice, or in the whole."""

    def fault(_asked: Body, answer: Body) -> Sent:
        changed = json.loads(json.dumps(answer))
        change(changed["choices"][0], changed)
        return Sent(200, changed)

    return fault


def _said(content: Any, **message: Any) -> Fault:
    return _changed(lambda choice, _whole: choice["message"].update({"content": content, **message}))


def _in_parts(choice: Body, _whole: Body) -> None:
    said = choice["message"]["content"]
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    choice["message"]["content"] = [thought, {"type": "text", "text": said}]


def _thought_aloud(choice: Body, _whole: Body) -> None:
    choice["message"]["content"] = f"<think>Hm.</think>{choice['message']['content']}"
    choice["logprobs"] = None


def _logprobs(content: Any) -> Fault:
    return _changed(lambda choice, _whole: choice.update(logprobs={"content": content}))


def _token(text: str, p: float, listed: dict[str, float]) -> Body:
    top = [{"token": t, "logprob": log(q), "bytes": None} for t, q in listed.items()]
    return {"token": text, "logprob": log(p), "bytes": None, "top_logprobs": top}


def _noise(choice: Body, _whole: Body) -> None:
    """The constraint was passed over: the options hold next to nothing."""
    told = (choice["logprobs"] or {}).get("content") or [{"top_logprobs": []}]
    options = [each["token"] for each in told[0]["top_logprobs"]]
    choice["message"]["content"] = "**Well**"
    choice["logprobs"] = {"content": [_token("**", 0.9, {"**": 0.9} | dict.fromkeys(options, 1e-8))]}


def _unlisted(place: str) -> Fault:
    detail = [{"type": "extra_forbidden", "loc": ["body", place], "msg": "Extra inputs are not permitted"}]
    return lambda _asked, _answer: Sent(422, {"detail": detail})


FAULTS: dict[str, Fault] = {
    "dropped": lambda _asked, _answer: Sent(0, None),
    "dropped in the middle": lambda _asked, answer: Sent(200, answer, cut=40),
    "408": _error(408, "Request timeout"),
    "409": _error(409, "Conflict"),
    "425": _error(425, "Too early"),
    "429 with Retry-After": _error(429, "Rate limit reached", {"Retry-After": "0.02"}),
    "429 with a date": _error(429, "Slow down", {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}),
    "429": _error(429, "Too many requests", type="rate_limit_error"),
    "500": _error(500, "Internal server error"),
    "500 in plain text": lambda _asked, _answer: Sent(500, b"Internal Server Error"),
    "502 page": _html(502, "Bad Gateway"),
    "503 loading": _error(503, "Loading model", code=503),
    "504 page": _html(504, "Gateway Time-out"),
    "529": _error(529, "Overloaded"),
    "200 with 429": _body({"error": {"message": "Provider returned error", "code": 429}}),
    "200 with an error": _body({"error": "upstream connect error"}),
    "200 with an error's choice": _changed(
        lambda choice, _whole: choice.update(error={"code": 502, "message": "Provider disconnected"})
    ),
    "finish reason error": _changed(lambda choice, _whole: choice.update(finish_reason="error")),
    "no body": _body(b""),
    "half a body": _body(b'{"id": '),
    "a list": _body([]),
    "null": _body(b"null"),
    "a page": _html(200, "Welcome"),
    "bytes": _body(b"\xff\xfe\x00{"),
    "no choices": _changed(lambda _choice, whole: whole.update(choices=[])),
    "null choices": _changed(lambda _choice, whole: whole.update(choices=None)),
    "null message": _changed(lambda choice, _whole: choice.update(message=None)),
    "null content": _said(None),
    "no content": _said(""),
    "a number": _said(7),
    "a call of a tool": _said(None, tool_calls=[{"id": "1", "type": "function"}]),
    "a refusal": _said(None, refusal="I can't help with that."),
    "filtered": _changed(lambda choice, _whole: choice.update(finish_reason="content_filter")),
    "in parts": _changed(_in_parts),
    "a thought in the text": _changed(_thought_aloud),
    "half a character": _said("Hi \ud83d"),
    "null usage": _changed(lambda _choice, whole: whole.update(usage=None)),
    "usage in words": _changed(lambda _choice, whole: whole.update(usage={"completion_tokens": "3"})),
    "less than no usage": _changed(lambda _choice, whole: whole.update(usage={"completion_tokens": -1})),
    "no finish reason": _changed(lambda choice, _whole: choice.update(finish_reason=None)),
    "a model that is a number": _changed(lambda _choice, whole: whole.update(model=4)),
    "no logprobs": _changed(lambda choice, _whole: choice.update(logprobs=None)),
    "logprobs that are no numbers": _logprobs([{"token": "yes", "logprob": "high", "top_logprobs": None}]),
    "logprobs of nobody": _logprobs([{"token": None, "logprob": float("nan")}]),
    "logprobs beyond one": _logprobs([_token("yes", 0.9, {"yes": 0.9, "no": 0.9})]),
    "logprobs of something else": _logprobs([_token("Okay", 0.9, {"Okay": 0.9, "yes": 0.05, "no": 0.05})]),
    "noise": _changed(_noise),
    "400 without words": lambda _asked, _answer: Sent(400, b""),
    "400 at the seed": _error(400, "Unrecognized request argument supplied: seed", param="seed"),
    "400 at the constraint": _error(400, "Unknown parameter: 'structured_outputs'."),
    "422 at top_p": _unlisted("top_p"),
    "401": _error(401, "Incorrect API key provided"),
    "404": _error(404, "The model does not exist"),
    "501": _error(501, "Not implemented"),
}
"""All kinds by name; each alone passes, if it is met with another request."""


class FaultyServer:
    """Serves on loopback until `stop`.

    Args:
        share: of the requests that are answered badly.
        seed: draws which, and how.
        faults: of which kinds.

    Attributes:
        made: how often each kind was made.
        requests: how many were answered, well or badly.
    """

    def __init__(self, share: float, seed: int = 1, faults: Sequence[str] = tuple(FAULTS)) -> None:
        self.made: Counter[str] = Counter()
        self.requests = 0
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for the head's receipt

            def do_GET(self) -> None:
                self._send(Sent(200, {"object": "list", "data": [{"id": "m", "object": "model"}]}))

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.requests += 1
                    random = Random(f"{seed}:{outer.requests}")
                    kind = random.choice(faults) if random.random() < share else ""
                    outer.made[kind] += 1
                answer = honest(asked)
                self._send(FAULTS[kind](asked, answer) if kind else Sent(200, answer))

            def _send(self, sent: Sent) -> None:
                if not sent.status:
                    self.close_connection = True
                    self.connection.close()
                    return
                data = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
                self.send_response(sent.status)
                for name, value in {"Content-Type": "application/json", **sent.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) - sent.cut])
                if sent.cut:
                    self.close_connection = True
                    self.wfile.flush()
                    self.connection.close()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ValueError, OSError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def honest(asked: Body) -> Body:
    """The answer that a request asks for, drawn by its words."""
    words = json.dumps(asked["messages"])
    random = Random(words + str(asked.get("seed")))
    options, schema = _wanted(asked)
    logprobs = None
    if options:
        weights = [random.random() + 0.1 for _ in options]
        shares = {o: 0.9 * w / sum(weights) for o, w in zip(options, weights, strict=True)}
        text = random.choices(options, weights)[0]
        if asked.get("logprobs"):
            logprobs = {"content": [_token(text, shares[text], shares)]}
    elif schema:
        text = json.dumps(fitting(_bounded(schema), random))
    else:
        text = " ".join(random.choices(WORDS, k=8)).capitalize() + "."
    used, prompt = len(text) // 4 + 1, len(words) // 4
    message = {"role": "assistant", "content": text}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": logprobs}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": used, "total_tokens": prompt + used},
    }


def _bounded(schema: Any) -> Any:
    """A schema that may be without lengths and ranges, with small ones."""
    if isinstance(schema, list):
        return [_bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    limits = {
        "string": {"maxLength": 8},
        "array": {"maxItems": 2},
        "integer": {"minimum": 0, "maximum": 9},
        "number": {"minimum": 0, "maximum": 9},
    }
    kind = schema.get("type")
    bounds = limits.get(kind, {}) if isinstance(kind, str) else {}
    exclusive = {"exclusiveMinimum", "exclusiveMaximum"} & set(schema)
    return ({} if exclusive else bounds) | {key: _bounded(value) for key, value in schema.items()}


def _wanted(asked: Body) -> tuple[list[str], Body]:
    """The options or the schema that a request binds the answer to, or tells in words."""
    bound = asked.get("structured_outputs") or {}
    by_schema = (asked.get("response_format") or {}).get("json_schema") or {}
    if "choice" in bound:
        return bound["choice"], {}
    if "json" in bound or by_schema:
        return [], bound.get("json") or by_schema["schema"]
    told = str(asked["messages"][-1]["content"])
    if "nothing else:\n" in told:
        wanted = told.rpartition("nothing else:\n")[2]
        return ([], json.loads(wanted)) if wanted.startswith("{") else (wanted.split("\n"), {})
    return [], {}
