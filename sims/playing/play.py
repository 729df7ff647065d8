"""Plays a run: from a checked scenario to a finished run folder, or on from where one stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from palaestra.agents.failures import BadInput, Interrupted, PalaestraError, RunLocked, RunUnwritable
from palaestra.runs import folder as run_folder
from palaestra.runs.branches import BRANCH, Plan
from palaestra.runs.record import log as run_log
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario, check, override
from palaestra.scenarios.core.registry import rules_border
from palaestra.sims.engines.engine import Fleet
from palaestra.sims.playing.alternatives import Alternatives
from palaestra.sims.playing.estimate import calls_per_episode, remember_speed
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler
from palaestra.sims.playing.venue import Venue


def start(
    scenario: Scenario,
    out: Path | None,
    quiet: bool = False,
    plan: Plan | None = None,
    venue: Venue | None = None,
) -> Path:
    """Play `scenario` into a new run folder and return it.

    Args:
        scenario: what is played.
        out: the folder; by default a new one in `outputs/`.
        quiet: no progress.
        plan: of a branch run, with as many plays as `scenario` has episodes, see
            `palaestra.sims.playing.branch`.
        venue: where other runs play too; by default the run has engines of its own.

    Raises:
        BadInput: it is a sweep, see `palaestra.sims.playing.sweep`.
        PalaestraError: what went wrong; the folder holds what was recorded until then.
    """
    if scenario.config.sweep:
        raise BadInput(f"{scenario.file}: a sweep is several runs", "Play it with: palaestra run")
    alternatives = None if plan is None else Alternatives(scenario, plan)
    where = run_folder.create(out, scenario.rules.kind)
    state: dict[str, Any] = {
        "palaestra": run_folder.package_versions().get("palaestra", ""),
        "scenario": scenario.config.model_dump(mode="json"),
        "file": scenario.file,
        "status": "running",
        "started": run_folder.now(),
        "seconds": 0.0,
    }
    if plan is not None:
        state[BRANCH] = plan.state()
    try:
        _sit(scenario, where, state, quiet, alternatives, venue)
    except RunLocked:
        raise
    except Exception:
        if not (where / run_folder.NAME).exists():
            # Nothing was recorded: leave nothing behind.
            (where / run_log.NAME).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                where.rmdir()
        raise
    return where


CHANGEABLE = ("engines", "live", "retries")


def resume(
    where: Path, settings: Sequence[str] = (), quiet: bool = False, venue: Venue | None = None
) -> Path:
    """Play on the run in `where`; what is recorded is not asked again.

    Args:
        where: the run folder.
        settings: `key=value` changes of the engines, of `episodes`, `live` or `retries`.
        quiet: no progress.
        venue: where other runs play too; by default the run has engines of its own.

    Raises:
        BadInput: a change of anything else.
        RunUnreadable: `where` is no run, or its log doesn't fit its scenario.
        PalaestraError: as `start`.
    """
    state = run_folder.read_state(where)
    data = deepcopy(state["scenario"])
    plan = Plan.of(state)
    overridden = changed(data, settings, CHANGEABLE if plan else (*CHANGEABLE, "episodes"))
    scenario = check(data, str(where / run_folder.NAME), overridden)
    alternatives = None if plan is None else Alternatives(scenario, plan)
    _sit(scenario, where, state, quiet, alternatives, venue)
    return where


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


def _sit(
    scenario: Scenario,
    where: Path,
    state: dict[str, Any],
    quiet: bool,
    alternatives: Alternatives | None,
    venue: Venue | None,
) -> None:
    """One sitting: lock the log, play what isn't over yet, note in `run.json` how it ended."""
    log = run_log.Log(where)
    try:
        past = Past(run_log.read(where))
        if len(past.ended) >= scenario.config.episodes:
            _finish(where, state | {"status": "finished"}, past, None)
            return
        progress = Progress(scenario.config.episodes, len(past.ended), calls_per_episode(scenario), quiet)
        playing = partial(_play, scenario, where, state, log, past, progress, alternatives)
        problem = _outcome(playing, venue)
        if problem is None:
            _finish(where, state | {"status": "finished"}, Past(run_log.read(where)), None, progress.seconds)
            return
        if (where / run_folder.NAME).exists():
            if isinstance(problem, PalaestraError):
                problem.remedy = f"{problem.remedy}\n  Go on with: palaestra resume {where}".strip()
            state["status"] = "interrupted" if isinstance(problem, Interrupted) else "failed"
            with contextlib.suppress(RunUnwritable):  # `problem` says more
                _finish(where, state, Past(run_log.read(where)), problem, progress.seconds)
        raise problem
    finally:
        log.close()


def _outcome(playing: Callable[[Venue], Coroutine[Any, Any, None]], venue: Venue | None) -> Exception | None:
    """Play at `venue`, or at one of its own; what ended it."""
    try:
        with contextlib.ExitStack() as stack:
            place = venue or stack.enter_context(Venue())
            place.run(playing(place))
    except KeyboardInterrupt:
        return Interrupted("interrupted")
    except Exception as error:
        return error
    return None


async def _play(
    scenario: Scenario,
    where: Path,
    state: dict[str, Any],
    log: run_log.Log,
    past: Past,
    progress: Progress,
    alternatives: Alternatives | None,
    venue: Venue,
) -> None:
    config = scenario.config
    kinds = ", ".join(sorted({config.engines[p.engine].kind for p in config.policies.values()}))
    progress.say(f"starting engines: {kinds}")
    async with Fleet(config.engines, config.policies, config.retries, progress.say, venue.engine) as fleet:
        state |= {"status": "running", "scenario": config.model_dump(mode="json")}
        sitting = {"started": run_folder.now(), "engines": fleet.identities()}
        sitting["versions"] = run_folder.package_versions()
        state["sittings"] = [*state.get("sittings", []), sitting]
        run_folder.write_state(where, state)
        make: Callable[[int], Episode[Any]] = partial(_episode, scenario)
        ask, recorder = fleet.ask, Recorder(log, past)
        if alternatives is not None:
            alternatives.recall(run_log.read(where))
            make, ask = alternatives.make, partial(alternatives.answer, fleet.ask)
            recorder = Recorder(log, past, alternatives.replay)
        scheduler = Scheduler(
            make=make,
            ask=ask,
            recorder=recorder,
            live=config.live,
            observer=progress,
        )
        with progress, _interrupts(scheduler):
            await scheduler.play(i for i in range(config.episodes) if i not in past.ended)
    remember_speed(scenario, progress.output_tokens / max(progress.seconds, 1e-9))


def _episode(scenario: Scenario, index: int) -> Episode[Any]:
    with rules_border(scenario.rules, f"episode {index}"):
        return scenario.rules(scenario.config, index=index)


def _finish(
    where: Path, state: dict[str, Any], past: Past, problem: Exception | None, seconds: float = 0.0
) -> None:
    state["ended"] = run_folder.now()
    state["seconds"] = round(state["seconds"] + seconds, 3)
    state["counts"] = {"episodes": len(past.ended), "calls": past.calls, **past.tokens}
    state.pop("error", None)
    if problem is not None:
        state["error"] = str(problem) or repr(problem)
    run_folder.write_state(where, state)


@contextlib.contextmanager
def _interrupts(scheduler: Scheduler) -> Iterator[None]:
    """Ctrl-C makes the scheduler stop cleanly; a second one, or one while an engine loads, stops at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        scheduler.interrupt()

    try:
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGTERM, scheduler.interrupt)
    except (NotImplementedError, RuntimeError, ValueError):
        # Not the main thread: in a notebook the venue handles interrupts.
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
