"""What of a tournament trains: the answers of each contest, under the ratings at its end.

As in SPARTA, scores are weighed anew with the final ratings, so that a judge who proved
poor has lost its word in the first contests too. Handicaps, which only slow the ratings'
feedback, are left out. The scores of an n-way contest's answers are levelled by their judges'
harshness over the tournament; pairs compare two answers by the judges of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from palaestra.scenarios.core.trajectory import CHECKED, Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.duel.config import START_RATING, DuelConfig
from palaestra.scenarios.duel.events import Comparison, DuelAnswer, DuelJudgement, Rating
from palaestra.scenarios.parts.abstaining import counting
from palaestra.scenarios.parts.judging import Preference, Score, judge_weights, panel_scores, panel_shares

UNITS = {"pointwise": "points 1–10", "claims": "points 1–10", "likelihood": "nats a token"}
"""Of the scores of single answers, by how they are judged."""


def judged_contests(config: DuelConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """Each contest with at least one usable answer.

    A judge counts where it could be understood on every answer of the contest that isn't its own.
    """
    weights = _final_weights(config, trajectory)
    entered: dict[int, dict[str, DuelAnswer]] = {}
    for entry in trajectory.told(DuelAnswer):
        if entry.call is not None:
            entered.setdefault(entry.contest, {})[entry.fighter] = entry
    judgements: dict[int, list[DuelJudgement]] = {}
    for judgement in trajectory.told(DuelJudgement):
        judgements.setdefault(judgement.contest, []).append(judgement)
    comparisons: dict[int, list[Comparison]] = {}
    for comparison in trajectory.told(Comparison):
        comparisons.setdefault(comparison.contest, []).append(comparison)
    harshness = _harshness(config, trajectory)
    for contest, answers in entered.items():
        if config.judging == "none":
            yield _checked(answers)
        elif config.judging == "pairwise":
            said = counting(comparisons.get(contest, []), config.abstain)
            yield _compared(config, answers, said, weights)
        else:
            yield _scored(answers, judgements.get(contest, []), weights, harshness, UNITS[config.judging])


def _truth(answer: DuelAnswer) -> float | None:
    """Whether the check passes, 1 or 0; None without a check."""
    return None if answer.passed is None else float(answer.passed)


def _final_weights(config: DuelConfig, trajectory: Trajectory) -> dict[str, float]:
    start = START_RATING[config.ratings]
    ratings = {judge.name: judge.rating or start for judge in config.judges}
    for event in trajectory.told(Rating):
        ratings[event.fighter] = event.rating
    return judge_weights(config.weights, ratings)


def _checked(answers: dict[str, DuelAnswer]) -> Judged:
    """Answers that only the check tells apart."""
    truths = {entry.call: _truth(entry) for entry in answers.values() if entry.call is not None}
    return Judged(
        answers=tuple(JudgedAnswer(call, truth, truth) for call, truth in truths.items()),
        scores=(),
        unit=CHECKED,
        round=next(iter(answers.values())).iteration,
    )


def _scored(
    answers: dict[str, DuelAnswer],
    said: list[DuelJudgement],
    weights: dict[str, float],
    harshness: dict[str, float],
    unit: str,
) -> Judged:
    understood: dict[str, set[str]] = {}
    for told in said:
        if told.score is not None:
            understood.setdefault(told.judge, set()).add(told.contestant)
    usable = [told for told in said if understood.get(told.judge, set()) >= answers.keys() - {told.judge}]
    levelled = [
        Score(told.judge, told.contestant, "", "", told.score - harshness.get(told.judge, 0.0), told.basis)
        for told in usable
        if told.score is not None
    ]
    panel = panel_scores(levelled, weights)
    calls = {name: entry.call for name, entry in answers.items() if entry.call is not None}
    return Judged(
        answers=tuple(
            JudgedAnswer(call, panel.get(name), _truth(answers[name])) for name, call in calls.items()
        ),
        scores=tuple(
            JudgeScore(
                told.judge,
                calls[told.contestant],
                told.score,
                repeat=told.repeat,
                weight=weights[told.judge],
            )
            for told in usable
            if told.score is not None and told.contestant in calls
        ),
        unit=unit,
        round=next(iter(answers.values())).iteration,
    )


def _compared(
    config: DuelConfig, answers: dict[str, DuelAnswer], said: list[Comparison], weights: dict[str, float]
) -> Judged:
    """Answers read side by side; where judges may leave some out, those that met all others have scores."""
    some = config.abstain != "never" or config.judge_budget < 1
    shares = panel_shares(
        [
            Preference(told.judge, told.first, told.second, str(told.repeat), told.first_better, told.basis)
            for told in said
        ],
        weights,
        among=answers if some else (),
    )
    calls = {name: entry.call for name, entry in answers.items() if entry.call is not None}
    return Judged(
        answers=tuple(
            JudgedAnswer(call, shares.get(name), _truth(answers[name])) for name, call in calls.items()
        ),
        scores=tuple(
            JudgeScore(
                told.judge,
                calls[told.first],
                told.first_better,
                against=calls[told.second],
                repeat=told.repeat,
                weight=weights[told.judge],
            )
            for told in said
            if told.first_better is not None
        ),
        unit="probability 0–1",
        round=next(iter(answers.values())).iteration,
    )


def _harshness(config: DuelConfig, trajectory: Trajectory) -> dict[str, float]:
    """By how much each judge's mean score is above the judges' mean, where panels differ by answer.

    In an n-way contest nobody judges its own answer, so a harsh judge would lift it. In a duel both
    answers have the same judges.
    """
    if config.contest == "duel":
        return {}
    given: dict[str, list[float]] = {}
    for told in trajectory.told(DuelJudgement):
        if told.score is not None:
            given.setdefault(told.judge, []).append(told.score)
    means = {judge: fmean(scores) for judge, scores in given.items()}
    level = fmean(means.values()) if means else 0.0
    return {judge: mean - level for judge, mean in means.items()}
