"""What happens in a tournament, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class DuelAnswer(Event):
    """A fighter's answer in a contest.

    Attributes:
        contest, iteration: in which.
        instruction: what was asked.
        fighter, policy: who answered.
        call, message: which reply, in which message; None when it failed.
        passed: whether it passes the file's `check`; a failed answer doesn't. None without a check.
    """

    table = "answer"

    contest: int
    iteration: int
    instruction: str
    fighter: str
    policy: str
    call: int | None
    message: int | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Claim(Event):
    """A claim that a judge found in an answer, and its score of it.

    Attributes:
        contest, judge, fighter: who found it in whose answer, in which contest.
        repeat: which of the judge's judgements of this answer, from 1.
        number: its place among the claims of this judgement, from 1.
        text: in the judge's words.
        score: points of 1–10; None when the judge could not be understood.
        basis: "probabilities", "sample" or "failed".
    """

    contest: int
    judge: str
    fighter: str
    repeat: int
    number: int
    text: str
    score: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class DuelJudgement(Event):
    """A judge's score of one answer.

    Attributes:
        contest, judge, contestant: who scored whom in which contest.
        repeat: which of the judge's judgements of this answer, from 1.
        score: points of 1–10, by claims the mean of those of its claims, or with judging by likelihood
            nats a token; None when the judge could not be understood.
        basis: "probabilities", "sample", "log-probability" or "failed".
    """

    table = "judgement"

    contest: int
    judge: str
    contestant: str
    repeat: int
    score: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Comparison(Event):
    """A judge's comparison of two answers, in the order in which it read them.

    Attributes:
        contest, judge, first, second: who compared whom in which contest.
        repeat: which of the judge's comparisons in this order, from 1.
        first_better: probability 0–1; None when the judge could not be understood.
        basis: "probabilities", "sample" or "failed".
    """

    contest: int
    judge: str
    first: str
    second: str
    repeat: int
    first_better: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Match(Event):
    """The weighted result of a pair in a contest.

    Attributes:
        contest, first, second: which pair.
        first_score, second_score: weighted means over the judges; points of 1–10 times the
            handicap, with pairwise judging the probabilities of being better, by likelihood nats
            a token, without judging 1 for an answer that passed the check and 0 for another.
        margin: the first's less the second's, 0 where it is smaller than the file's `ties_below`; None
            without a judge who could be understood and didn't abstain, and where the file's `judge_budget`
            left the match unjudged.
        judges: how many counted.
    """

    contest: int
    first: str
    second: str
    first_score: float | None
    second_score: float | None
    margin: float | None
    judges: int


@dataclass(frozen=True, slots=True)
class Rating(Event):
    """A fighter's rating after a match; before the first one, `contest` is None.

    Attributes:
        iteration: from 1; 0 for the ratings at the start.
        contest, fighter: after which contest, whose.
        rating: the new rating.
        deviation: SPARTA's σ; None for Elo.
        change: of the rating in this match.
    """

    iteration: int
    contest: int | None
    fighter: str
    rating: float
    deviation: float | None
    change: float
