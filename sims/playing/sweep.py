"""Plays a sweep: a run for each point, in one folder, on engines that are started once.

The folder holds `sweep.json` (`scenario`, `file`, and of each point its `folder` and `settings`)
and a run folder for each point. A sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from palaestra.agents.failures import PalaestraError, RunUnreadable
from palaestra.runs import folder as run_folder
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.sweep import Point
from palaestra.sims.playing.play import resume, start
from palaestra.sims.playing.venue import Venue


def start_sweep(points: Sequence[Point], out: Path | None, quiet: bool = False) -> Path:
    """Play all `points` into a new folder and return it.

    Raises:
        PalaestraError: what went wrong; `resume_sweep` goes on.
    """
    where = run_folder.create(out, f"{points[0].scenario.rules.kind}-sweep")
    state = {
        "scenario": points[0].scenario.rules.kind,
        "file": points[0].scenario.file,
        "points": [
            {
                "folder": f"{number:0{len(str(len(points) - 1))}}-{_file_name(point)}",
                "settings": point.settings,
                "scenario": point.scenario.config.model_dump(mode="json"),
            }
            for number, point in enumerate(points)
        ],
    }
    run_folder.write_json(where / run_folder.SWEEP, state)
    _play(where, state, quiet)
    return where


def resume_sweep(where: Path, quiet: bool = False) -> Path:
    """Play on the sweep in `where`: finished runs stay, stopped ones go on, the others begin."""
    _play(where, read_sweep(where), quiet)
    return where


def read_sweep(where: Path) -> dict[str, Any]:
    """What `sweep.json` in `where` says; raises `RunUnreadable` when there is none."""
    try:
        state: dict[str, Any] = json.loads((where / run_folder.SWEEP).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        remedy = "Name the folder of a sweep."
        raise RunUnreadable(f"{where} holds no readable {run_folder.SWEEP}", remedy) from error
    return state


def runs(where: Path) -> list[Path]:
    """The run folders of the sweep in `where`, its baseline first; those that have begun."""
    folders = [where / point["folder"] for point in read_sweep(where)["points"]]
    return [folder for folder in folders if (folder / run_folder.NAME).exists()]


def _play(where: Path, state: dict[str, Any], quiet: bool) -> None:
    with Venue() as venue:
        for number, point in enumerate(state["points"], 1):
            folder = where / point["folder"]
            if not quiet:
                print(f"run {number} of {len(state['points'])}: {point['folder']}", flush=True)
            try:
                if (folder / run_folder.NAME).exists():
                    resume(folder, quiet=quiet, venue=venue)
                else:
                    start(check(point["scenario"], state["file"]), folder, quiet, venue=venue)
            except PalaestraError as error:
                error.remedy = (
                    f"{error.remedy}\n  Go on with the sweep: palaestra resume {quote(str(where))}".strip()
                )
                raise


def _file_name(point: Point) -> str:
    """The point's settings, of which file names can be made."""
    return re.sub(r"[^\w=.,+-]+", "_", point.name.replace("/", "_"))[:80].strip("_.") or "as-is"
