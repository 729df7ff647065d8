"""A small report written as a large one is: each episode in a chapter of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from palaestra.runs.report import page
from palaestra.runs.run import Run


def in_chapters(runs: Sequence[Run], out: Path) -> Path:
    """`write_report`, where nothing is small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "LARGEST", 0)
        patch.setattr(page, "CHAPTER", 1)
        return page.write_report(runs, out)
