"""An engine of another package: one file is enough, and its faults are told as its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from palaestra.agents.engine import ENGINES
from palaestra.agents.failures import EngineUnavailable, ExtensionFault
from palaestra.agents.policy import Policy
from palaestra.sims.engines.fleet import Fleet
from support.packages import installed, palaestra_with, register
from support.scripted_debates import call

ECHO = """\
from typing import Literal
from pydantic import Field
from palaestra.agents.engine import EngineKind, EngineSettings
from palaestra.agents.failures import EngineUnavailable
from palaestra.agents.scripted import scripted_reply

class EchoEngine(EngineSettings):
    kind: Literal["echo"] = "echo"
    loudness: int = Field(1, ge=1, le=9, description="How loud, 1–9.")

class Echo:
    def __init__(self, settings, policies):
        self.loudness = settings.loudness

    async def start(self):
        if self.loudness == 9:
            raise EngineUnavailable("too loud", "Take 8.")
        if self.loudness == 8:
            raise IndexError("no such loudness")

    async def answer(self, call, policy, seed, attempt):
        if self.loudness == 7 and call.index == 5:
            raise KeyError("volume")
        return "loud" if self.loudness == 6 else scripted_reply(call, attempt=attempt)

    async def close(self):
        pass

    def identity(self):
        return {"kind": "echo", "model": str(1 / (5 - self.loudness))}

ENGINE = EngineKind(EchoEngine, Echo)
"""
FILE = """\
scenario: debate
motions: [No private cars.]
rounds: 1
engines:
  default: {kind: echo, loudness: 7}
"""
WRONG = (
    FILE
    + """\
  second: {kind: ecko}
  third: {kind: echo, loudnes: 2}
  fourth: {kind: echo, loudness: 12}
"""
)


def line(of: str) -> int:
    """The number of the line of the engine's module that holds `of`."""
    return ECHO[: ECHO.index(of)].count("\n") + 1


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages, the engine's among them."""
    register(tmp_path / "site", "echo", engines={"echo": "echo:ENGINE"}).write_text(ECHO, encoding="utf-8")
    return tmp_path / "site"


def test_it_plays_and_a_run_that_it_fails_in_names_it_and_goes_on(site: Path, tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(FILE)
    failed = palaestra_with(site, "run", "file.yaml", "-q", "--out", "run", cwd=tmp_path)
    assert failed.returncode == 2
    where = f"{site / 'echo.py'}:{line('KeyError')} in call 5 ('argue')"
    remedies = "Mend it there, or: pip uninstall echo.\n  Go on with: palaestra resume run\n"
    said = f"error: the engine 'echo' (echo:ENGINE) failed at {where}: KeyError: 'volume'\n  {remedies}"
    assert failed.stderr == said
    resumed = palaestra_with(site, "resume", "run", "-q", "--set", "engines.default.loudness=4", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    assert state["status"] == "finished"
    declared = {"kind": "echo", "context": None, "max_restarts": 3, "loudness": 4}
    assert declared.items() <= state["scenario"]["engines"]["default"].items()
    assert state["sittings"][-1]["engines"]["default"] == {"kind": "echo", "model": "1.0"}


def test_its_settings_are_in_every_schema_and_told_with_their_place_where_they_are_wrong(
    site: Path, tmp_path: Path
) -> None:
    schema = json.loads(palaestra_with(site, "schema", "debate", cwd=tmp_path).stdout)
    kinds = schema["properties"]["engines"]["additionalProperties"]["oneOf"]
    [loudness] = [kind["properties"]["loudness"] for kind in kinds if "loudness" in kind["properties"]]
    assert loudness["description"] == "How loud, 1–9."
    (tmp_path / "file.yaml").write_text(WRONG)
    refused = palaestra_with(site, "validate", "file.yaml", cwd=tmp_path)
    assert refused.returncode == 2
    assert "file.yaml:6:12: there is no kind 'ecko'; did you mean 'echo'?" in refused.stderr
    assert "file.yaml:7:23: unknown field `loudnes`; did you mean `loudness`?" in refused.stderr
    assert "file.yaml:8:24: `engines.fourth.loudness`: input should be less than or equal" in refused.stderr


@pytest.fixture
def here(site: Path) -> Iterator[Path]:
    """The engine is installed in this process; its module."""
    with installed(site, ENGINES):
        yield site / "echo.py"


def asked(loudness: int) -> None:
    async def ask() -> None:
        settings = {"default": ENGINES["echo"].settings(kind="echo", **{"loudness": loudness})}
        async with Fleet(settings, {"default": Policy()}, 0) as fleet:
            fleet.identities()
            await fleet.ask(call())

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("loudness", "said"),
    [
        (8, f"echo.py:{line('IndexError')} in start: IndexError: no such loudness"),
        (6, "failed in call 0 ('argue'): TypeError: it answered 'loud', which is no Reply"),
        (5, f"echo.py:{line('1 / (5')} in identity: ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_it_raises_unforeseen_is_its_fault(here: Path, loudness: int, said: str) -> None:
    with pytest.raises(ExtensionFault) as fault:
        asked(loudness)
    assert said in str(fault.value)


def test_what_it_foresees_is_told_in_its_own_words(here: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"^too loud\n  Take 8\.$"):
        asked(9)


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (
            'Literal["echo"] = "echo"',
            'Literal["eco"] = "eco"',
            "registered as 'echo', but its `kind` is 'eco'",
        ),
        ("async def close", "async def shut", "Echo is no Engine: it needs start, answer, close, identity"),
        ("ENGINE = EngineKind(", "ENGINE = (", "no EngineKind"),
        ("class Echo:", "class Echo", "echo.py:11: SyntaxError: expected ':'"),
        ('kind: Literal["echo"] = "echo"', "pass", "EchoEngine has no name of its own; give it one: kind:"),
    ],
)
def test_what_is_wrong_with_its_package_is_told(here: Path, wrong: str, right: str, said: str) -> None:
    assert wrong in ECHO
    here.write_text(ECHO.replace(wrong, right), encoding="utf-8")
    with pytest.raises(ExtensionFault) as fault:
        asked(1)
    assert str(fault.value).startswith("the engine 'echo' (echo:ENGINE) failed")
    assert said in str(fault.value)
