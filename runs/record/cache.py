"""The folder where Palaestra keeps what it can make again: models, speeds, audits of judges."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$PALAESTRA_CACHE`, else `~/.cache/palaestra`; there or not."""
    return Path(os.environ.get("PALAESTRA_CACHE", Path.home() / ".cache" / "palaestra"))
