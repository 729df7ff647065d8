"""Those who compare trajectories put to planted pairs: groups of two, read in both orders."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from palaestra.scenarios.core.episode import Play
from palaestra.scenarios.core.trial import CONTESTANTS, MakeTrial, TrialPair, TrialVerdict
from palaestra.scenarios.trajectory_ranking.config import (
    FinishedTrajectory,
    SpokenTurn,
    TrajectoryGroup,
    TrajectoryRankingConfig,
)
from palaestra.scenarios.trajectory_ranking.rules import Read, TrajectoryRanking

BOTH = ((0, 1), (1, 0))
SPEAKER = "Agent"


def trials(config: TrajectoryRankingConfig) -> dict[str, MakeTrial]:
    """What tries the judges of `config`; nothing where people who are others in each episode judge."""
    if config.population is not None and not all(judge.persona for judge in config.judges):
        return {}

    def make(pairs: Sequence[TrialPair], only: Collection[str] | None) -> TrajectoryTrial:
        return TrajectoryTrial(config, pairs, only)

    return {"relative": make}


class TrajectoryTrial(TrajectoryRanking):
    """Judges at work on planted pairs, each answer a trajectory of one turn."""

    contestants = CONTESTANTS

    def __init__(
        self, config: TrajectoryRankingConfig, pairs: Sequence[TrialPair], only: Collection[str] | None
    ) -> None:
        judges = [judge for judge in config.judges if only is None or judge.name in only]
        groups = [_group(pair) for pair in pairs]
        super().__init__(config.model_copy(update={"judges": judges, "groups": groups, "repeats": 1}))
        self._wanted = [
            Read(group, judge.name, order, 1) for group in groups for order in BOTH for judge in judges
        ]
        self._told: list[float | None] = [None] * len(self._wanted)

    def play(self) -> Play:
        """All scores at once."""
        self._gather()
        preferences = yield from self._compare(self._wanted)
        self._told = [preference.first_better for preference in preferences]
        return {}

    def verdicts(self) -> Iterator[TrialVerdict]:
        """See `palaestra.scenarios.core.trial.Trial`."""
        for number, (read, told) in enumerate(zip(self._wanted, self._told, strict=True)):
            pair = number // (len(BOTH) * len(self.config.judges))
            yield TrialVerdict(pair, read.judge, read.order, told, len(read.order) * number)


def _group(pair: TrialPair) -> TrajectoryGroup:
    return TrajectoryGroup(
        task=pair.question,
        trajectories=[
            FinishedTrajectory(name=name, author=SPEAKER, turns=[SpokenTurn(agent=SPEAKER, text=text)])
            for name, text in zip(CONTESTANTS, (pair.one, pair.two), strict=True)
        ],
    )
