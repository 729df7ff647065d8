"""Lends what is left of a run's limits to its shards, so that together they keep within them.

A shard is lent a part by the episodes that it still has to play. One that can't use up its part gives the
rest back and gets in line again. Where a shard couldn't ask a single call, the next ones are lent all that is
left, one after another; where that isn't enough either, the limit is reached, as it is in one process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import floor
from pathlib import Path

from palaestra.agents.budget import LIMITS, Limit, Usage
from palaestra.agents.failures import LimitReached
from palaestra.runs.record import log as run_log
from palaestra.runs.record.recorder import Past
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.sims.playing.meter import Meter

Amounts = dict[Limit, float]


class Lending:
    """What of a run's limits is used, lent and left.

    Args:
        config: of the run.
        seconds: tells how long the run has been played, over all its sittings.
    """

    def __init__(self, config: ScenarioConfig, seconds: Callable[[], float]) -> None:
        self._config = config
        self._seconds = seconds
        self._limits: Amounts = {limit: m for limit in LIMITS if (m := config.limits.of(limit)) is not None}
        priced = any(engine.prices for engine in config.used_engines().values())
        self._counts = bool(self._limits) or priced
        self._usage: dict[Path, dict[str, Usage]] = {}
        self._lent: dict[Path, Amounts] = {}
        self._all_to_one = False

    def add(self, shard: Path) -> None:
        """Count what the calls that a shard has recorded took."""
        self._usage[shard] = {}
        if self._counts and shard.joinpath(run_log.NAME).exists():
            self._usage[shard] = Past(run_log.read(shard)).usage

    @property
    def lends(self) -> bool:
        """Whether there is a limit of which shards are lent parts."""
        return bool(self._limits)

    def spend(self, shard: Path) -> float | None:
        """What a shard's calls have cost; None where the engines have no prices."""
        return self._meter(shard).spend()

    def lend(self, shard: Path, waiting: Sequence[Path]) -> tuple[str, ...] | None:
        """The settings with which `shard` may be played; None until some is given back.

        Args:
            shard: one of those that wait.
            waiting: all of them.

        Raises:
            LimitReached: nothing is left.
        """
        if not self._limits:
            return ()
        if self._all_to_one and self._lent:
            return None
        share = 1.0 if self._all_to_one else _unplayed(shard) / sum(map(_unplayed, waiting))
        lent = {limit: self._part(limit, share) for limit in self._limits}
        for limit, amount in lent.items():
            if amount <= 0:
                if self._lent:
                    return None
                if share == 1.0:
                    raise self.told(limit)
                self._all_to_one = True
                return self.lend(shard, waiting)
        self._lent[shard] = lent
        used = self._used(shard)
        limits = {limit: used[limit] + amount for limit, amount in lent.items()}
        return (f"limits={json.dumps(limits)}",)

    def take_back(self, shard: Path, reached: Limit | None) -> None:
        """Count what a shard took that was played; `reached` is the limit at which it stopped.

        Raises:
            LimitReached: that is the run's.
        """
        if not self._counts:
            return
        before = self._meter(shard).used
        self.add(shard)
        lent = self._lent.pop(shard, None)
        if reached is None or lent is None:
            return
        idle = self._meter(shard).used == before
        if reached == "minutes" or (idle and self._all_to_one):
            raise self.told(reached)
        self._all_to_one |= idle

    def told(self, limit: Limit) -> LimitReached:
        """That a limit is reached, with what the whole run took."""
        return self._meter(*self._usage).told(limit)

    def _part(self, limit: Limit, share: float) -> float:
        """So much of what is left of a limit: whole calls and tokens; of the time, in which all play, all."""
        if limit == "minutes":
            return self._limits[limit] - self._seconds() / 60
        used = self._used(*self._usage)[limit]
        left = (self._limits[limit] - used - sum(lent[limit] for lent in self._lent.values())) * share
        return left if limit == "spend" else floor(left + 1e-6)

    def _used(self, *shards: Path) -> Amounts:
        """What the calls of shards have taken, and how long they were played."""
        used = self._meter(*shards).used
        minutes = sum(RunState.told(shard).seconds for shard in shards) / 60
        return {"calls": used.calls, "tokens": used.tokens, "spend": used.spend, "minutes": minutes}

    def _meter(self, *shards: Path) -> Meter:
        used: dict[str, Usage] = {}
        for shard in shards:
            for policy, usage in self._usage[shard].items():
                used[policy] = used.get(policy, Usage()) + usage
        return Meter(self._config, used, self._seconds)


def _unplayed(shard: Path) -> int:
    """How many episodes of a shard aren't over; at least one."""
    state = RunState.told(shard)
    first, end = state.only or (0, 0)
    return max(1, end - first - state.counts.episodes)
