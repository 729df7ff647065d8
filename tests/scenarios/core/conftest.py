"""Scenario files, written as a test needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.scenario_files import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a scenario file and returns its path."""

    def write_file(text: str) -> Path:
        path = tmp_path / "file.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
