"""A key reaches no host but its own, whatever a file says, unless somebody allows it as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import palaestra as library
from palaestra.agents.failures import BadInput
from palaestra.runs.record.state import RunState
from support.chat_server import FakeServer
from support.command_line import done, palaestra, refused
from support.openai_calls import KEY
from support.strangers_file import EVIL, MORE, assert_kept, everything, write


@pytest.mark.parametrize(
    "command",
    [
        ("run", "file.yaml"),
        ("run", "file.yaml", "--out", "run"),
        ("run", "file.yaml", "--estimate"),
        ("validate", "file.yaml"),
        ("run", "file.yaml", "--allow-remote-code"),
        ("run", "file.yaml", "--allow-key", f"OTHER={EVIL}"),
        (
            "run",
            "file.yaml",
            "--allow-key",
            "OPENAI_API_KEY=good.example",
            "--allow-key",
            "GITHUB_TOKEN=x.example",
        ),
    ],
    ids=" ".join,
)
def test_a_file_sends_no_key_elsewhere(
    server: FakeServer, url: str, variable: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    write(tmp_path, url, variable)
    assert_kept(server, tmp_path, variable, *command)


def test_an_override_sends_no_key_elsewhere(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    write(tmp_path, server.url, variable)
    assert_kept(server, tmp_path, variable, "run", "file.yaml", "--set", f"engines.other.url={url}")


def test_whoever_allows_it_sends_the_key(server: FakeServer, url: str, variable: str, tmp_path: Path) -> None:
    write(tmp_path, url, variable)
    done("run", "file.yaml", "-q", "--out", "run", "--allow-key", f"{variable}={EVIL}", cwd=tmp_path)
    assert set(server.keys) == {f"Bearer {KEY}-{variable}"}
    assert {headers["Host"] for headers in server.headers} == {f"{EVIL}:{server.port}"}
    assert KEY not in "".join(content.decode(errors="replace") for content in everything(tmp_path).values())


@pytest.mark.parametrize("place", ["file", "environment"])
def test_neither_a_file_nor_the_environment_allows_anything(
    server: FakeServer, url: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    pair = f"{variable}={EVIL}"
    if place == "environment":
        for name in ("ALLOW_KEY", "PALAESTRA_ALLOW_KEY", "PALAESTRA_RUN_ALLOW_KEY"):
            monkeypatch.setenv(name, pair)
        write(tmp_path, url, variable)
        assert_kept(server, tmp_path, variable, "run", "file.yaml")
    else:
        for field in ("allow_key", "allowed", "allow"):
            write(tmp_path, url, variable, more=f"{field}: ['{pair}']\n")
            assert f"unknown field `{field}`" in refused("run", "file.yaml", cwd=tmp_path)
        write(tmp_path, url, variable)
        said = refused("run", "file.yaml", "--set", f"engines.other.allow_key={pair}", cwd=tmp_path)
        assert "unknown field `allow_key`" in said
        assert server.headers == []


def test_a_redirect_takes_no_key_along(server: FakeServer, variable: str, tmp_path: Path) -> None:
    other = FakeServer()
    try:
        write(tmp_path, server.url, variable)
        server.models, server.moved_to = (307, {}), f"http://{EVIL}:{other.port}/v1/models"
        ended = palaestra("run", "file.yaml", "-q", "--out", "run", cwd=tmp_path)
        assert ended.code == 1
        assert "sends on to another address (status 307)" in ended.err
        server.models = 404, {}
        server.respond = lambda _request: (308, {})
        assert palaestra("run", "file.yaml", "-q", "--out", "run", cwd=tmp_path).code == 1
        assert len(server.requests) > 0
        assert other.headers == []
        assert KEY not in ended.err
    finally:
        other.stop()


def test_a_key_is_sent_to_its_own_host_through_the_users_proxy(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
    write(tmp_path, "https://API.openai.com./v1", "OPENAI_API_KEY")
    ended = palaestra("run", "file.yaml", "-q", "--out", "run", cwd=tmp_path)
    assert (ended.code, server.tunnels) == (1, ["api.openai.com.:443"])
    assert server.keys == [""], "the proxy is asked for a tunnel, and sees no key"


def test_a_dry_run_needs_nothing_allowed(server: FakeServer, url: str, variable: str, tmp_path: Path) -> None:
    write(tmp_path, url, variable)
    done("run", "file.yaml", "-q", "--dry-run", "--out", "run", cwd=tmp_path)
    done("run", "file.yaml", "-q", "--dry-run", "--estimate", cwd=tmp_path)
    assert server.headers == []


def test_an_engine_that_nobody_uses_needs_nothing_allowed(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    unused = f"  unused: {{kind: openai, model: m, url: '{url}', key_variable: {variable}}}\n"
    write(tmp_path, server.url, variable, more=unused)
    done("validate", "file.yaml", cwd=tmp_path)


def test_a_server_that_needs_no_key_needs_nothing_allowed(
    server: FakeServer, url: str, tmp_path: Path
) -> None:
    write(tmp_path, url, "null")
    done("run", "file.yaml", "-q", "--out", "run", cwd=tmp_path)
    assert set(server.keys) == {"Bearer none"}


@pytest.mark.parametrize(
    "address", ["http://me:s3cret@{host}", "http://me:s3/cr@et@{host}", "http://s3cret@{host}"]
)
def test_a_password_in_an_address_is_told_nowhere(server: FakeServer, tmp_path: Path, address: str) -> None:
    given = address.format(host=f"127.0.0.1:{server.port}/v1")
    write(tmp_path, given, "null")
    for command in (("run", "file.yaml"), ("validate", "file.yaml")):
        said = refused(*command, cwd=tmp_path)
        assert "no names or passwords in an address" in said
        assert "s3" not in said
    write(tmp_path, server.url, "null")
    assert "s3" not in refused("run", "file.yaml", "--set", f"engines.other.url={given}", cwd=tmp_path)
    write(tmp_path, server.url, "null", more=f'sweep: {{engines.other.url: ["{given}"]}}\n')
    assert "s3" not in refused("run", "file.yaml", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]
    assert server.headers == []


REMOTE = """\
scenario: debate
motions: [Cities should plant more trees.]
debaters: [{name: Ann, stance: for}, {name: Bo, stance: against}]
engines:
  default: {kind: vllm, model: ./model, options: OPTIONS}
"""


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("{trust_remote_code: true}", "options.trust_remote_code` runs the Python code"),
        ("{trust_remote_code: 1, max_num_seqs: 8}", "options.trust_remote_code` runs the Python code"),
        ("{hf_overrides: {trust_remote_code: true}}", "options.hf_overrides` changes"),
        ("{worker_cls: my.module.Worker}", "options.worker_cls` names code to import"),
        ("{load_format: my_plugin}", "options.load_format` isn't known"),
        ("{download_dir: /home}", "options.download_dir` names a folder to write into"),
    ],
)
def test_remote_code_is_a_persons_to_allow(tmp_path: Path, options: str, named: str) -> None:
    (tmp_path / "file.yaml").write_text(REMOTE.replace("OPTIONS", options))
    for command in (("run", "file.yaml"), ("validate", "file.yaml"), ("run", "file.yaml", "--estimate")):
        said = refused(*command, cwd=tmp_path)
        assert named in said
        assert "--allow-remote-code" in said
    assert "--allow-remote-code" in refused("run", "file.yaml", "--allow-key", "A=b.example", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file.yaml"]
    done("validate", "file.yaml", "--allow-remote-code", cwd=tmp_path)
    done("run", "file.yaml", "-q", "--dry-run", "--out", "run", cwd=tmp_path)
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    told["scenario"]["engines"]["default"] = {"kind": "vllm", "options": {"trust_remote_code": True}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    assert "options.trust_remote_code" in refused("resume", "run", *MORE, cwd=tmp_path)
    (tmp_path / "file.yaml").write_text(
        REMOTE.replace("OPTIONS", "{max_num_seqs: 8, load_format: safetensors}")
    )
    done("validate", "file.yaml", cwd=tmp_path)


def test_from_python_an_argument_allows_it(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    path = write(tmp_path, url, variable)
    with pytest.raises(BadInput, match=f"--allow-key {variable}={EVIL}"):
        library.play(path, out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()
    allowed = library.Allowed(keys=frozenset({(variable, EVIL)}))
    library.play(path, out=tmp_path / "run", quiet=True, allowed=allowed)
    seen = len(server.headers)
    with pytest.raises(BadInput, match=f"--allow-key {variable}={EVIL}"):
        library.resume(tmp_path / "run", ["episodes=2"], quiet=True)
    assert len(server.headers) == seen
    library.resume(tmp_path / "run", ["episodes=2"], quiet=True, allowed=allowed)
    assert RunState.read(tmp_path / "run").status == "finished"
    assert set(server.keys) == {f"Bearer {KEY}-{variable}"}
