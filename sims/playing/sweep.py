"""Plays a sweep: a run for each point, in one folder, on engines that are started once.

The folder holds `sweep.json` (`scenario`, `file`, and of each point its `folder` and `settings`)
and a run folder for each point. A sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, StringConstraints

from palaestra.agents.failures import LimitReached, PalaestraError
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.record import folder as run_folder
from palaestra.runs.record.documents import KEPT, Document
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import Scenario, check
from palaestra.scenarios.core.sweep import Point
from palaestra.sims.playing.crew import Crew, MakeCrew
from palaestra.sims.playing.play import changed, play_shards, resume, start
from palaestra.sims.playing.shards import is_finished, plan, settings_of_shards
from palaestra.sims.playing.venue import Venue
from palaestra.sims.terminal import say

FOLDER = r"^[0-9]+-[\w=.,+-]+$"
"""The name of a point's folder: one that leads out of the sweep's is none."""


class SweepPoint(BaseModel):
    """One run of a sweep: its folder in the sweep's, what is varied in it, and its resolved file."""

    model_config = KEPT
    folder: Annotated[str, StringConstraints(pattern=FOLDER)]
    settings: dict[str, Any]
    scenario: dict[str, Any]


class SweepState(Document):
    """What `sweep.json` says: the kind of scenario, the file it is of, and the runs, the baseline first."""

    file_name: ClassVar[str] = run_folder.SWEEP
    folder_is: ClassVar[str] = "the folder of a sweep"
    remedy: ClassVar[str] = "Sweeps are made by `palaestra run` of a file with a `sweep`."

    scenario: str
    file: str
    points: tuple[SweepPoint, ...]


def start_sweep(
    points: Sequence[Point],
    out: Path | None,
    quiet: bool = False,
    allowed: Allowed = NOTHING,
    crew: MakeCrew | None = None,
) -> Path:
    """Play all `points` into a new folder and return it, in shards if `crew` makes somebody who plays them.

    Raises:
        BadInput: an engine of one needs more than is `allowed`.
        PalaestraError: what went wrong; `resume_sweep` goes on.
    """
    for point in points:
        point.scenario.require_allowed(allowed)
    digits = len(str(len(points) - 1))
    state = SweepState(
        scenario=points[0].scenario.rules.kind,
        file=points[0].scenario.file,
        points=tuple(
            SweepPoint(
                folder=f"{number:0{digits}}-{_file_name(point)}",
                settings=point.settings,
                scenario=point.scenario.config.model_dump(mode="json"),
            )
            for number, point in enumerate(points)
        ),
    )
    with _players(crew, [point.scenario for point in points]) as players:
        where = run_folder.create(out, f"{state.scenario}-sweep")
        state.write(where)
        _play(where, state, quiet, allowed, players=players)
    return where


def resume_sweep(
    where: Path,
    quiet: bool = False,
    allowed: Allowed = NOTHING,
    settings: Sequence[str] = (),
    crew: MakeCrew | None = None,
) -> Path:
    """Play on the sweep in `where`: finished runs stay, stopped ones go on, the others begin.

    Args:
        where: the folder of the sweep.
        quiet: no progress.
        allowed: what a person allows the engines.
        settings: `key=value` changes of `limits`, for each of its runs.
        crew: makes who plays the runs in shards; by default this process plays one run after another.

    Raises:
        BadInput: a change of anything else; or an engine of one of them needs more than is `allowed`; none is
            played.
    """
    state = SweepState.read(where)
    points, scenarios = [], []
    for point in state.points:
        file = where / point.folder / run_folder.NAME
        if file.exists():
            data, told = RunState.read(file.parent).settings, file
        else:
            data, told = point.scenario, where / state.file_name
        played = check(data, str(told), changed(data, settings, ("limits",)))
        played.require_allowed(allowed)
        scenarios.append(played)
        points.append(point if file.exists() else point.model_copy(update={"scenario": data}))
    with _players(crew, scenarios) as players:
        if settings:
            state = state.model_copy(update={"points": tuple(points)})
            state.write(where)
        _play(where, state, quiet, allowed, settings, players)
    return where


@contextlib.contextmanager
def _players(crew: MakeCrew | None, scenarios: Sequence[Scenario]) -> Iterator[Crew | None]:
    """Who plays these in shards, if that is asked for; raises what they can't before anything is written."""
    if crew is None:
        yield None
        return
    with crew(scenarios) as players:
        for scenario in scenarios:
            settings_of_shards(scenario, players.size)
        yield players


def runs(where: Path) -> list[Path]:
    """The run folders of the sweep in `where`, its baseline first; those that have begun."""
    folders = [where / point.folder for point in SweepState.read(where).points]
    return [folder for folder in folders if (folder / run_folder.NAME).exists()]


def _play(
    where: Path,
    state: SweepState,
    quiet: bool,
    allowed: Allowed,
    settings: Sequence[str] = (),
    players: Crew | None = None,
) -> None:
    try:
        if players is None:
            _one_after_another(where, state, quiet, allowed, settings)
        else:
            _in_shards(where, state, quiet, allowed, settings, players)
    except LimitReached as reached:
        go_on = f"palaestra resume {quote(str(where))} --set {reached.raised}"
        reached.remedy = f"Raise it for all runs of the sweep, and go on: {go_on}"
        raise
    except PalaestraError as error:
        error.remedy = f"{error.remedy}\n  Go on with the sweep: palaestra resume {quote(str(where))}".strip()
        raise


def _one_after_another(
    where: Path, state: SweepState, quiet: bool, allowed: Allowed, settings: Sequence[str]
) -> None:
    with Venue() as venue:
        for number, point in enumerate(state.points, 1):
            folder = where / point.folder
            if not quiet:
                say(f"run {number} of {len(state.points)}: {point.folder}")
            if (folder / run_folder.NAME).exists():
                resume(folder, settings, quiet=quiet, venue=venue, allowed=allowed)
            else:
                played = check(point.scenario, state.file, folder=where)
                start(played, folder, quiet, venue=venue, allowed=allowed)


def _in_shards(
    where: Path, state: SweepState, quiet: bool, allowed: Allowed, settings: Sequence[str], players: Crew
) -> None:
    scenarios = {where / p.folder: check(p.scenario, state.file, folder=where) for p in state.points}
    for folder, scenario in scenarios.items():
        if not (folder / run_folder.NAME).exists():
            plan(scenario, folder, players.size)
    unfinished = [folder for folder in scenarios if not is_finished(folder)]
    if unfinished:
        play_shards(unfinished, players, settings, quiet, allowed)


def _file_name(point: Point) -> str:
    """The point's settings, of which file names can be made."""
    return re.sub(r"[^\w=.,+-]+", "_", point.name.replace("/", "_"))[:80].strip("_.") or "as-is"
