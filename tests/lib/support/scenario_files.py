"""A good scenario file, and what is said of a bad one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.load import load

Write = Callable[[str], Path]
GOOD = """\
scenario: debate
motions:
  - Cities should plant more trees.
debaters:
  - {name: Ann, stance: for}
  - {name: Bo, stance: against}
engines:
  default:
    kind: scripted
    delay: 0
"""


def refused(path: Path, *settings: str) -> str:
    """The message with which a file is refused, remedy included."""
    with pytest.raises(BadInput) as bad:
        load(path, settings)
    assert bad.value.exit_code == 2
    return str(bad.value)
