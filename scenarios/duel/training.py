"""What of a tournament trains: the answers of each contest, under the ratings at its end.

As in SPARTA, scores are weighed anew with the final ratings, so that a judge who proved
poor has lost its word in the first contests too. Handicaps, which only slow the ratings'
feedback, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.duel.config import START_RATING, DuelConfig
from scenarios.duel.events import Answer, Comparison, Judgement, Rating
from scenarios.judging import Preference, Score, judge_weights, panel_scores, panel_shares
from scenarios.trajectory import CHECKED, Judged, JudgedAnswer, JudgeScore, Trajectory


def judged_contests(config: DuelConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """Each contest with at least one usable answer.

    A judge counts where it could be understood on every answer of the contest that isn't its own.
    """
    weights = _final_weights(config, trajectory)
    entered: dict[int, dict[str, Answer]] = {}
    for entry in trajectory.told(Answer):
        if entry.call is not None:
            entered.setdefault(entry.contest, {})[entry.fighter] = entry
    scores: dict[int, list[Score]] = {}
    for said in trajectory.told(Judgement):
        score = Score(said.judge, said.contestant, "", str(said.repeat), said.score, said.basis)
        scores.setdefault(said.contest, []).append(score)
    preferences: dict[int, list[Preference]] = {}
    for told in trajectory.told(Comparison):
        preference = Preference(
            told.judge, told.first, told.second, str(told.repeat), told.first_better, told.basis
        )
        preferences.setdefault(told.contest, []).append(preference)
    for contest, answers in entered.items():
        if config.judging == "none":
            yield _checked(answers)
        elif config.judging == "pairwise":
            yield _compared(answers, preferences.get(contest, []), weights)
        else:
            yield _scored(answers, scores.get(contest, []), weights)


def _truth(answer: Answer) -> float | None:
    """Whether the check passes, 1 or 0; None without a check."""
    return None if answer.passed is None else float(answer.passed)


def _final_weights(config: DuelConfig, trajectory: Trajectory) -> dict[str, float]:
    start = START_RATING[config.ratings]
    ratings = {judge.name: judge.rating or start for judge in config.judges}
    for event in trajectory.told(Rating):
        ratings[event.fighter] = event.rating
    return judge_weights(config.weights, ratings)


def _checked(answers: dict[str, Answer]) -> Judged:
    """Answers that only the check tells apart."""
    truths = {entry.call: _truth(entry) for entry in answers.values() if entry.call is not None}
    return Judged(
        answers=tuple(JudgedAnswer(call, truth, truth) for call, truth in truths.items()),
        scores=(),
        unit=CHECKED,
        round=next(iter(answers.values())).iteration,
    )


def _scored(answers: dict[str, Answer], said: list[Score], weights: dict[str, float]) -> Judged:
    understood: dict[str, set[str]] = {}
    for score in said:
        if score.score is not None:
            understood.setdefault(score.judge, set()).add(score.contestant)
    usable = [score for score in said if understood.get(score.judge, set()) >= answers.keys() - {score.judge}]
    panel = panel_scores(usable, weights)
    calls = {name: entry.call for name, entry in answers.items() if entry.call is not None}
    return Judged(
        answers=tuple(
            JudgedAnswer(call, panel.get(name), _truth(answers[name])) for name, call in calls.items()
        ),
        scores=tuple(
            JudgeScore(
                score.judge,
                calls[score.contestant],
                score.score,
                repeat=int(score.criterion),
                weight=weights[score.judge],
            )
            for score in usable
            if score.score is not None and score.contestant in calls
        ),
        unit="points 1–10",
        round=next(iter(answers.values())).iteration,
    )


def _compared(answers: dict[str, Answer], said: list[Preference], weights: dict[str, float]) -> Judged:
    shares = panel_shares(said, weights)
    calls = {name: entry.call for name, entry in answers.items() if entry.call is not None}
    return Judged(
        answers=tuple(
            JudgedAnswer(call, shares.get(name), _truth(answers[name])) for name, call in calls.items()
        ),
        scores=tuple(
            JudgeScore(
                item.judge,
                calls[item.first],
                item.first_better,
                against=calls[item.second],
                repeat=int(item.criterion),
                weight=weights[item.judge],
            )
            for item in said
            if item.first_better is not None
        ),
        unit="probability 0–1",
        round=next(iter(answers.values())).iteration,
    )
