"""`palaestra conformance` tells what a server does, whatever it claims."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.chat_server import FakeServer, completion, problem
from support.command_line import palaestra, refused
from support.faulty_server import FaultyServer, honest

NO_KEY = ("--set", "key_variable=null")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))


def found(url: str, cwd: Path, model: str = "smollm2") -> dict[str, str]:
    """What the command says of each thing: yes, partly or no."""
    ended = palaestra("conformance", url, "--model", model, *NO_KEY, cwd=cwd)
    assert ended.code == 0, ended.err
    told = (line.rpartition(": ") for line in ended.err.splitlines())
    return {name: can for name, _, can in told if can in ("yes", "partly", "no", "not tried")}


def test_a_server_that_does_all_it_is_asked(tmp_path: Path) -> None:
    honest_server = FaultyServer(0)
    try:
        can = found(honest_server.url, tmp_path, "m")
    finally:
        honest_server.stop()
    assert can["choices bound to options"] == "yes"
    assert can["objects bound to a schema"] == "yes"
    assert can["probabilities of options"] in ("yes", "partly")  # it says what it likes
    assert can["options that begin alike (1 … 10)"] == "yes"
    assert can["tokens counted"] == "yes"
    assert can["LoRA adapters of policies"] == "not tried"


def test_a_server_that_passes_over_constraints_and_seeds(server: FakeServer, tmp_path: Path) -> None:
    server.respond = lambda _request: completion(
        f"The sea is a large body of salt water, {len(server.requests)} times over and over."
    )
    can = found(server.url, tmp_path)
    assert can["text, of limited length"] == "no"
    assert can["choices bound to options"] == "no"
    assert can["objects bound to a schema"] == "no"
    assert can["probabilities of options"] == "no"
    assert can["the same numbers in other company"] == "not tried"
    assert can["seeds"] == "no"
    assert can["a prompt that is too long is told"] == "no"


def test_a_server_that_takes_words_alone_is_bound_to_nothing(server: FakeServer, tmp_path: Path) -> None:
    def respond(request: dict[str, Any]) -> tuple[int, Any]:
        if "structured_outputs" in request or "response_format" in request:
            return 400, problem("Unknown parameter: 'structured_outputs', 'response_format'")
        if len(json.dumps(request)) > 100_000:
            return 400, problem("This model's maximum context length is 4096 tokens")
        return 200, honest(request)

    server.respond = respond
    can = found(server.url, tmp_path)
    assert can["choices bound to options"] == "no"
    assert can["objects bound to a schema"] == "no"
    assert can["a prompt that is too long is told"] == "yes"


def test_what_is_meant_has_to_be_told(server: FakeServer, tmp_path: Path) -> None:
    assert "--model NAME" in refused("conformance", server.url, *NO_KEY, cwd=tmp_path)
    told = refused("conformance", "smollm2", "--model", "m", cwd=tmp_path)
    assert "is no address" in told
    told = refused("conformance", server.url, "--model", "m", "--float32", *NO_KEY, cwd=tmp_path)
    assert "a server's number format is its own" in told
    told = refused("conformance", server.url, "--model", "m", "--set", "contxt=1", cwd=tmp_path)
    assert "--set contxt=1: unknown field `contxt`; did you mean `context`?" in told


def test_a_key_goes_to_no_server_that_nobody_allowed(tmp_path: Path) -> None:
    told = refused("conformance", "https://evil.example/v1", "--model", "m", cwd=tmp_path)
    assert "--allow-key OPENAI_API_KEY=evil.example" in told
