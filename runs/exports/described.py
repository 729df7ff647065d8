"""What an export says of itself: `export.json`, see `folder.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from palaestra.agents.failures import BadInput

NAME = "export.json"
MAKE_ONE = "Make one with: palaestra export RUN --to dpo"
NEEDED = {"formats": dict, "policies": dict, "file_type": str}


def read_export(folder: Path) -> dict[str, Any]:
    """What `export.json` says; raises `BadInput` where `folder` is no export."""
    try:
        described: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        whole = all(isinstance(described.get(key), kind) for key, kind in NEEDED.items())
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"{folder} is not the folder of an export", MAKE_ONE) from error
    if not whole:
        raise BadInput(f"{folder / NAME} lacks one of: {', '.join(NEEDED)}", MAKE_ONE)
    return described
