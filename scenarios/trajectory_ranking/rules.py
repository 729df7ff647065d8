"""The rules by which whole episodes are compared; the package's docstring is their summary."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from palaestra.agents.agent import Agent
from palaestra.agents.calls import Message, Question, Reply
from palaestra.scenarios.core.episode import Asking, Episode, Event, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.core.trial import MakeTrial
from palaestra.scenarios.parts.abstaining import counting
from palaestra.scenarios.parts.judging import POINTS, Preference, panel_shares, points, superiority
from palaestra.scenarios.trajectory_ranking.config import TrajectoryGroup, TrajectoryRankingConfig
from palaestra.scenarios.trajectory_ranking.training import judged_trajectories

Order = tuple[int, ...]
"""The trajectories of a group by number, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class RelativeScore(Event):
    """A judge's score of one trajectory beside the others of its group.

    Attributes:
        judge, trajectory: who scored which.
        repeat: which of the judge's readings, from 1; each has an order and its reverse.
        place: at which place it was read, from 1.
        score: points of 1–10; None when the judge could not be understood.
        basis: "probabilities", "sample" or "failed".
    """

    judge: str
    trajectory: str
    repeat: int
    place: int
    score: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class TrajectoryStanding(Event):
    """What the panel says of a trajectory.

    Attributes:
        trajectory, author: which, and the name under which the file tells who spoke in it.
        turns: how many it has.
        score: the mean of its scores, points of 1–10; None without any.
        share: the probability, 0–1, of being better than another of its group; None where judges were not
            understood or abstained.
    """

    table = "trajectory"

    trajectory: str
    author: str
    turns: int
    score: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Read:
    """A group as one judge reads it in one order."""

    group: TrajectoryGroup
    judge: str
    order: Order
    repeat: int


class TrajectoryJudge(Agent):
    """One who compares trajectories: what is too long to be read whole can't be judged by a part of it."""

    def ask_shorter(self, question: Question) -> None:
        """Nothing: the score fails."""


class TrajectoryRanking(Episode[TrajectoryRankingConfig]):
    """One group of trajectories."""

    kind = "trajectory_ranking"
    config_type = TrajectoryRankingConfig
    event_types = (RelativeScore, Preference, TrajectoryStanding)
    prompts_file = Path(__file__).parent / "prompts.yaml"

    @classmethod
    def judged(cls, config: TrajectoryRankingConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_trajectories`."""
        return judged_trajectories(config, trajectory)

    @classmethod
    def authors(cls, config: TrajectoryRankingConfig) -> Mapping[str, Mapping[str, Any]]:
        """Those who spoke in the trajectories."""
        return {name: author.model_dump() for name, author in config.authors.items()}

    @classmethod
    def trials(cls, config: TrajectoryRankingConfig) -> Mapping[str, MakeTrial]:
        """See `trial.trials`."""
        from palaestra.scenarios.trajectory_ranking.trial import trials

        return trials(config)

    def play(self) -> Play:
        """Every judge reads the group in each order and scores each trajectory."""
        self._gather()
        group = self.config.group_of(self.index)
        self.item = zlib.crc32(group.task.encode()) if group.item is None else group.item
        wanted = [
            Read(group, judge, order, repeat)
            for repeat, orders in enumerate(self._orders(len(group.trajectories)), 1)
            for order in orders
            for judge in self.judges
        ]
        preferences = yield from self._compare(wanted)
        return self._standings(group, preferences)

    def _gather(self) -> None:
        rules = self.words("judge_rules")
        self.judges = {
            judge.name: self.seat(TrajectoryJudge, judge, rules, only_if_persona=True)
            for judge in self.config.judges
        }
        for judge in self.config.judges:
            if judge.rubric:
                self.judges[judge.name].remember(self.words("rubric", rubric=judge.rubric))
        self.given: dict[str, list[float]] = {}

    def _orders(self, count: int) -> list[tuple[Order, Order]]:
        """For each repeat an order drawn by chance, and its reverse."""
        drawn = [tuple(self.random.sample(range(count), count)) for _ in range(self.config.repeats)]
        return [(order, order[::-1]) for order in drawn]

    def _compare(self, wanted: Sequence[Read]) -> Asking[list[Preference]]:
        """The scores of each reading, in one exchange, and what they say of every two trajectories."""
        replies = iter((yield from self.asking([q for each in wanted for q in self._questions(each)])))
        found: list[Preference] = []
        for each in wanted:
            said = [(which, next(replies)) for which in each.order]
            for place, (which, reply) in enumerate(said, 1):
                self._note(each, which, place, reply)
            for place, (first, one) in enumerate(said):
                for second, other in said[place + 1 :]:
                    found.append(self._preference(each, first, second, one, other))
        for preference in found:
            self.record(preference)
        return found

    def _questions(self, read: Read) -> list[Question]:
        """One for each trajectory, after the same prefix."""
        shown, count = self._shown(read.group, read.order), len(read.order)
        trajectories = read.group.trajectories
        return [
            replace(
                self.judges[read.judge].ask(
                    "score",
                    POINTS,
                    {"number": place, "count": count},
                    shown,
                    trajectory=trajectories[which].name,
                    place=place,
                    repeat=read.repeat,
                ),
                shortenable=True,  # so that a group that is too long ends no run
            )
            for place, which in enumerate(read.order, 1)
        ]

    def _shown(self, group: TrajectoryGroup, order: Order) -> list[Message]:
        """The task and the trajectories in this order; nobody in one of them can speak for another."""
        headings = [self.words("trajectory", number=place) for place in range(1, len(order) + 1)]
        agents = dict.fromkeys(turn.agent for each in group.trajectories for turn in each.turns)
        labels = [f"Trajectory {place}, {agent}" for place in range(1, len(order) + 1) for agent in agents]
        self.transcript.expect(labels, headings)
        shown = [self.message("user", self.words("task", task=group.task))]
        for place, which in enumerate(order, 1):
            shown.append(self.message("user", headings[place - 1]))
            shown += [
                self.message("user", turn.text, f"Trajectory {place}, {turn.agent}")
                for turn in group.trajectories[which].turns
            ]
        return shown

    def _note(self, read: Read, which: int, place: int, reply: Reply) -> None:
        name = read.group.trajectories[which].name
        score, basis = points(reply, self.config.score_basis)
        self.record(RelativeScore(read.judge, name, read.repeat, place, score, basis))
        if score is not None:
            self.given.setdefault(name, []).append(score)

    def _preference(self, read: Read, first: int, second: int, one: Reply, other: Reply) -> Preference:
        better, basis = superiority(one, other, self.config.score_basis)
        trajectories, repeat = read.group.trajectories, f"repeat {read.repeat}"
        names = trajectories[first].name, trajectories[second].name
        return Preference(read.judge, names[0], names[1], repeat, better, basis)

    def _standings(self, group: TrajectoryGroup, preferences: Sequence[Preference]) -> dict[str, Any]:
        names = [each.name for each in group.trajectories]
        counted = counting(preferences, self.config.abstain)
        shares = panel_shares(counted, among=() if self.config.abstain == "never" else names)
        for each in group.trajectories:
            scores = self.given.get(each.name)
            score = fmean(scores) if scores else None
            self.record(
                TrajectoryStanding(each.name, each.author, len(each.turns), score, shares.get(each.name))
            )
        best = sorted(shares, key=lambda name: -shares[name])
        return {
            "best": best[0] if best else None,
            "lead": shares[best[0]] - shares[best[1]] if len(best) > 1 else None,
            "judged": len(shares),
            "failures": self.failures,
        }
