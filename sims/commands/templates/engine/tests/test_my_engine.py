"""The engine plays a debate, says what it is set to, and refuses to start with nothing to say."""

from __future__ import annotations

from pathlib import Path

import palaestra
import pytest
from palaestra import PalaestraError, Run


def played(folder: Path, phrases: str) -> Run:
    engine = f"engines.default={{kind: my_engine, phrases: {phrases}}}"
    return palaestra.play("debate", ["episodes=1", "rounds=1", engine], out=folder, quiet=True)


def test_it_says_one_of_its_phrases(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "[Indeed., Never.]")
    assert run.episodes["ended"].all()
    assert set(run.calls.filter(purpose="argue")["text"]) <= {"Indeed.", "Never."}
    assert not run.calls["failed"].any()


def test_it_does_not_start_with_nothing_to_say(tmp_path: Path) -> None:
    with pytest.raises(PalaestraError, match="nothing to say"):
        played(tmp_path / "run", "[]")
    assert not (tmp_path / "run").exists()
