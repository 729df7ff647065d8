"""What of a panel of peers trains: all candidates to an instruction, under the panel's rewards."""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.scenarios.core.trajectory import Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.panel_of_peers.config import PanelOfPeersConfig
from palaestra.scenarios.panel_of_peers.events import Candidate, PanelReward, PeerScore
from palaestra.scenarios.panel_of_peers.rewards import normalised


def judged_candidates(config: PanelOfPeersConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """The one instruction of the episode; pairs meet the file's floor and margin."""
    calls = {}
    for candidate in trajectory.told(Candidate):
        call = trajectory.author(candidate.message)
        if call is not None:
            calls[candidate.candidate] = call
    if not calls:
        return
    rewards = {reward.candidate: reward.reward for reward in trajectory.told(PanelReward)}
    yield Judged(
        answers=tuple(JudgedAnswer(call, rewards.get(number)) for number, call in calls.items()),
        scores=tuple(
            JudgeScore(
                score.judge,
                calls[score.candidate],
                normalised(score.score),
                criterion=score.criterion,
                weight=float(not score.own or config.self_scores == "include"),
            )
            for score in trajectory.told(PeerScore)
            if score.score is not None
        ),
        unit="reward 0–1",
        floor=config.floor,
        margin=config.margin,
    )
