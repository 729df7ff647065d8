"""What of mutual welfare trains: all answers to a question, under √(user · LLM), with both rewards beside it.

The two rewards go along as scores of no weight, under the criteria "user" and "LLM".
"""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.scenarios.core.trajectory import Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.mutual_welfare.events import Correctness, MutualWelfareFound

REWARD = "mutual welfare"
"""Stands in the place of a judge: the rules make the reward, from what judge or program say."""


def judged_answers(trajectory: Trajectory) -> Iterator[Judged]:
    """Each question of the episode with the answers that were understood; `truth` is the program's word."""
    checked = {told.call: told.llm for told in trajectory.told(Correctness) if told.basis == "program"}
    questions: dict[int, list[MutualWelfareFound]] = {}
    for told in trajectory.told(MutualWelfareFound):
        if not trajectory.turns[told.call].failed:
            questions.setdefault(told.question, []).append(told)
    for answers in questions.values():
        yield Judged(
            answers=tuple(JudgedAnswer(a.call, a.mutual, checked.get(a.call)) for a in answers),
            scores=tuple(score for answer in answers for score in _scores(answer)),
            unit="mutual welfare 0–1",
        )


def _scores(answer: MutualWelfareFound) -> Iterator[JudgeScore]:
    if answer.mutual is None or answer.user is None or answer.llm is None:
        return
    yield JudgeScore(REWARD, answer.call, answer.mutual)
    for criterion, value in (("user", answer.user), ("LLM", answer.llm)):
        yield JudgeScore(REWARD, answer.call, value, criterion=criterion, weight=0.0)
