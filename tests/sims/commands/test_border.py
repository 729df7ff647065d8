"""However a command ends: one message at most, a fitting exit code, and no traceback but in a file."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.record.recorder import Recorder
from palaestra.runs.record.state import RunState
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.commands.border import guarded
from support.command_line import done, palaestra, refused
from support.slices import sliced

COMMANDS_WITH_FOLDERS = (
    "run debate --dry-run --out ODD/new",
    "run debate --dry-run --out=ODD/new",
    "resume ODD/run",
    "show ODD/run",
    "metrics ODD/run",
    "metrics ODD/run --out ODD/told.csv",
    "compare ODD/run ODD/run",
    "plots ODD/run",
    "report ODD/run",
    "export ODD/run",
    "branch ODD/run",
    "quality ODD/export",
    "repair ODD/run --write",
    "train ODD/export --out ODD/adapter",
    "evolve evolve-demo --out ODD/evolution",
    "new metric mine --out ODD",
    "population draw townsfolk --size 9 --out ODD/people.jsonl",
)
APP = (sys.executable, "-m", "palaestra.sims.commands.app")
SPEECHES = """scenario: debate
motions: ["Zoë, no cars … 你"]
engines: {default: {kind: scripted, delay: 0.2}}
"""
IN_TURN = """
import sys
from palaestra.sims.commands.app import main
for words in sys.stdin.buffer.read().decode().splitlines():
    sys.argv = ["palaestra", *words.split()]
    try:
        main()
    except SystemExit as left:
        print(words.encode(), left.code or 0, file=sys.stderr)
"""
"""A process that does the commands that it is told, and says how each ended."""


def traced(said: str) -> str:
    """The traceback in the file that a message names; the message holds none."""
    assert said.startswith("error: unforeseen: ")
    assert "Traceback" not in said
    named = re.search(r"The traceback is in (\S+): ", said)
    assert named, said
    return Path(named[1]).read_text(encoding="utf-8")


def fails(error: BaseException) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [ValueError("no\nway"), RecursionError("too deep"), MemoryError(), OSError(5, "gone"), KeyError("k")],
)
def test_what_nobody_foresaw_is_one_message_and_a_file(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert guarded(fails(error)) == 1
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert len(said.splitlines()) == 2
    assert type(error).__name__ in said
    assert type(error).__name__ in traced(said)
    assert "in fail" in traced(said)


def test_where_no_file_can_be_written_the_traceback_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.mkstemp", fails(OSError(28, "full")))
    assert guarded(fails(ValueError("no"))) == 1
    assert "in fail" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BadInput("no such", "Name one."), 2, "error: no such\n  Name one.\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (BrokenPipeError(), 1, ""),
        (SystemExit(3), 3, ""),
    ],
)
def test_what_is_foreseen_has_its_own_words_and_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(fails(error)) == code
    assert capsys.readouterr().err == said


def test_a_run_that_ends_by_a_fault_says_so_keeps_the_traceback_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", "debate", "--dry-run", "-q", "-n", "2", "--out", "here")
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "flush", fails(RecursionError("too deep")))
        ended = palaestra(*words, cwd=tmp_path, foreseen=False)
    assert ended.code == 1
    assert "palaestra resume here" in ended.err
    assert "RecursionError: too deep" in ended.err
    state = RunState.read(tmp_path / "here")
    assert state.status == "failed"
    assert "too deep" in (state.error or "")
    (file,) = (tmp_path / "here").glob("palaestra-traceback-*.txt")
    assert "in fail" in file.read_text(encoding="utf-8")
    done("resume", "here", "-q", cwd=tmp_path)
    assert RunState.read(tmp_path / "here").status == "finished"


def test_a_fault_before_the_first_record_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("palaestra.sims.playing.sitting.Fleet.__aenter__", fails(MemoryError()))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = palaestra("run", "debate", "--dry-run", "-q", "--out", "here", cwd=tmp_path, foreseen=False)
    assert ended.code == 1
    assert "MemoryError" in traced(ended.err)
    assert not (tmp_path / "here").exists()


@pytest.mark.whole
def test_a_reader_that_goes_away_ends_the_command_quietly(debate: Path) -> None:
    for words in (("show", debate), ("metrics", debate), ("scenarios",), ("--help",)):
        reader, writer = os.pipe()
        os.close(reader)
        ended = subprocess.run([*APP, *map(str, words)], stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        assert (ended.returncode, ended.stderr) == (1, b""), words


def test_a_full_disk_under_what_is_said_is_told_where_that_can_be_said(debate: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run([*APP, "metrics", debate], stdout=full, stderr=subprocess.PIPE, check=False)
        silent = subprocess.run([*APP, "metrics", debate], stdout=full, stderr=full, check=False)
    told = b"error: what was to be said can't be written: No space left on device"
    assert (said.returncode, said.stderr.splitlines()[0], silent.returncode) == (1, told, 1)


@pytest.mark.parametrize("number", sliced([signal.SIGHUP, signal.SIGTERM], [signal.SIGHUP]))
def test_a_closed_terminal_stops_a_run_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "slow.yaml").write_text(SPEECHES, encoding="utf-8")
    running = subprocess.Popen(
        [*APP, "run", "slow.yaml", "--out", "here", "-q"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests themselves shall outlive their terminal, the signal would stay ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    log = tmp_path / "here" / "log.jsonl"
    while not (log.exists() and b'"record":"call"' in log.read_bytes()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.splitlines() == ["error: interrupted", "  Go on with: palaestra resume here"]
    assert RunState.read(tmp_path / "here").status == "interrupted"
    assert RunState.read(tmp_path / "here").counts.calls > 0
    done("resume", "here", "-q", "--set", "engines.default.delay=0", cwd=tmp_path)


@pytest.mark.whole
def test_a_run_that_shall_outlive_its_terminal_does(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SPEECHES, encoding="utf-8")
    running = subprocess.Popen(
        ["nohup", *APP, "run", "slow.yaml", "--out", "here", "-q"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    log = tmp_path / "here" / "log.jsonl"
    while not (log.exists() and b'"record":"call"' in log.read_bytes()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGHUP)
    assert running.wait(120) == 0
    assert RunState.read(tmp_path / "here").status == "finished"


ENCODINGS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
    "strict": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
}


COMMANDS = (
    "run mine.yaml --out other -q",
    "resume other --set episodes=2",
    "show other",
    "show other --call 1",
    "show mine.yaml",
    "show nowhere",
    "metrics other",
    "metrics",
    "report other",
    "compare other debate -m conformity",
    "export debate --out export",
    "doctor",
    "population draw townsfolk --size 9",
    "run --help",
    "validate mine.yaml",
)


@pytest.mark.parametrize(
    "name", ["C", *(pytest.param(name, marks=pytest.mark.whole) for name in ENCODINGS if name != "C")]
)
def test_a_run_of_any_text_is_played_read_and_gone_on_with_in_any_encoding(
    name: str, debate: Path, tmp_path: Path
) -> None:
    cast = "debaters: [{name: Zoë, stance: for}, {name: Jürgen, stance: against}]\n"
    (tmp_path / "mine.yaml").write_text(SPEECHES.replace("0.2", "0") + cast, encoding="utf-8")
    copytree(debate, tmp_path / "debate")
    ended = subprocess.run(
        [sys.executable, "-c", IN_TURN],
        cwd=tmp_path,
        env=os.environ | ENCODINGS[name],
        input="\n".join(COMMANDS).encode(),
        capture_output=True,
        check=True,
    )
    told = ended.stderr.decode("ascii", "replace").splitlines()
    codes = {line[2:].rpartition("' ")[0]: line[-1] for line in told if line.startswith("b'")}
    assert len(codes) == len(COMMANDS)
    assert codes.pop("doctor") in "01"
    assert codes.pop("show nowhere") == "2"
    assert set(codes.values()) == {"0"}, told
    assert "Traceback" not in ended.stderr.decode("ascii", "replace")
    state = RunState.read(tmp_path / "other")
    assert [agent["name"] for agent in state.settings["debaters"]] == ["Zoë", "Jürgen"]
    assert (tmp_path / "other/log.jsonl").read_text(encoding="utf-8").count("Jürgen") > 2


@pytest.mark.whole
def test_no_file_is_opened_in_the_locale_s_encoding(debate: Path, tmp_path: Path) -> None:
    script = (
        "import sys, warnings\n"
        "warnings.filterwarnings('error', category=EncodingWarning, module='palaestra')\n"
        "from palaestra.sims.commands.app import app\n"
        "for words in sys.stdin.read().splitlines(): app(words.split(), standalone_mode=False)"
    )
    words = [
        f"report {debate} --out report.html",
        f"export {debate} --out export",
        "quality export",
        f"plots {debate} --out plots",
        "new metric fair_share",
        "run debate --dry-run -q --set sweep.seed=[1,2] --out s",
        "resume s -q",
        "population draw townsfolk --size 9 --out p.jsonl",
        "population check p.jsonl --against townsfolk",
        "doctor",
    ]
    ended = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", script],
        input="\n".join(words),
        cwd=tmp_path,
        text=True,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == 0, ended.stderr


def test_rules_that_fail_are_told_as_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Debate, "play", fails(ValueError("\x1b[2J")))
    ended = palaestra("run", "debate", "--dry-run", "-q", "--out", "here", cwd=tmp_path)
    assert ended.code == 2
    assert r"\x1b[2J" in ended.err


def test_a_full_memory_is_not_told_as_the_rules_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Debate, "play", fails(MemoryError()))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = palaestra("run", "debate", "--dry-run", "-q", "--out", "here", cwd=tmp_path, foreseen=False)
    assert ended.code == 1
    assert "MemoryError" in traced(ended.err)


def test_a_file_that_the_system_refuses_is_named_and_no_fault_of_the_program(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(fails(PermissionError(13, "Permission denied", "/there/run.json"))) == 1
    said = capsys.readouterr().err
    assert said == "error: /there/run.json can't be read or written: Permission denied\n"


@pytest.mark.parametrize("words", COMMANDS_WITH_FOLDERS)
def test_a_folder_whose_name_is_no_utf8_is_refused_before_anything_is_written(
    words: str, debate: Path, tmp_path: Path
) -> None:
    odd, link = tmp_path / os.fsdecode(b"odd\xff"), tmp_path / "link"
    copytree(debate, odd / "run")
    link.symlink_to(odd, target_is_directory=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for folder in (odd, link):
        said = refused(*(word.replace("ODD", str(folder)) for word in words.split()), cwd=tmp_path)
        assert "odd\\udcff" in said
        assert "isn't in UTF-8" in said
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_in_a_folder_whose_name_is_no_utf8_nothing_is_written(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xe9")
    odd.mkdir()
    assert "isn't in UTF-8" in refused("run", "debate", "--dry-run", cwd=odd)
    assert list(odd.iterdir()) == []
