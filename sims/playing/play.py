"""Plays a run: from a checked scenario to a finished run folder, or on from where one stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palaestra.agents.failures import BadInput, RunLocked
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.record import folder as run_folder
from palaestra.runs.record.plan import Plan
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.load import Scenario, check, override
from palaestra.sims.playing.alternatives import Alternatives
from palaestra.sims.playing.crew import Crew, MakeCrew, OneAfterAnother, ShardJob
from palaestra.sims.playing.estimate import calls_per_episode
from palaestra.sims.playing.onlooker import Onlooker, Terminal
from palaestra.sims.playing.shards import CHANGEABLE, ShardedRun
from palaestra.sims.playing.shards import plan as plan_shards
from palaestra.sims.playing.sitting import Sitting
from palaestra.sims.playing.spread import Spread
from palaestra.sims.playing.venue import Venue


def start(
    scenario: Scenario,
    out: Path | None,
    quiet: bool = False,
    plan: Plan | None = None,
    venue: Venue | None = None,
    allowed: Allowed = NOTHING,
    crew: MakeCrew | None = None,
) -> Path:
    """Play `scenario` into a new run folder and return it.

    Args:
        scenario: what is played.
        out: the folder; by default a new one in `outputs/`.
        quiet: no progress.
        plan: of a branch run, with as many plays as `scenario` has episodes, see
            `palaestra.sims.playing.branch`.
        venue: where other runs play too; by default the run has engines of its own.
        allowed: what a person allows its engines.
        crew: makes who plays it in shards; by default this process plays it.

    Raises:
        BadInput: it is a sweep, see `palaestra.sims.playing.sweep`; or its engines need more than is allowed.
        PalaestraError: what went wrong; the folder holds what was recorded until then.
    """
    if scenario.config.sweep:
        raise BadInput(f"{scenario.file}: a sweep is several runs", "Play it with: palaestra run")
    scenario.require_allowed(allowed)
    if crew is not None:
        calls_per_episode(scenario)  # rules that fail do so before anything is written
        with crew([scenario]) as players:
            where = plan_shards(scenario, out, players.size)
            play_shards([where], players, (), quiet, allowed)
        return where
    alternatives = None if plan is None else Alternatives(scenario, plan)
    where = run_folder.create(out, scenario.rules.kind)
    state = RunState.begun(scenario.config.model_dump(mode="json"), scenario.file, plan)
    try:
        Sitting(scenario, where, state, alternatives, Terminal(quiet), allowed).play(venue)
    except RunLocked:
        raise
    except BaseException:
        if not (where / state.file_name).exists():
            run_folder.abandon(where)
        raise
    return where


def resume(
    where: Path,
    settings: Sequence[str] = (),
    quiet: bool = False,
    venue: Venue | None = None,
    allowed: Allowed = NOTHING,
    onlooker: Onlooker | None = None,
    crew: MakeCrew | None = None,
) -> Path:
    """Play on the run in `where`; what is recorded is not asked again.

    Args:
        where: the run folder.
        settings: `key=value` changes of the engines, of `limits`, `episodes`, `live` or `retries`.
        quiet: no progress.
        venue: where other runs play too; by default the run has engines of its own.
        allowed: what a person allows its engines; what its folder says allows nothing.
        onlooker: who looks on; by default the terminal.
        crew: makes who plays its shards; by default this process plays them, one after another.

    Raises:
        BadInput: a change of anything else; or its engines need more than is allowed.
        RunUnreadable: `where` is no run, or its log doesn't fit its scenario.
        PalaestraError: as `start`.
    """
    state = RunState.told(where)
    if crew is not None:
        with crew([scenario_of(where, settings)]) as players:
            play_shards([where], players, settings, quiet, allowed)
        return where
    if state.shards:
        with contextlib.ExitStack() as stack:
            place = venue or stack.enter_context(Venue())

            def play_one(job: ShardJob) -> None:
                resume(job.shard, job.settings, quiet, place, job.allowed)

            play_shards([where], OneAfterAnother(play_one), settings, True, allowed)
        return where
    scenario = scenario_of(where, settings)
    scenario.require_allowed(allowed)
    alternatives = None if state.branch is None else Alternatives(scenario, state.branch)
    Sitting(scenario, where, state, alternatives, onlooker or Terminal(quiet), allowed).play(venue)
    return where


def play_shards(
    folders: Sequence[Path],
    crew: Crew,
    settings: Sequence[str],
    quiet: bool,
    allowed: Allowed,
) -> None:
    """Play on runs in shards, see `resume`."""
    runs = []
    for where in folders:
        scenario = scenario_of(where, settings)
        scenario.require_allowed(allowed)
        runs.append(ShardedRun(where, scenario, crew.size, allowed))
    Spread(runs, crew, quiet).play()


def scenario_of(where: Path, settings: Sequence[str]) -> Scenario:
    """What the run in `where` plays on with these changes; raises as `resume`."""
    state = RunState.told(where)
    data = state.settings
    overridden = changed(data, settings, CHANGEABLE if state.branch else (*CHANGEABLE, "episodes"))
    return check(data, str(where / state.file_name), overridden)


def changed(data: dict[str, Any], settings: Sequence[str], allowed: Sequence[str]) -> dict[Location, str]:
    """Set each `key=value` of `settings` in the scenario `data` of a run that has begun; where each was set.

    Raises:
        BadInput: a setting of anything but the `allowed` fields.
    """
    overridden = override(data, settings)
    for location, setting in overridden.items():
        if location[0] not in allowed:
            raise BadInput(
                f"--set {setting}: a run that has begun can't change that",
                f"What may be changed: {', '.join(sorted(allowed))}. Start a new run for the rest.",
            )
    return overridden
