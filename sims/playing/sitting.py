"""One sitting at a run: locks its log, plays what isn't over yet, notes in `run.json` how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Coroutine
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

from pydantic import JsonValue

from palaestra.agents.failures import Interrupted, LimitReached, PalaestraError
from palaestra.agents.limits import MOST_EPISODES
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.record import folder as run_folder
from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import Heads
from palaestra.runs.record.noise import known_noise
from palaestra.runs.record.recorder import Past, Recorder
from palaestra.runs.record.served import changes
from palaestra.runs.record.state import Counts, RunState, SittingRecord, Status
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.registry import rules_border
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing.alternatives import Alternatives
from palaestra.sims.playing.estimate import calls_per_episode, remember_speed
from palaestra.sims.playing.meter import Meter
from palaestra.sims.playing.onlooker import Onlooker, Terminal
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.scheduler import Scheduler
from palaestra.sims.playing.venue import Venue
from palaestra.sims.terminal import warn
from palaestra.sims.unforeseen import unforeseen


class Sitting:
    """A sitting at the run in `where`.

    Args:
        scenario: what is played.
        where: the run folder.
        state: how the run stood before.
        alternatives: of a branch run, its episodes and their answers.
        onlooker: who is shown how it gets on; by default whoever sits at the terminal.
        allowed: what a person allows its engines.
    """

    def __init__(
        self,
        scenario: Scenario,
        where: Path,
        state: RunState,
        alternatives: Alternatives | None = None,
        onlooker: Onlooker | None = None,
        allowed: Allowed = NOTHING,
    ) -> None:
        self._scenario = scenario
        self._where = where
        self._state = state
        self._alternatives = alternatives
        self._onlooker = onlooker or Terminal()
        self._allowed = allowed

    def play(self, venue: Venue | None = None) -> None:
        """Play at `venue`, or at one of its own, until all episodes are over.

        Raises:
            RunLocked: another process plays this run.
            LimitReached: the run has taken what its limits allow; where it had before, nothing is started.
            PalaestraError: what went wrong; the log holds what was recorded until then.
        """
        with contextlib.closing(run_log.Log(self._where)) as log:
            read, config = run_log.read(self._where), self._scenario.config
            episodes = self._episodes()
            past = Past(read, noted=self._state.counts.calls)
            if self._state.status == "running":
                self._state = self._state.caught_up(_counts(past), past.unnoted)
            if past.ended.issuperset(episodes):
                if self._state.status != "finished" or not (self._where / self._state.file_name).exists():
                    self._note("finished", 0.0)
                return
            calls = calls_per_episode(self._scenario)
            before = self._state.seconds
            meter = Meter(config, past.usage, lambda: before + progress.seconds)
            progress = self._onlooker.progress(len(episodes), len(past.ended), calls, meter.spend)
            recorder = self._recorder(log, past, read.heads)
            if (reached := self._reached_before(meter)) is not None:
                raise self._stopped(reached, 0.0)
            problem = _outcome(partial(self._play, recorder, past.ended, progress, meter), venue)
            if problem is not None:
                raise self._stopped(problem, progress.seconds)
            self._note("finished", progress.seconds)

    def _episodes(self) -> range:
        """The numbers of the episodes that are played: all of the run, or those of a shard."""
        first, end = self._state.only or (0, MOST_EPISODES)
        return range(first, min(end, self._scenario.config.episodes))

    def _stopped(self, problem: Exception, seconds: float) -> Exception:
        """The same problem, told with how to go on and noted, where the run has begun."""
        if not (self._where / self._state.file_name).exists():
            return problem
        told = _told(problem, self._where)
        go_on = f"palaestra resume {quote(str(self._state.whole(self._where)))}"
        status: Status = "failed"
        match told:
            case LimitReached():
                status, go_on = "limited", f"Raise it to go on: {go_on} --set {told.raised}"
            case Interrupted():
                status, go_on = "interrupted", f"Go on with: {go_on}"
            case _:
                go_on = f"Go on with: {go_on}"
        told.remedy = f"{told.remedy}\n  {go_on}".strip()
        with contextlib.suppress(Exception):  # the problem says more
            self._note(status, seconds, told)
        return told

    def _recorder(self, log: run_log.Log, past: Past, heads: Heads) -> Recorder:
        if self._alternatives is None:
            return Recorder(log, past, heads)
        self._alternatives.recall(run_log.read(self._where))
        return Recorder(log, past, heads, self._alternatives.replay)

    def _reached_before(self, meter: Meter) -> LimitReached | None:
        """The limit that an earlier sitting reached and that nobody has raised since."""
        limit = self._state.still_limited(self._scenario.config.model_dump(mode="json"))
        if limit is not None:
            return meter.told(limit)
        return meter.reached()

    async def _play(
        self, recorder: Recorder, ended: Container[int], progress: Progress, meter: Meter, venue: Venue
    ) -> None:
        config = self._scenario.config
        kinds = ", ".join(sorted({config.engines[p.engine].kind for p in config.policies.values()}))
        progress.say(f"starting engines: {kinds}")
        async with Fleet(
            config.engines, config.policies, config.retries, progress.say, venue.engine, self._allowed
        ) as fleet:
            self._begin(fleet)
            scheduler = self._scheduler(fleet, meter, recorder, progress)
            try:
                with progress, self._onlooker.stopping(scheduler.interrupt):
                    await scheduler.play(i for i in self._episodes() if i not in ended)
            finally:
                self._state = self._state.met(fleet.faults())
        remember_speed(self._scenario, progress.output_tokens / max(progress.seconds, 1e-9))

    def _begin(self, fleet: Fleet) -> None:
        """Note in `run.json` that this sitting has begun, with which settings and engines."""
        engines = fleet.identities()
        changed = tuple(changes(self._answered_before(), engines))
        for words in changed:
            warn(
                f"warning: {words}\n  What is recorded is replayed as it was; what is asked now, it answers."
            )
        sitting = SittingRecord(
            started=run_folder.now(),
            engines=engines,
            versions=dict(run_folder.package_versions()),
            changed=changed,
            noise={name: noise for name, said in engines.items() if (noise := known_noise(said)) is not None},
        )
        self._state = self._state.continued(self._scenario.config.model_dump(mode="json"), sitting)
        self._state.write(self._where)

    def _answered_before(self) -> dict[str, dict[str, JsonValue]]:
        """What each engine said of itself that answered last, here or in the run that is branched."""
        sittings, plan = self._state.sittings, self._state.branch
        if not sittings and plan is not None:
            sittings = RunState.read(plan.run).sittings
        return {name: said for sitting in sittings for name, said in sitting.engines.items()}

    def _scheduler(self, fleet: Fleet, meter: Meter, recorder: Recorder, progress: Progress) -> Scheduler:
        live, branched = self._scenario.config.live, self._alternatives
        if branched is None:
            return Scheduler(self._episode, partial(meter.ask, fleet.ask), recorder, live, progress)
        answer = partial(branched.answer, fleet.ask)
        return Scheduler(branched.make, partial(meter.ask, answer), recorder, live, progress)

    def _episode(self, index: int) -> Episode[Any]:
        rules = self._scenario.rules
        with rules_border(rules, f"episode {index}"):
            return rules(self._scenario.config, index=index)

    def _note(self, status: Status, seconds: float, problem: Exception | None = None) -> None:
        """Note in `run.json` how the sitting ended, after how many seconds of play."""
        read = run_log.read(self._where)
        past = Past(read)
        heads = {episode: str(head) for episode, head in sorted(read.heads.items())}
        self._state = self._state.stopped(status, _counts(past), heads, seconds, problem)
        self._state.write(self._where)


def _counts(past: Past) -> Counts:
    return Counts(episodes=len(past.ended), calls=past.calls, **past.tokens)


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


def _told(problem: Exception, where: Path) -> PalaestraError:
    """The same with words and a remedy."""
    if isinstance(problem, PalaestraError):
        return problem
    told = unforeseen(problem, where)
    told.__cause__ = problem
    return told
