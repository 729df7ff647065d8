"""Actors of a Ray cluster that play shards, each on engines of its own; the only module that knows Ray.

Ray starts the actors where there is room for the GPUs that their engines need, and says when one is lost.
Then another is started, and whoever is idle first goes on with its shard.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from palaestra.agents.engine import EngineSettings
from palaestra.agents.failures import BadInput, EngineUnavailable, Interrupted
from palaestra.runs.record.folder import package_versions
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing.crew import Ended, PlayerLost, ShardJob
from palaestra.sims.playing.player import ShardPlayer
from palaestra.sims.playing.progress import Tally

HERE = "local"
"""The address that means a cluster of this machine alone, for this run alone."""
A_MOMENT = 0.5
"""Seconds for which `ended` waits."""
STARTS = 3
"""How often an actor may be lost before one has begun to play."""
CLOSING = 20.0
"""Seconds in which actors may close their engines."""


class RayCrew:
    """Actors that play shards; a context manager that ends them.

    Args:
        address: of the cluster, as `ray.init` takes it: "auto", "HOST:PORT", or "local" to start one here.
        actors: how many; None for as many as there is room for.
        scenarios: what will be played.

    Attributes:
        size: how many there are to be.

    Raises:
        BadInput: Ray isn't installed, there is no such cluster, or it has no room.
    """

    def __init__(self, address: str, actors: int | None, scenarios: Sequence[Scenario]) -> None:
        try:
            import ray
        except ImportError as error:
            raise BadInput("Ray is not installed", "pip install 'palaestra[ray]'") from error
        self._ray = ray
        self._own = not ray.is_initialized()
        if self._own:
            _connect(ray, address, actors)
        try:
            self._needs = _needs(ray, scenarios)
            room = _room(ray, self._needs, actors or 1)
            if actors is None and "CPU" in self._needs and _computes(scenarios):
                # On a CPU an engine takes all cores of its machine.
                room = sum(node["Alive"] for node in ray.nodes())
        except BaseException:
            self._disconnect()
            raise
        self.size = min(actors or room, max(scenario.config.episodes for scenario in scenarios))
        self._all: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._playing: dict[Any, tuple[Any, ShardJob]] = {}
        self._tallies: dict[Path, Tally] = {}
        self._words: dict[str, None] = {}
        self._failed_starts = 0
        self._told = 0
        self._interrupted = False

    def __enter__(self) -> RayCrew:
        self._handlers = contextlib.ExitStack()
        self._handlers.enter_context(_signals(self._interrupt))
        return self

    def __exit__(self, *failure: object) -> None:
        with contextlib.suppress(Exception, KeyboardInterrupt):
            closing = [actor.close.remote() for actor in self._idle]
            self._ray.wait(closing, num_returns=len(closing), timeout=CLOSING)
        self._handlers.close()
        with contextlib.suppress(Exception):
            for actor in self._all:
                self._ray.kill(actor)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._own:
            self._ray.shutdown()

    def idle(self) -> bool:
        """See `Crew`."""
        while len(self._all) < self.size:
            self._start()
        return bool(self._idle)

    def give(self, job: ShardJob) -> None:
        """See `Crew`."""
        actor = self._idle.pop()
        self._playing[actor.play.remote(job)] = actor, job

    def ended(self) -> list[Ended]:
        """See `Crew`."""
        if self._interrupted:
            self._interrupted = False
            raise Interrupted("interrupted")
        waited_for = [*self._playing, *self._starting]
        done, _ = self._ray.wait(waited_for, num_returns=len(waited_for), timeout=A_MOMENT)
        for ref in (ref for ref in done if ref in self._starting):
            self._begun(ref)
        ended = [self._ended(ref) for ref in done if ref in self._playing]
        self._look()
        return ended

    def tallies(self) -> Mapping[Path, Tally]:
        """See `Crew`."""
        return self._tallies

    def words(self) -> list[str]:
        """See `Crew`; what several actors say is told once."""
        words = list(self._words)[self._told :]
        self._told += len(words)
        return words

    def stop(self) -> None:
        """See `Crew`."""
        for actor, _ in self._playing.values():
            actor.stop.remote()

    def _start(self) -> None:
        made = self._ray.remote(ShardPlayer).options(
            num_cpus=self._needs.get("CPU", 0), num_gpus=self._needs.get("GPU", 0), max_concurrency=4
        )
        actor = made.remote(Path.cwd())
        self._all.append(actor)
        ready = actor.ready.remote(package_versions().get("palaestra", ""))
        self._starting[ready] = actor

    def _begun(self, ref: Any) -> None:
        """Have an actor wait for shards that was started."""
        actor = self._starting.pop(ref)
        try:
            problem = self._ray.get(ref)
        except self._ray.exceptions.RayActorError as error:
            self._failed_starts += 1
            if self._failed_starts > STARTS:
                raise EngineUnavailable(f"no actor starts: {_why(error)}", "See the logs of Ray.") from error
            self._drop(actor)
            return
        if problem is not None:
            raise problem
        self._idle.append(actor)

    def _ended(self, ref: Any) -> Ended:
        actor, job = self._playing.pop(ref)
        last = self._tallies.pop(job.shard, None)
        try:
            tally, problem = self._ray.get(ref)
        except self._ray.exceptions.RayActorError as error:
            self._drop(actor)
            return Ended(job, last, PlayerLost(_why(error)))
        except self._ray.exceptions.RayError as error:
            return Ended(job, last, error)
        self._failed_starts = 0
        self._idle.append(actor)
        return Ended(job, tally, problem)

    def _drop(self, actor: Any) -> None:
        """Let an actor go that is lost; should it only be out of reach, it ends too."""
        with contextlib.suppress(Exception):
            self._ray.kill(actor)
        self._all.remove(actor)

    def _look(self) -> None:
        """Take the reports of those who play, where they come soon."""
        asked = {actor.report.remote(): job for actor, job in self._playing.values()}
        if not asked:
            return
        there, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=A_MOMENT)
        for ref in there:
            with contextlib.suppress(self._ray.exceptions.RayError):
                tally, words = self._ray.get(ref)
                if tally is not None:
                    self._tallies[asked[ref].shard] = tally
                self._words |= dict.fromkeys(words)

    def _interrupt(self) -> None:
        self._interrupted = True


def _connect(ray: Any, address: str, actors: int | None) -> None:
    """Raise `BadInput` where there is no cluster."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == HERE:
            cores = max(os.cpu_count() or 1, actors or 1)
            ray.init(address=HERE, num_cpus=cores, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(
            f"--ray {address}: {first}",
            "Start a cluster with `ray start --head`, and join it from other machines with "
            "`ray start --address=HEAD:6379`; or say --ray local.",
        ) from error


def _engines(scenarios: Sequence[Scenario]) -> list[EngineSettings]:
    return [engine for scenario in scenarios for engine in scenario.config.used_engines().values()]


def _computes(scenarios: Sequence[Scenario]) -> bool:
    """Whether a model computes where an actor is."""
    return any(engine.local_model() is not None for engine in _engines(scenarios))


def _needs(ray: Any, scenarios: Sequence[Scenario]) -> dict[str, float]:
    """What an actor needs: as many GPUs as its largest engine, of a cluster that has some; else a core."""
    gpus = max(engine.gpus() for engine in _engines(scenarios))
    return {"GPU": gpus} if gpus and ray.cluster_resources().get("GPU") else {"CPU": 1}


def _room(ray: Any, needs: Mapping[str, float], least: int) -> int:
    """For how many actors there is room; raises `BadInput` where that is less than `least`."""
    [(kind, amount)] = needs.items()
    room = sum(int(node["Resources"].get(kind, 0) // amount) for node in ray.nodes() if node["Alive"])
    if room < least:
        raise BadInput(
            f"the Ray cluster has room for {room} actors of {amount:g} {kind} each, and not for {least}",
            "See what it has with: ray status",
        )
    return room


def _why(error: Exception) -> str:
    """Why an actor is lost, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "died" in line or "dead" in line), lines[0] if lines else "")[:200]


@contextlib.contextmanager
def _signals(stop: Any) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP, unless ignored, call `stop`; a second Ctrl-C raises KeyboardInterrupt."""
    if current_thread() is not main_thread():
        yield
        return
    usual = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def heard(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    for number, handler in usual.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
