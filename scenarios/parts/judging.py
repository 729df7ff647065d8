"""Judging for all scenarios: what a panel is asked, how its scores combine, what its word weighs.

Judges see blind labels, never names. They score pointwise (each contestant on each criterion
of a rubric, 1 to 10) or pairwise (which of two is better, asked in both orders). A score is
the expectation over the judge's option probabilities, or the option that the judge chose.
Or a judge says nothing: its score of an answer is how probable it finds it (`likelihood`).
Answers that can't be parsed are left out and counted, never replaced by a middle score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Literal

from pydantic import Field

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Reply
from palaestra.metrics.ratings.sparta import LEAST_RATING
from palaestra.scenarios.core.config import Location, Participant
from palaestra.scenarios.core.episode import Event

POINTS = Choice(tuple(str(points) for points in range(1, 11)))
PREFERENCE = Choice(("first", "second"))

ScoreBasis = Literal["expectation", "sample"]
BASIS_MEANING = (
    "`expectation` takes a score as the mean over the judge's option probabilities, "
    "`sample` as the option that the judge chose."
)
JudgeWeights = Literal["uniform", "elo", "sparta"]
WEIGHTS_MEANING = (
    "What a judge's word weighs: all the same (`uniform`), its `rating` (`sparta`), "
    "or the odds that Elo gives its `rating` over the panel's mean (`elo`)."
)


class Judge(Participant):
    """One of those who may sit on a panel."""

    rating: float | None = Field(
        None,
        gt=0,
        le=10_000,
        description="This judge's record, from a tournament, say; read by `weights`. Default: 100, "
        "or where fighters are rated, what they start with.",
    )


@dataclass(frozen=True, slots=True)
class Score(Event):
    """A judge's score of one contestant on one criterion.

    Attributes:
        judge, contestant, criterion: who scored whom on what.
        label: what the judge saw instead of the contestant's name.
        score: 1–10, expected where `basis` is "probabilities", chosen where "sample";
            None when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
    """

    judge: str
    contestant: str
    label: str
    criterion: str
    score: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Preference(Event):
    """A judge's comparison of two contestants, asked in one order.

    Attributes:
        judge: who compared.
        first, second: the contestants, in the order in which the judge read them.
        criterion: on what.
        first_better: probability 0–1 that the first is better, 0 or 1 where `basis` is
            "sample"; None when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
    """

    judge: str
    first: str
    second: str
    criterion: str
    first_better: float | None
    basis: str


def expected_value(options: Iterable[float], probabilities: Iterable[float]) -> float:
    """Σ p·v over the options' values v and probabilities p."""
    return fsum(p * v for p, v in zip(probabilities, options, strict=True))


def points(
    reply: Reply, basis: ScoreBasis = "expectation", scale: Choice = POINTS
) -> tuple[float | None, str]:
    """The score in a reply to a call whose options are numbers, and its basis (see `Score`).

    Args:
        reply: the reply.
        basis: whether to take the expectation, where there are probabilities, or the sample.
        scale: the options of the call.
    """
    if reply.failed:
        return None, "failed"
    if reply.probabilities is not None and basis == "expectation":
        return expected_value(map(float, scale.options), reply.probabilities), "probabilities"
    return float(str(reply.value)), "sample"


def preference(
    reply: Reply, basis: ScoreBasis = "expectation", first: str = PREFERENCE.options[0]
) -> tuple[float | None, str]:
    """The probability that the first of two is better, and its basis (see `Preference`).

    Args:
        reply: the reply to a choice of two, the first of them `first`.
        basis: whether to take the probability, where there is one, or the sample.
        first: the option that stands for the first.
    """
    if reply.failed:
        return None, "failed"
    if reply.probabilities is not None and basis == "expectation":
        return reply.probabilities[0], "probabilities"
    return float(reply.value == first), "sample"


def superiority(
    one: Reply, other: Reply, basis: ScoreBasis = "expectation", scale: Choice = POINTS
) -> tuple[float | None, str]:
    """The probability that the score of `one` is higher than that of `other`, ties as halves, and its basis.

    Args:
        one: the reply to a call whose options are numbers.
        other: the reply to another.
        basis: whether to take the options' probabilities, where there are any, or the samples.
        scale: the options of the calls.
    """
    if one.failed or other.failed:
        return None, "failed"
    levels = [float(option) for option in scale.options]
    if basis == "expectation" and one.probabilities is not None and other.probabilities is not None:
        ours, theirs = (list(zip(levels, r.probabilities or (), strict=True)) for r in (one, other))
        return min(1.0, fsum(p * q * _over(a, b) for a, p in ours for b, q in theirs)), "probabilities"
    return _over(float(str(one.value)), float(str(other.value))), "sample"


def _over(one: float, other: float) -> float:
    return (1 + (one > other) - (one < other)) / 2


def likelihood(reply: Reply, reference: Reply | None = None) -> tuple[float | None, str]:
    """How probable the judge finds an answer, nats a token, and the basis of that score.

    It is the mean log-probability of the answer's tokens, with a reference less that by the reference: the
    logarithm of the ratio of both, a token.

    Args:
        reply: to a call that weighs the answer.
        reference: the reply of another policy to the same call.
    """
    told = [each.value for each in (reply, reference) if each is not None]
    means = [float(value["mean_logprob"]) for value in told if isinstance(value, dict)]
    if len(means) < len(told):
        return None, "failed"
    return means[0] - fsum(means[1:]), "log-probability"


def judge_weights(kind: JudgeWeights, ratings: Mapping[str, float]) -> dict[str, float]:
    """What the word of each judge weighs, > 0.

    Args:
        kind: "uniform": 1. "sparta": the rating itself, at least 10, as SPARTA weighs. "elo":
            10^((rating − mean rating) / 400), the odds of Elo's model; our choice, as no
            published system names one.
        ratings: of the judges.
    """
    if kind == "uniform":
        return dict.fromkeys(ratings, 1.0)
    if kind == "sparta":
        return {name: max(LEAST_RATING, rating) for name, rating in ratings.items()}
    mean = fmean(ratings.values()) if ratings else 0.0
    return {name: 10 ** ((rating - mean) / 400) for name, rating in ratings.items()}


def panel_scores(scores: Iterable[Score], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """The panel's score of each contestant, on the judges' scale: Σ w·s / Σ w over judges and criteria.

    Args:
        scores: the scores; those without a value are left out.
        weights: a weight ≥ 0 for each judge; equal ones by default.

    Returns:
        A mean for each contestant who has at least one score of positive weight.
    """
    sums: dict[str, list[tuple[float, float]]] = {}
    for score in scores:
        weight = 1.0 if weights is None else weights[score.judge]
        if score.score is not None and weight > 0:
            sums.setdefault(score.contestant, []).append((weight * score.score, weight))
    return {name: _mean(parts) for name, parts in sums.items()}


def panel_shares(
    preferences: Iterable[Preference],
    weights: Mapping[str, float] | None = None,
    among: Collection[str] = (),
) -> dict[str, float]:
    """Each contestant's probability, 0–1, of being better than another: the mean over these of Σ w·p / Σ w.

    The two orders of a judge, a pair and a criterion count the same, so a judge who always
    takes the one that it reads first says 0.5; one who answered in one order only is left out.

    Args:
        preferences: the comparisons; those without a value are left out.
        weights: a weight ≥ 0 for each judge; equal ones by default.
        among: all contestants, where a share is only to be told of those who were compared with all others:
            over some of them it would tell with whom one was compared.
    """
    told: dict[tuple[str, str, str, str], float] = {}
    for item in preferences:
        if item.first_better is not None:
            told[item.judge, item.criterion, item.first, item.second] = item.first_better
    parts: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for (judge, criterion, first, second), better in told.items():
        crossed = told.get((judge, criterion, second, first))
        weight = 1.0 if weights is None else weights[judge]
        if crossed is not None and weight > 0:
            both = (weight * (better + 1 - crossed) / 2, weight)
            parts.setdefault(first, {}).setdefault(second, []).append(both)
    return {
        name: fmean(_mean(of_one) for of_one in found.values())
        for name, found in parts.items()
        if not among or found.keys() >= {*among} - {name}
    }


def panel_problems(panel: int | None, judges: Sequence[Judge]) -> Iterator[tuple[Location, str]]:
    """What is wrong with a panel of this size drawn from `judges`."""
    if panel is not None and panel > len(judges):
        yield (
            ("panel",),
            f"a panel of {panel} can't be drawn from {len(judges)} judges; lower `panel` or add to `judges`",
        )


def _mean(parts: Sequence[tuple[float, float]]) -> float:
    return fsum(total for total, _ in parts) / fsum(weight for _, weight in parts)
