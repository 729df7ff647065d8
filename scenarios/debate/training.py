"""What of a debate trains: speeches of the same round for the same side, under the panel's scores.

The panel scores a debater's whole part, so each of its speeches carries that score. Only
with simultaneous speaking do speeches answer the same question; for other debates, branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.scenarios.core.trajectory import Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.debate.config import DebateConfig
from palaestra.scenarios.debate.events import DebateSpeech, Verdict
from palaestra.scenarios.parts.abstaining import counting
from palaestra.scenarios.parts.judging import Preference, Score, judge_weights


def judged_speeches(config: DebateConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """The speeches of each round and side; one at a time where debaters speak one after another."""
    verdicts = {verdict.agent: verdict for verdict in trajectory.told(Verdict)}
    sides: dict[tuple[int, str], dict[str, int]] = {}
    for speech in trajectory.told(DebateSpeech):
        call = trajectory.author(speech.message)
        if call is not None and speech.agent in verdicts:
            alone = speech.agent if config.speaking == "sequential" else ""
            side = verdicts[speech.agent].stance + alone
            sides.setdefault((speech.round, side), {})[speech.agent] = call
    for (number, _), calls in sides.items():
        yield Judged(
            answers=tuple(JudgedAnswer(call, verdicts[name].score) for name, call in calls.items()),
            scores=tuple(_scores(config, trajectory, calls)),
            unit="points 1–10" if config.judging == "pointwise" else "probability 0–1",
            round=number,
        )


def _scores(config: DebateConfig, trajectory: Trajectory, calls: dict[str, int]) -> Iterator[JudgeScore]:
    """What counts of what judges said of these debaters' calls."""
    ratings = {judge.name: judge.rating or 100.0 for judge in config.judges}
    weights = judge_weights(config.weights, ratings)
    for score in trajectory.told(Score):
        if score.score is not None and score.contestant in calls:
            call, weight = calls[score.contestant], weights[score.judge]
            yield JudgeScore(score.judge, call, score.score, criterion=score.criterion, weight=weight)
    for told in counting(trajectory.told(Preference), config.abstain):
        if told.first_better is not None and told.first in calls and told.second in calls:
            yield JudgeScore(
                told.judge,
                calls[told.first],
                told.first_better,
                against=calls[told.second],
                criterion=told.criterion,
                weight=weights[told.judge],
            )
