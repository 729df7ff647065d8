"""No sweep, evolution or folder of a stranger sends a key elsewhere: who goes on with one allows it again."""

from __future__ import annotations

import json
from pathlib import Path

from support.chat_server import FakeServer
from support.command_line import done, palaestra, refused
from support.openai_calls import KEY
from support.strangers_file import EVIL, MORE, assert_kept, write

DUEL = """\
scenario: duel
policies: {default: {engine: other}, ann: {engine: other}, bo: {engine: other}, cem: {engine: other}}
fighters: [{name: Ann, policy: ann}, {name: Bo, policy: bo}, {name: Cem, policy: cem}]
instructions: [Say something.]
held_out: [Say more.]
check: {most_words: 7}
weights: uniform
engines:
  other: {kind: openai, model: smollm2, url: "URL", key_variable: VARIABLE}
"""


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
