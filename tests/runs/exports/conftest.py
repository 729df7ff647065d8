"""Scenarios played on the scripted engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from palaestra.scenarios.core.load import check
from palaestra.sims.playing import play
from support.exported_runs import Play

SCRIPTED = {"engines": {"default": {"kind": "scripted"}}}


@pytest.fixture
def played(tmp_path: Path) -> Play:
    """Plays a scenario on the scripted engine; returns its run folder."""

    def start(scenario: dict[str, Any], name: str = "run") -> Path:
        return play.start(check(scenario | SCRIPTED, "test.yaml"), tmp_path / name, quiet=True)

    return start
