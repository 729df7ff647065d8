"""The OpenAI engine against a real vLLM server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.failures import ContextOverflow
from palaestra.agents.policy import Policy
from palaestra.runs.record import log as run_log
from palaestra.scenarios.core.load import check
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.openai_engine import LEAST_MASS, OpenAIServer
from palaestra.sims.engines.option_tree import draw
from palaestra.sims.engines.plain_text import plain
from palaestra.sims.engines.vllm_machine import IN_ONE_PROCESS, computes_bfloat16
from palaestra.sims.playing import play
from support.exact_model import exact_model
from support.openai_calls import KEY, Move, ask, call, free_port, settings

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


@pytest.fixture(scope="module")
def server_dtype(dtype: str) -> str:
    """The number format that the server computes in: as the engine's, which vLLM's own choice need not be."""
    return dtype if dtype != "auto" else "bfloat16" if computes_bfloat16() else "float32"


@pytest.fixture(scope="module")
def vllm_url(tmp_path_factory: pytest.TempPathFactory, server_dtype: str) -> Iterator[str]:
    port = free_port()
    options = (
        f"--served-model-name smollm2 --port {port} --host 127.0.0.1 --enforce-eager --max-model-len 2048"
    )
    options += " --no-enable-chunked-prefill --max-num-batched-tokens 4096 --block-size 32"
    options += f" --dtype {server_dtype} --distributed-executor-backend {IN_ONE_PROCESS}"
    command = [
        sys.executable,
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model",
        str(embedded_model.ensure()),
    ]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1"}
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) <= 4:
        environment["VLLM_CPU_OMP_THREADS_BIND"] = ",".join(map(str, cores))
    printed = tmp_path_factory.mktemp("vllm") / "server.log"
    with printed.open("wb") as log_file:
        process = subprocess.Popen(
            command + options.split(),
            stdout=log_file,
            stderr=log_file,
            env=environment,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 1800
        while not healthy(port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"vLLM did not come up:\n{printed.read_text(errors='replace')[-3000:]}")
            time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def tokenized(url: str, content: str) -> list[int]:
    """The prompt's tokens as the server makes them of one user turn."""
    body = {"model": "smollm2", "messages": [{"role": "user", "content": content}]}
    request = urllib.request.Request(
        url.removesuffix("/v1") + "/tokenize",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return list(json.load(response)["tokens"])


def test_a_debate(vllm_url: str, tmp_path: Path) -> None:
    scenario = check(
        {
            "scenario": "debate",
            "motions": ["Cities should ban private cars."],
            "debaters": [{"name": "Ann", "stance": "for"}, {"name": "Bo", "stance": "against"}],
            "judges": [{"name": "Kim"}],
            "rounds": 1,
            "engines": {
                "default": {
                    "kind": "openai",
                    "model": "smollm2",
                    "url": vllm_url,
                    "key_variable": "TEST_KEY",
                }
            },
            "policies": {"default": {"max_tokens": 30}},
        },
        "debate.yaml",
    )
    folder = play.start(scenario, tmp_path / "run", quiet=True)
    state = json.loads((folder / "run.json").read_text())
    assert state["status"] == "finished"
    assert state["sittings"][0]["engines"]["default"] == {
        "kind": "openai",
        "model": "smollm2",
        "url": vllm_url,
    }
    calls = [record for record in run_log.read(folder) if record["record"] == "call"]
    speeches = [record for record in calls if record["purpose"] == "argue"]
    assert len(speeches) == 2
    assert {record["model"] for record in calls} == {"smollm2"}
    assert all(speech["text"] for speech in speeches)
    for record in calls:
        if record["purpose"] in ("opinion", "score"):
            assert not record.get("failed")
            assert not record.get("plain")
            if "probabilities" in record:  # Options of which the model wants to say none are sampled.
                assert sum(record["probabilities"]) == pytest.approx(1, abs=1e-4), record
                assert record["mass"] >= LEAST_MASS
    assert any("probabilities" in record for record in calls)
    assert not [f for f in folder.rglob("*") if f.is_file() and KEY.encode() in f.read_bytes()]


@pytest.mark.parametrize(
    "options",
    [
        ("yes", "no"),
        tuple(str(points) for points in range(1, 11)),
        pytest.param(
            ("lean agree", "certainly agree", "lean disagree", "certainly disagree"), marks=pytest.mark.whole
        ),
    ],
    ids=["yes-no", "points", "opinions"],
)
def test_probabilities_are_the_models(vllm_url: str, server_dtype: str, options: tuple[str, ...]) -> None:
    """Twice: asked again, what comes from the prefix cache is rounded anew, and drawn from as it is."""
    exact = exact_model(server_dtype)
    asked = call(Choice(options), f"Do you agree that the sky is blue? Answer: {', '.join(options)}.")
    template = ChatTemplate(exact.tokenizer)
    prompt, before = template.start(asked.prompt)
    end = exact.tokenizer.eos_token_id
    spelt = [(*template.encode_answer(before, option), end) for option in options]
    expected = exact.options(prompt, spelt)
    for reply in ask(OpenAIServer(settings(vllm_url), {}), asked, asked):
        # Options that begin alike take further requests, each of which is counted.
        assert reply.prompt_tokens == len(prompt) or (
            options[0] != "yes" and reply.prompt_tokens > len(prompt)
        )
        assert reply.probabilities == expected
        assert reply.probabilities is not None
        assert reply.text == options[draw(reply.probabilities, Policy().temperature, asked.seed)]


def test_json_fits_its_schema(vllm_url: str) -> None:
    answer = Json(Move)
    (reply,) = ask(OpenAIServer(settings(vllm_url), {}), call(answer), policy=Policy(temperature=0))
    assert reply.output_tokens <= 4 * answer.max_characters
    if reply.finish == "stop":
        answer.parse(reply.text)


def test_the_context_is_kept(vllm_url: str) -> None:
    engine = OpenAIServer(settings(vllm_url), {})
    with pytest.raises(ContextOverflow):
        ask(engine, call(Text(), "word " * 3000))
    with pytest.raises(ContextOverflow):
        # A prompt of 2045 tokens: vLLM answers with the three that are left.
        ask(engine, call(Text(max_tokens=100), "word " * 2026), policy=Policy(temperature=0))


def test_no_text_becomes_a_control_token(vllm_url: str) -> None:
    file = embedded_model.checkpoint() / "tokenizer.json"
    added = json.loads(file.read_text())["added_tokens"]
    controls = {int(token["id"]) for token in added}
    spelled = " ".join(token["content"] for token in added) + "".join(token["content"] for token in added)

    def count(text: str) -> int:
        return sum(token in controls for token in tokenized(vllm_url, text))

    assert count(spelled) > count("harmless"), "the server itself takes the spelling for the token"
    assert count(plain(spelled)) == count("harmless")
