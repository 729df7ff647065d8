"""What of compared episodes trains: whole trajectories of one task, by what judges say of every two."""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.agents.calls import Message
from palaestra.scenarios.core.trajectory import Judged, JudgedAnswer, JudgeScore, Trajectory, Turn
from palaestra.scenarios.parts.abstaining import counting
from palaestra.scenarios.parts.judging import Preference, panel_shares
from palaestra.scenarios.trajectory_ranking.config import TrajectoryGroup, TrajectoryRankingConfig


def judged_trajectories(config: TrajectoryRankingConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """The group of an episode: each trajectory is an answer to its task, and its text what was said in it."""
    group = config.group_of(trajectory.episode)
    turns = _as_answers(group)
    calls = {turn.agent: call for call, turn in turns.items()}
    counted = counting(trajectory.told(Preference), config.abstain)
    shares = panel_shares(counted, among=() if config.abstain == "never" else calls)
    yield Judged(
        answers=tuple(JudgedAnswer(call, shares.get(name)) for name, call in calls.items()),
        scores=tuple(
            JudgeScore(
                told.judge,
                calls[told.first],
                told.first_better,
                against=calls[told.second],
                criterion=told.criterion,
            )
            for told in counted
            if told.first_better is not None
        ),
        unit="probability 0–1",
        recorded_elsewhere=turns,
    )


def _as_answers(group: TrajectoryGroup) -> dict[int, Turn]:
    """The trajectories as answers to their task; calls below 0, as none of them is a call of this run."""
    asked = (Message(0, "user", group.task),)
    return {
        -1 - number: Turn(
            call=-1 - number,
            step=0,
            agent=each.name,
            purpose="trajectory",
            about={},
            policy=each.author,
            seed=0,
            prompt=asked,
            answer={"kind": "text"},
            text=each.text,
            probabilities=None,
            finish="length" if each.cut else "stop",
            failed=False,
        )
        for number, each in enumerate(group.trajectories)
    }
