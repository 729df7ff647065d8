"""The shards of a run: ranges of its episodes, each a run folder within its own, and which are played when.

To play a shard is to resume it, so one whose player is lost goes on with another. What is left of the run's
limits is lent to its shards, see `palaestra.sims.playing.lending`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from shlex import quote
from time import monotonic, sleep
from uuid import uuid4

from palaestra.agents.failures import BadInput, EngineUnavailable, Interrupted, LimitReached, RunLocked
from palaestra.agents.trust import Allowed
from palaestra.runs.record import folder as run_folder
from palaestra.runs.record import log as run_log
from palaestra.runs.record.disk import own_folder, unwritable
from palaestra.runs.record.state import RunState, Shard, Status
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing.crew import Ended, PlayerLost, ShardJob
from palaestra.sims.playing.estimate import calls_per_episode
from palaestra.sims.playing.lending import Lending
from palaestra.sims.playing.progress import Tally

CHANGEABLE = ("engines", "limits", "live", "retries")
"""What of a run may be changed when it goes on; of one that branches no other also `episodes`."""
LOSSES = 3
"""How often a shard may lose who plays it, before the run stops: perhaps the shard itself is what kills."""
LOCKED = 120.0
"""Seconds after a loss for which what is left of who is lost may hold the log: NFS lends a lock for 90."""
BETWEEN_TRIES = 1.0
"""Seconds before a shard is tried again whose log somebody holds."""


def plan(scenario: Scenario, out: Path | None, into: int) -> Path:
    """Make the folder of a run that is played in at most `into` shards, all made; nothing is played.

    Raises:
        BadInput, RunUnwritable: see `settings_of_shards` and `palaestra.runs.record.folder.create`.
    """
    settings_of_shards(scenario, into)  # raises before anything is written
    where = run_folder.create(out, scenario.rules.kind)
    state = RunState.begun(scenario.config.model_dump(mode="json"), scenario.file)
    state = state.model_copy(update={"id": uuid4().hex})
    with contextlib.closing(run_log.Log(where)):
        _with_shards(where, state, scenario.config.episodes, into).write(where)
    return where


def _with_shards(where: Path, state: RunState, episodes: int, into: int) -> RunState:
    """`state` with at most `into` more shards, made for those of so many `episodes` that are in none yet."""
    done = max((shard.end for shard in state.shards), default=0)
    into = max(0, min(into, episodes - done))
    bounds = [done + (episodes - done) * number // into for number in range(into + 1)] if into else []
    new = []
    for number, (first, end) in enumerate(pairwise(bounds), len(state.shards)):
        shard = Shard(folder=f"shards/{number}", first=first, end=end)
        folder = own_folder(own_folder(where, "shards"), str(number))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        begun = RunState.begun(state.settings, state.file)
        only = {"status": "interrupted", "id": state.id, "only": (first, end)}
        begun.model_copy(update=only).write(folder)
        new.append(shard)
    return state.model_copy(update={"shards": (*state.shards, *new)})


class ShardedRun:
    """A run whose shards are given out.

    Args:
        where: its folder.
        scenario: what is played, with what was changed of it.
        crew: how many play at once.
        allowed: what a person allows the engines.

    Attributes:
        seconds: for how long its calls have been answered, since it began or went on.
    """

    def __init__(self, where: Path, scenario: Scenario, crew: int, allowed: Allowed) -> None:
        self.where = where
        self.seconds = 0.0
        self._tallies: dict[Path, Tally] = {}
        self._calls, self._first_call = 0, 0.0
        self._scenario = scenario
        self._settings = settings_of_shards(scenario, crew)
        self._crew = crew
        self._allowed = allowed
        self._waiting: list[Path] = []
        self._lost: dict[Path, list[float]] = {}
        self._played: dict[Path, float] = {}

    @contextlib.contextmanager
    def played(self) -> Iterator[None]:
        """While it lasts, no other process plays it; nothing is written yet.

        Raises:
            RunLocked: another one does.
            RunUnreadable: it, or a shard of it, can't be read.
        """
        with contextlib.closing(run_log.Log(self.where)):
            config, state = self._scenario.config, RunState.told(self.where)
            if state.only is not None:
                run = quote(str(state.whole(self.where)))
                raise BadInput(f"{self.where} is a shard of a run", f"Go on with: palaestra resume {run}")
            size = self.where.joinpath(run_log.NAME).stat().st_size
            begun = size > 0 or state.heads or state.sittings
            if not state.shards and (begun or state.branch is not None):
                raise BadInput(
                    f"{self.where} was begun in one log", "Go on with it in one process, without --ray."
                )
            next(iter(run_log.read(self.where)), None)  # raises where a shard, or the own log, is another's
            self._reached = state.still_limited(config.model_dump(mode="json"))
            self._state = state
            self._lending = Lending(config, lambda: state.seconds + self.seconds)
            for shard in state.shards:
                self._add(self.where / shard.folder)
            yield

    def begin(self) -> None:
        """Note in `run.json` that it goes on, with shards for episodes that are in none yet."""
        known = len(self._state.shards)
        state = _with_shards(self.where, self._state, self.episodes, self._crew)
        for shard in state.shards[known:]:
            self._add(self.where / shard.folder)
        self._played_before = sum(self._played.values())
        self._state = state.continued(self._scenario.config.model_dump(mode="json"))
        self._state.write(self.where)

    def _add(self, shard: Path) -> None:
        """Know of a shard what was played of it, and have it wait where it isn't over."""
        told = RunState.told(shard)
        self._lending.add(shard)
        self._tallies[shard] = Tally(told.counts.episodes, self._lending.spend(shard))
        self._played[shard] = told.seconds
        if _is_open(shard, self.episodes):
            self._waiting.append(shard)

    @property
    def episodes(self) -> int:
        """How many it has."""
        return self._scenario.config.episodes

    def calls(self) -> int:
        """How many calls all its episodes take, as an estimate."""
        return self.episodes * calls_per_episode(self._scenario)

    @property
    def waits(self) -> bool:
        """Whether a shard waits for somebody to play it."""
        return bool(self._waiting)

    def next_job(self) -> ShardJob | None:
        """The shard that is to be played next; None where there is none, or none before one is given back.

        Raises:
            LimitReached: not another call is within the run's limits.
        """
        if not self._waiting:
            return None
        if self._reached is not None:
            raise self._lending.told(self._reached)
        lent = self._lending.lend(self._waiting[0], self._waiting)
        if lent is None:
            return None
        return ShardJob(self._waiting.pop(0), (*self._settings, *lent), self._allowed)

    def take_back(self, ended: Ended) -> str:
        """Take a shard back that was played; what there is to tell a user.

        Raises:
            Exception: what ended it, where it can't be played on.
        """
        shard, problem = ended.job.shard, ended.problem
        if ended.tally is not None:
            self._tallies[shard] = self._tallies[shard].then(ended.tally)
        self._played[shard] = RunState.told(shard).seconds
        # As long at least: who plays in this process tells of nothing meanwhile.
        self.seconds = max(self.seconds, (sum(self._played.values()) - self._played_before) / self._crew)
        self._lending.take_back(shard, problem.limit if isinstance(problem, LimitReached) else None)
        if isinstance(problem, PlayerLost):
            return self._after_loss(shard, problem)
        locked = (
            isinstance(problem, RunLocked) and monotonic() < self._lost.get(shard, [-LOCKED])[-1] + LOCKED
        )
        if locked:
            sleep(BETWEEN_TRIES)
        if locked or (isinstance(problem, LimitReached) and self._lending.lends):
            self._waiting.append(shard)
        elif problem is not None:
            raise problem
        return ""

    def _after_loss(self, shard: Path, loss: PlayerLost) -> str:
        first, end = RunState.told(shard).only or (0, 0)
        what = f"the actor that played episodes {first} to {end - 1} was lost"
        self._state = self._state.model_copy(update={"lost": self._state.lost + 1})
        self._state.write(self.where)
        lost = self._lost.setdefault(shard, [])
        lost.append(monotonic())
        if len(lost) > LOSSES:
            raise EngineUnavailable(
                f"{what} {len(lost)} times: {loss}", "See the logs of Ray on its machine."
            )
        self._waiting.append(shard)
        return f"{what} ({loss}); another goes on from what is recorded"

    def tally(self, under_way: Mapping[Path, Tally]) -> Tally:
        """What was done of it, with what `under_way` tells of shards that are being played."""
        tallies = dict(self._tallies)
        for shard in tallies.keys() & under_way.keys():
            tallies[shard] = tallies[shard].then(under_way[shard])
        total = sum(tallies.values(), Tally())
        if total.calls > self._calls:
            if not self._calls:
                self._first_call = monotonic()
            self._calls, self.seconds = total.calls, monotonic() - self._first_call
        return total

    def note(self, problem: Exception | None) -> None:
        """Note in `run.json` how it stands, ended perhaps by `problem`."""
        shards = [self.where / shard.folder for shard in self._state.shards]
        status: Status = (
            "interrupted" if any(_is_open(shard, self.episodes) for shard in shards) else "finished"
        )
        if problem is not None and not isinstance(problem, Interrupted):
            status = "limited" if isinstance(problem, LimitReached) else "failed"
        state = self._state.gathered([RunState.told(shard) for shard in shards])
        state.stopped(status, state.counts, {}, self.seconds, problem).write(self.where)


def is_finished(where: Path) -> bool:
    """Whether all episodes of the run in `where` are over: also those of each shard, if it has some."""
    state = RunState.told(where)
    episodes = state.settings["episodes"]
    return state.status == "finished" and not any(_is_open(where / s.folder, episodes) for s in state.shards)


def _is_open(shard: Path, episodes: int) -> bool:
    """Whether some of a shard's episodes are still to be played, of a run that has so many now."""
    state = RunState.told(shard)
    first, end = state.only or (0, 0)
    wanted = min(end, episodes) - first
    return wanted > 0 and (state.status != "finished" or state.counts.episodes < wanted)


def settings_of_shards(scenario: Scenario, crew: int) -> tuple[str, ...]:
    """All that a run may change when it goes on, for each of its shards, of which so many are played at once.

    Raises:
        BadInput: they share an engine's rates, and are more than these.
    """
    told = scenario.config.model_dump(mode="json", include={*CHANGEABLE, "episodes"})
    for name, engine in scenario.config.used_engines().items():
        for field in ("requests_per_minute", "tokens_per_minute") if engine.local_model() is None else ():
            rate: int | None = getattr(engine, field)
            if rate is not None and rate < crew:
                raise BadInput(
                    f"engines.{name}.{field}: {rate} are too few for {crew} actors",
                    "Play with fewer: --actors",
                )
            told["engines"][name][field] = None if rate is None else rate // crew
    return tuple(f"{field}={json.dumps(value)}" for field, value in told.items())
