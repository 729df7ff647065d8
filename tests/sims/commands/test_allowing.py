"""A key reaches no host but its own, whatever a file or a folder says, unless somebody allows it as typed.

Every name leads to one server of the test, as a stranger's name leads to a stranger's.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import palaestra as library
from palaestra.agents.failures import BadInput
from palaestra.runs.record.state import RunState
from support.chat_server import FakeServer, completion
from support.command_line import done, palaestra, refused
from support.openai_calls import KEY

VARIABLES = ["OPENAI_API_KEY", "GITHUB_TOKEN"]
EVIL = "evil.example"
FILE = """\
scenario: debate
motions: [Cities should plant more trees.]
debaters: [{name: Ann, stance: for}, {name: Bo, stance: against}]
rounds: 1
opinions: false
judges: [{name: Kim}]
rubric: {clarity: the point is plain.}
policies: {default: {engine: other}}
engines:
  other: {kind: openai, model: smollm2, url: "URL", key_variable: VARIABLE}
"""
DUEL = """\
scenario: duel
policies: {default: {engine: other}, ann: {engine: other}, bo: {engine: other}, cem: {engine: other}}
fighters: [{name: Ann, policy: ann}, {name: Bo, policy: bo}, {name: Cem, policy: cem}]
instructions: [Say something.]
held_out: [Say more.]
check: {most_words: 7}
engines:
  other: {kind: openai, model: smollm2, url: "URL", key_variable: VARIABLE}
"""


def answer(request: dict[str, Any]) -> tuple[int, Any]:
    offered = request.get("structured_outputs")
    return completion(offered["choice"][0] if offered else "Hello.")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    fake = FakeServer()
    fake.respond = answer
    look_up = socket.getaddrinfo

    def here(_host: object, *rest: Any, **named: Any) -> Any:
        return look_up("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    for variable in VARIABLES:
        monkeypatch.setenv(variable, f"{KEY}-{variable}")
    yield fake
    fake.stop()


@pytest.fixture(params=VARIABLES)
def variable(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(server: FakeServer) -> str:
    """A stranger's address."""
    return f"http://{EVIL}:{server.port}/v1"


def write(folder: Path, url: str, variable: str, text: str = FILE, more: str = "") -> Path:
    path = folder / "file.yaml"
    path.write_text(text.replace("URL", url).replace("VARIABLE", variable) + more)
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_kept(server: FakeServer, folder: Path, variable: str, *words: str | Path) -> None:
    """The command is refused with the pair and the remedy; nothing was written, and nobody was asked."""
    before = everything(folder)
    said = refused(*words, cwd=folder)
    assert f"the key in {variable}" in said
    assert f"to {EVIL}" in said
    assert f"--allow-key {variable}={EVIL}" in said
    assert KEY not in said
    assert server.headers == []
    assert everything(folder) == before


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


def stopped(server: FakeServer, url: str, variable: str, folder: Path) -> Path:
    """A stranger's run that isn't over: played here in part, and its address changed to his."""
    write(folder, server.url, variable)
    done("run", "file.yaml", "-q", "--out", "run", cwd=folder)
    point_to(folder / "run" / "run.json", server.url, url)
    server.headers.clear()
    return folder / "run"


def point_to(file: Path, own: str, other: str) -> None:
    assert own in file.read_text()
    file.write_text(file.read_text().replace(own, other))


MORE = ("--set", "episodes=2")


def test_a_folder_that_is_resumed_sends_no_key_elsewhere(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    run = stopped(server, url, variable, tmp_path)
    assert_kept(server, tmp_path, variable, "resume", run, *MORE)
    told = json.loads((run / "run.json").read_text())
    told |= {
        "allowed": {"keys": [[variable, EVIL]], "remote_code": True},
        "allow_key": [f"{variable}={EVIL}"],
    }
    (run / "run.json").write_text(json.dumps(told))
    assert_kept(server, tmp_path, variable, "resume", run, *MORE)
    done("resume", run, "-q", *MORE, "--allow-key", f"{variable}={EVIL}", cwd=tmp_path)
    assert set(server.keys) == {f"Bearer {KEY}-{variable}"}


def test_what_was_allowed_once_is_not_allowed_for_ever(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    write(tmp_path, url, variable)
    done("run", "file.yaml", "-q", "--out", "run", "--allow-key", f"{variable}={EVIL}", cwd=tmp_path)
    server.headers.clear()
    assert_kept(server, tmp_path, variable, "resume", "run", *MORE)


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


def test_a_sweep_sends_no_key_elsewhere(server: FakeServer, url: str, variable: str, tmp_path: Path) -> None:
    sweep = f'sweep: {{engines.other.url: ["{server.url}", "{url}"]}}\n'
    write(tmp_path, server.url, variable, more=sweep)
    assert_kept(server, tmp_path, variable, "run", "file.yaml")
    assert_kept(server, tmp_path, variable, "run", "file.yaml", "--estimate")
    assert_kept(server, tmp_path, variable, "validate", "file.yaml")
    write(tmp_path, server.url, variable, more="sweep: {rounds: [1, 2]}\n")
    done("run", "file.yaml", "-q", "--out", "sweep", cwd=tmp_path)
    server.headers.clear()
    last = tmp_path / "sweep" / "1-rounds=2"
    point_to(last / "run.json", server.url, url)
    assert_kept(server, tmp_path, variable, "resume", "sweep")
    for file in last.iterdir():
        if file.is_file():
            file.unlink()
    (tmp_path / "sweep" / "0-rounds=1" / "run.json").unlink()
    state = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
    state["points"][1]["scenario"]["engines"]["other"]["url"] = url
    (tmp_path / "sweep" / "sweep.json").write_text(json.dumps(state))
    assert_kept(server, tmp_path, variable, "resume", "sweep")


def test_a_sweeps_folder_says_where_its_file_was_but_no_text_is_read_there(tmp_path: Path) -> None:
    done(
        "run",
        "council",
        "--dry-run",
        "-q",
        "--set",
        "sweep={seed: [1, 2]}",
        "--out",
        "s",
        cwd=tmp_path,
    )
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("Dear diary.")
    for run in (tmp_path / "s").glob("*/*.json*"):
        run.unlink()
    state = json.loads((tmp_path / "s" / "sweep.json").read_text())
    state["file"] = str(tmp_path / "home" / "file.yaml")
    for point in state["points"]:
        point["scenario"]["charter"] = "diary.txt"
    (tmp_path / "s" / "sweep.json").write_text(json.dumps(state))
    assert f"there is no file {tmp_path / 's' / 'diary.txt'}" in refused(
        "resume", tmp_path / "s", cwd=tmp_path
    )


def test_the_folder_of_a_point_lies_in_its_sweep(server: FakeServer, tmp_path: Path) -> None:
    write(tmp_path, server.url, "GITHUB_TOKEN", more="sweep: {rounds: [1, 2]}\n")
    done("run", "file.yaml", "-q", "--dry-run", "--out", "sweep", cwd=tmp_path)
    for folder in ("../elsewhere", str(tmp_path / "elsewhere"), "..", "0-a/../../b"):
        state = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
        state["points"][0]["folder"] = folder
        (tmp_path / "sweep" / "sweep.json").write_text(json.dumps(state))
        for command in ("resume", "report", "compare"):
            ended = palaestra(command, "sweep", cwd=tmp_path)
            assert ended.code == 1
            assert "sweep.json is damaged: `points.0.folder`" in ended.err


def test_a_branch_sends_no_key_elsewhere(server: FakeServer, url: str, variable: str, tmp_path: Path) -> None:
    done("run", "used-car", "--dry-run", "-q", "--out", "run", cwd=tmp_path)
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    engine = {"kind": "openai", "model": "smollm2", "url": url, "key_variable": variable}
    told["scenario"]["engines"] = dict.fromkeys(told["scenario"]["engines"], engine)
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    assert_kept(server, tmp_path, variable, "branch", "run", "--most", "1")
    done(
        "branch", "run", "--most", "1", "-q", "--out", "b", "--allow-key", f"{variable}={EVIL}", cwd=tmp_path
    )
    assert set(server.keys) == {f"Bearer {KEY}-{variable}"}


def test_an_evolution_sends_no_key_elsewhere(
    server: FakeServer, url: str, variable: str, tmp_path: Path
) -> None:
    write(tmp_path, url, variable, DUEL)
    assert_kept(server, tmp_path, variable, "evolve", "file.yaml", "--by", "truth")
    allowed = ("--allow-key", f"{variable}={EVIL}")
    ended = palaestra(
        "evolve", "file.yaml", "--by", "truth", "-q", "--out", "evolution", *allowed, cwd=tmp_path
    )
    assert ended.code == 0, ended.err  # all answers are right, so there is nothing to train on
    assert set(server.keys) == {f"Bearer {KEY}-{variable}"}
    server.headers.clear()
    assert_kept(server, tmp_path, variable, "evolve", "evolution")


def test_a_tribe_writes_adapters_into_its_own_folder(tmp_path: Path) -> None:
    text = DUEL.replace("ann: {engine", "../../../ann: {engine").replace(
        "policy: ann", "policy: ../../../ann"
    )
    write(tmp_path, "http://127.0.0.1:9/v1", "GITHUB_TOKEN", text)
    said = refused("evolve", "file.yaml", "--by", "truth", cwd=tmp_path)
    assert "the policy '../../../ann' can't name the folder of its adapters" in said


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


def test_what_a_command_adds_to_a_strangers_run_stays_in_it(tmp_path: Path) -> None:
    done("run", "debate", "--dry-run", "-q", "--out", "run", cwd=tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    (home / "opinions.png").write_text("precious")
    for name, words in (("plots", ("plots", "run")), ("exports", ("export", "run", "--to", "sft"))):
        (tmp_path / "run" / name).symlink_to(home)
        ended = palaestra(*words, cwd=tmp_path)
        assert (ended.code, f"{name} can't be written: it is a link" in ended.err) == (1, True)
    (tmp_path / "run" / "plots").unlink()
    (tmp_path / "run" / "plots").mkdir()
    (tmp_path / "run" / "plots" / "opinions.png").symlink_to(home / "opinions.png")
    ended = palaestra("plots", "run", "--only", "opinions", "--as", "png", cwd=tmp_path)
    assert (ended.code, "it is a link" in ended.err) == (1, True)
    assert [(path.name, path.read_text()) for path in home.iterdir()] == [("opinions.png", "precious")]
