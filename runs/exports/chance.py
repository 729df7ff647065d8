"""How often judges would agree on the pairs of a question if they knew nothing of each other's view.

Pairs are selected by the judges themselves: the best and the worst of several, margins, no ties. That
alone makes them agree in more than half of the cases. So what chance would give is simulated: each judge's
words are put on other answers at random, each judge's in its own way, and the same rule takes its pairs.
Of two answers there are only two ways for each judge, so all ways of all judges are gone through instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import fsum
from random import Random
from statistics import fmean
from typing import NamedTuple

from palaestra.agents.calls import derive_seed
from palaestra.runs.exports.pairing import TIE, PairRule, Required, pairs, refusal, required_of
from palaestra.runs.exports.samples import Sample
from palaestra.scenarios.core.trajectory import JudgeScore

ENOUGH, MOST = 16, 200
"""Simulated pairs that the mean is of, and so many shuffles at most."""
FEW = 6
"""Judges of two answers whose ways are all gone through: 32, as the first one's two are alike."""


class _Standing(NamedTuple):
    """What a judge says of two answers: sums of its scores times its weight, those weights, and its lead."""

    first: float
    first_weight: float
    second: float
    second_weight: float
    lead: float

    def turned(self) -> _Standing:
        """The same words, each of the other answer."""
        return _Standing(self.second, self.second_weight, self.first, self.first_weight, -self.lead)


def agreement_by_chance(sample: Sample, rule: PairRule) -> float | None:
    """The mean agreement, 0–1, of independent judges on the pairs that `rule` would take of this question.

    Args:
        sample: a question with its answers and what judges said of them.
        rule: of the export.

    Returns:
        0.5 where judges had no part in the selection; None with fewer than two judges, and where no
        shuffle gave a pair.
    """
    calls = {response.turn.call for response in sample.responses}
    said = [score for score in sample.scores if {score.call, score.against} - {None} <= calls]
    judges = sorted({score.judge for score in said})
    if len(judges) < 2:
        return None
    if sample.basis != "panel":
        return 0.5
    if len(calls) == 2 and len(judges) <= FEW:
        standings = [_standing([score for score in said if score.judge == judge], *calls) for judge in judges]
        known = [standing for standing in standings if standing is not None]
        if len(known) == len(judges):
            return _of_two(known, required_of(sample, rule))
    random = Random(derive_seed(sample.run, sample.episode, sample.question))
    levels = _levels(said, calls)
    found: list[float] = []
    for _ in range(MOST):
        shuffled = tuple(_elsewhere(said, judges, random))
        for pair in pairs(_scored_anew(sample, shuffled, levels), rule, Counter()):
            agreed = _agreement(pair.scores, pair.chosen.turn.call)
            found += [] if agreed is None else [agreed]
        if len(found) >= ENOUGH:
            break
    return fmean(found) if found else None


def _standing(said: list[JudgeScore], one: int, other: int) -> _Standing | None:
    """What a judge said of two answers; None where it said less than a pair of them takes."""
    alone = [score for score in said if score.against is None]
    lead = fsum(_lead(score, one) for score in said)
    if alone and len(alone) == len(said) and {score.call for score in said} == {one, other}:
        ours, theirs = ([s for s in alone if s.call == call] for call in (one, other))
        return _Standing(*_sums(ours), *_sums(theirs), lead)
    told = {(score.call == one, score.criterion, score.repeat): score for score in said}
    if alone or any((not first, *what) not in told for first, *what in told):
        return None
    straight = [score for score in said if score.call == one]
    better = [
        replace(s, value=(s.value + 1 - told[False, s.criterion, s.repeat].value) / 2) for s in straight
    ]
    total, weight = _sums(better)
    return _Standing(total, weight, weight - total, weight, lead)


def _sums(scores: list[JudgeScore]) -> tuple[float, float]:
    """Of scores times weights, and of weights."""
    return fsum(s.value * s.weight for s in scores), fsum(s.weight for s in scores)


def _of_two(standings: list[_Standing], required: Required) -> float | None:
    """The mean agreement over all ways in which judges' words can stand on two answers and make a pair."""
    first, *others = standings
    found = []
    for way in product(*((standing, standing.turned()) for standing in others)):
        ones, one_weights, twos, two_weights, leads = zip(first, *way, strict=True)
        if not (any(one_weights) and any(two_weights)):
            return None
        one, two = fsum(ones) / fsum(one_weights), fsum(twos) / fsum(two_weights)
        if not refusal(abs(one - two), max(one, two), required):
            found.append(_share(leads))
    return fmean(found) if found else None


def _elsewhere(said: list[JudgeScore], judges: list[str], random: Random) -> Iterable[JudgeScore]:
    """The same scores, each judge's put on the answers that it judged in another order."""
    for judge in judges:
        own = [score for score in said if score.judge == judge]
        judged = sorted({call for score in own for call in (score.call, score.against) if call is not None})
        to = dict(zip(judged, random.sample(judged, len(judged)), strict=True))
        for score in own:
            against = None if score.against is None else to[score.against]
            yield JudgeScore(
                judge, to[score.call], score.value, against, score.criterion, score.repeat, score.weight
            )


def _levels(said: list[JudgeScore], calls: set[int]) -> Mapping[str, float]:
    """Each judge's mean score, where not all judged all: a harsh one would lift what it leaves out."""
    alone: dict[str, list[JudgeScore]] = defaultdict(list)
    for score in said:
        if score.against is None:
            alone[score.judge].append(score)
    if all({score.call for score in own} == calls for own in alone.values()):
        return dict.fromkeys(alone, 0.0)
    return {judge: fmean(score.value for score in own) for judge, own in alone.items()}


def _scored_anew(sample: Sample, said: tuple[JudgeScore, ...], levels: Mapping[str, float]) -> Sample:
    """The sample with these scores, and the panel's scores of its answers that follow from them."""
    parts: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for score in said:
        if score.against is None:
            parts[score.call].append((score.value - levels[score.judge], score.weight))
        else:
            parts[score.call].append((score.value, score.weight))
            parts[score.against].append((1 - score.value, score.weight))
    means = {
        call: fsum(value * weight for value, weight in told) / fsum(weight for _, weight in told)
        for call, told in parts.items()
        if any(weight > 0 for _, weight in told)
    }
    responses = tuple(replace(each, score=means.get(each.turn.call)) for each in sample.responses)
    return replace(sample, responses=responses, scores=said)


def _agreement(scores: Iterable[JudgeScore], chosen: int) -> float | None:
    """The share of two judges who prefer the same, see `palaestra.metrics.pairs.judge_agreement`."""
    leads: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        leads[score.judge].append(_lead(score, chosen))
    return _share([fsum(own) for own in leads.values()]) if len(leads) > 1 else None


def _lead(score: JudgeScore, call: int) -> float:
    """By how much it puts `call` before the other answer."""
    lead = score.value if score.against is None else 2 * score.value - 1
    return lead if score.call == call else -lead


def _share(leads: Sequence[float]) -> float:
    """The share of two judges who prefer the same, of the leads that two judges or more give an answer."""
    count = len(leads)
    signs = [0 if abs(lead) < TIE else 1 if lead > 0 else -1 for lead in leads]
    same = (sum(signs) ** 2 - sum(sign * sign for sign in signs)) / (count * (count - 1))
    return (1 + same) / 2
