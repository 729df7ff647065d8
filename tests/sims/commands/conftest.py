"""Runs, and an export of one, that the tests of commands read, each made once, by the command itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import done


@pytest.fixture(scope="session")
def debate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two debates of four who speak three times, judged on two criteria by three."""
    folder = tmp_path_factory.mktemp("runs") / "debate"
    done("run", "debate", "--dry-run", "-q", "-n", "2", "--seed", "5", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def duel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tribe's contests: all answer each instruction and judge each other's answers."""
    folder = tmp_path_factory.mktemp("runs") / "duel"
    done("run", "sparta", "--dry-run", "-q", "--set", "contest=n_way", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def car(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three bargains over a car, whose outcome is worth something to both parties."""
    folder = tmp_path_factory.mktemp("runs") / "car"
    done("run", "used-car", "--dry-run", "-q", "-n", "3", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def pairs(duel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pairs of the tribe's answers, as an export."""
    out = tmp_path_factory.mktemp("exports") / "pairs"
    done("export", duel, "--to", "dpo", "--pairs", "all", "--out", out)
    return out
