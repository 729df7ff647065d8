"""A run's tables as Parquet files, read only where they are whole and made from the very log that is there.

`tables/` is written beside its place and put there by one rename. Its `made-from.json` holds the length and
the hash of the log that it was made from, the hash of each table's file by the table's name, and the version
that made them; where any of these doesn't fit, the tables are made from the log again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import ClassVar

import polars as pl
from pydantic import Field

from palaestra.agents.failures import PalaestraError, RunUnwritable
from palaestra.runs.record.disk import reading, unwritable
from palaestra.runs.record.documents import Document
from palaestra.runs.record.folder import package_versions
from palaestra.runs.record.log import files

FOLDER = "tables"


class MadeFrom(Document):
    """What `made-from.json` says: the log that tables are of, the hashes of their files, who made them."""

    file_name: ClassVar[str] = "made-from.json"
    folder_is: ClassVar[str] = "the folder of a run's tables"
    remedy: ClassVar[str] = "Tables are made by every command that needs them."

    length: int
    digest: str
    tables: dict[str, str] = Field({})
    palaestra: str


def made_from(folder: Path) -> MadeFrom:
    """What tables that are made of the log in `folder` now are made from; raises `RunUnreadable`."""
    length, digest = _told(*files(folder))
    return MadeFrom(length=length, digest=digest, palaestra=package_versions().get("palaestra", ""))


def _told(*paths: Path) -> tuple[int, str]:
    """The length and the hash of files, one after another."""
    length, digest = 0, blake2b(digest_size=16)
    for path in paths:
        with reading(path), path.open("rb") as file:
            file_digest(file, lambda: digest)
            length += file.tell()
    return length, digest.hexdigest()


def kept(folder: Path) -> dict[str, pl.DataFrame] | None:
    """The tables that are kept in the run folder, None where there are none that fit its log."""
    target = folder / FOLDER
    try:
        said = MadeFrom.read(target)
        if said.model_copy(update={"tables": {}}) != made_from(folder):
            return None
        # Polars checks no file: a flipped bit would be another number, or a panic.
        if {file.stem: _told(file)[1] for file in target.glob("*.parquet")} != said.tables:
            return None
        return {name: pl.read_parquet(target / f"{name}.parquet", glob=False) for name in said.tables}
    except (PalaestraError, OSError, pl.exceptions.PolarsError):
        return None


def keep(folder: Path, tables: Mapping[str, pl.DataFrame], made: MadeFrom) -> None:
    """Keep `tables` as Parquet files in the run folder, all of them or none.

    Args:
        folder: the run folder.
        tables: by name.
        made: the log that they were made from, as it was before it was read.

    Raises:
        RunUnwritable: they can't be written; the log still holds everything.
    """
    target = folder / FOLDER
    new, old = (target.with_name(f"{FOLDER}.{word}") for word in ("new", "old"))
    try:
        with _alone(folder):
            for left in (new, old):
                shutil.rmtree(left, ignore_errors=True)
            new.mkdir()
            digests = {}
            for name, table in tables.items():
                table.write_parquet(new / f"{name}.parquet")
                digests[name] = _told(new / f"{name}.parquet")[1]
            made.model_copy(update={"tables": digests}).write(new)
            if target.exists():
                target.rename(old)
            new.rename(target)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise unwritable(target, error) from error
    except pl.exceptions.PolarsError as error:
        remedy = "Free some space on that disk, or choose another folder with --out."
        raise RunUnwritable(f"{target} can't be written: {error}", remedy) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process write tables into `folder` meanwhile."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
