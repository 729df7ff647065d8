"""The rows of an export, read back from its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl

Row = dict[str, Any]


def rows(export: Path, name: str) -> list[Row]:
    """The rows of a format, both splits, each with its split."""
    found: list[Row] = []
    for file in sorted((export / name).iterdir()):
        if file.suffix == ".parquet":
            read = pl.read_parquet(file).to_dicts()
        else:
            read = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        found += [row | {"split": file.stem} for row in read]
    return found
