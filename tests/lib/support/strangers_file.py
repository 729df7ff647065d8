"""A file whose engine is a stranger's server, and what is left as it was where a command is refused."""

from __future__ import annotations

from pathlib import Path

from support.chat_server import FakeServer
from support.command_line import refused
from support.openai_calls import KEY

EVIL = "evil.example"
MORE = ("--set", "episodes=2")
"""Words that let a finished run go on."""
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
