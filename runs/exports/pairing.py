"""Which two answers to a question make a preference pair, and by how much one is better.

Two answers are compared by those who judged both. In an n-way contest nobody judges its own
answer, so the panels of three answers differ, and a harsh judge would lift its own one if the
answers' overall scores were compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import fsum
from typing import Literal

from palaestra.runs.branches import outcome_margin
from palaestra.runs.exports.samples import Response, Sample, score_of
from palaestra.scenarios.core.trajectory import JudgeScore

TOO_FEW = "fewer than two scored answers"
NOISE = "margins that may be the rounding of the judges' engine (--margin 0 takes them)"
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class PairRule:
    """Which two answers to a question make a pair.

    Attributes:
        take: the best and the worst (`extremes`), or every two (`all`).
        margin: least difference of their scores, in the unit of the scores; ties are never taken.
            None for what the scenario asks, if anything, and for what is more than the rounding of the
            judges' engines, where that was measured.
        floor: least score of the chosen one; None for what the scenario asks, if anything.
    """

    take: Literal["extremes", "all"] = "extremes"
    margin: float | None = None
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Required:
    """What two answers must reach to make a pair, in the unit of their scores.

    Attributes:
        margin: least difference.
        floor: least score of the chosen one; None for any.
        noise: the difference that may be the rounding of the judges' engine alone.
    """

    margin: float
    floor: float | None
    noise: float


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two answers to one question.

    Attributes:
        chosen, rejected: the answers, with their scores in this comparison.
        margin: how much better the chosen one is, > 0, in the sample's unit.
        error: its standard error over replays; None for one play.
        scores: what those who judged both said.
    """

    chosen: Response
    rejected: Response
    margin: float
    error: float | None
    scores: tuple[JudgeScore, ...]


def pairs(sample: Sample, rule: PairRule, left_out: Counter[str]) -> Iterator[ScoredPair]:
    """The pairs of a sample that the rule takes; the others are counted in `left_out`, by reason."""
    required = required_of(sample, rule)
    side_by_side = sample.basis == "panel" and any(score.against is not None for score in sample.scores)
    for pair in (_side_by_side if side_by_side else _by_score)(sample, rule, left_out):
        same = pair.chosen.turn.text == pair.rejected.turn.text
        reason = "the same answer twice" if same else refusal(pair.margin, score_of(pair.chosen), required)
        if reason:
            left_out[reason] += 1
        else:
            yield pair


def required_of(sample: Sample, rule: PairRule) -> Required:
    """What the rule, or else the scenario, asks of the pairs of a sample."""
    return Required(
        sample.margin if rule.margin is None else rule.margin,
        sample.floor if rule.floor is None else rule.floor,
        sample.noise if rule.margin is None else 0,
    )


def refusal(margin: float, chosen: float, required: Required) -> str:
    """Why two answers make no pair that are `margin` apart, the better one with the score `chosen`; or ""."""
    if margin <= TIE:
        return "ties"
    if margin < required.noise:
        return NOISE
    if margin < required.margin - TIE:
        return "margins that are too small"
    if required.floor is not None and chosen < required.floor - TIE:
        return "chosen answers that are too poor"
    return ""


def _by_score(sample: Sample, rule: PairRule, left_out: Counter[str]) -> list[ScoredPair]:
    """The pairs that the rule looks at, of answers that have scores."""
    ordered = sorted(sample.scored(), key=score_of, reverse=True)
    if len(ordered) < 2:
        left_out[TOO_FEW] += 1
        return []
    taken = [(ordered[0], ordered[-1])] if rule.take == "extremes" else combinations(ordered, 2)
    return [compare(sample, *two) for two in taken]


def _side_by_side(sample: Sample, rule: PairRule, left_out: Counter[str]) -> list[ScoredPair]:
    """The pairs that the rule looks at, of answers that judges compared.

    The extremes are the best and the worst over all the others, where every two were compared; else the two
    that are farthest apart of those that were.
    """
    said = [response for response in sample.responses if not response.turn.failed]
    if len(said) < 2:
        left_out[TOO_FEW] += 1
        return []
    scored = sorted(sample.scored(), key=score_of, reverse=True)
    every = list(combinations(scored if len(scored) == len(said) else said, 2))
    counted = [two for two in every if _told(sample, *two) is not None]
    if len(counted) == len(every) and len(scored) == len(said) and rule.take == "extremes":
        return [compare(sample, scored[0], scored[-1])]
    found = [compare(sample, *two) for two in counted]
    if rule.take == "extremes" and found:
        return [max(found, key=lambda pair: pair.margin)]
    if len(found) < len(every):
        left_out["pairs of which no judge's comparison counts"] += len(every) - len(found)
    return found


def compare(sample: Sample, one: Response, other: Response) -> ScoredPair:
    """Two answers, the better one chosen; they are scored, or judges compared them."""
    error, scores = None, _of_both(sample.scores, one.turn.call, other.turn.call)
    first, second = _told(sample, one, other) or (score_of(one), score_of(other))
    margin = first - second
    if one.outcomes and other.outcomes:
        margin, error = outcome_margin(one.outcomes, other.outcomes)
    one, other = replace(one, score=first), replace(other, score=second)
    if margin < 0:
        one, other, margin = other, one, -margin
    return ScoredPair(one, other, margin, error, scores)


def _told(sample: Sample, one: Response, other: Response) -> tuple[float, float] | None:
    """The scores of two answers by the judges of a panel who judged both; None where nobody did."""
    if sample.basis != "panel":
        return None
    return _by_judges(_of_both(sample.scores, one.turn.call, other.turn.call), one.turn.call)


def _of_both(scores: tuple[JudgeScore, ...], one: int, other: int) -> tuple[JudgeScore, ...]:
    """What the judges who judged both answers, alone or side by side, said of them."""
    pair = {one, other}
    alone: dict[str, set[int]] = {}
    for score in scores:
        if score.against is None and score.call in pair:
            alone.setdefault(score.judge, set()).add(score.call)
    return tuple(
        score
        for score in scores
        if score.call in pair
        and (alone.get(score.judge) == pair if score.against is None else score.against in pair)
    )


def _by_judges(scores: tuple[JudgeScore, ...], one: int) -> tuple[float, float] | None:
    """The two answers' weighted means over judges; of answers read side by side, both orders count alike."""
    counted = [score for score in scores if score.weight > 0]
    alone = [score for score in counted if score.against is None]
    if alone:
        ours = [score for score in alone if score.call == one]
        theirs = [score for score in alone if score.call != one]
        return _mean([(s.value, s.weight) for s in ours]), _mean([(s.value, s.weight) for s in theirs])
    told: dict[tuple[str, str, int], dict[bool, JudgeScore]] = {}
    for score in counted:
        told.setdefault((score.judge, score.criterion, score.repeat), {})[score.call == one] = score
    both = [orders for orders in told.values() if len(orders) == 2]
    if not both:
        return None
    better = _mean([((o[True].value + 1 - o[False].value) / 2, o[True].weight) for o in both])
    return better, 1 - better


def _mean(values: list[tuple[float, float]]) -> float:
    """The mean of (value, weight)."""
    return fsum(value * weight for value, weight in values) / fsum(weight for _, weight in values)
