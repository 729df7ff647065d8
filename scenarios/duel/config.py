"""The fields of a duel's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from palaestra.agents.policy import Settings
from palaestra.metrics.ratings.sparta import LEAST_RATING
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.duel.check import AnswerCheck
from palaestra.scenarios.parts.abstaining import ABSTAIN_MEANING, Abstain, abstain_problems
from palaestra.scenarios.parts.judging import BASIS_MEANING, Judge, JudgeWeights, ScoreBasis
from palaestra.scenarios.parts.one_judge import one_judge_problems, sampled

START_RATING = {"sparta": 100.0, "elo": 1000.0}
MOST_CLAIMS = 5
IN_POINTS = ("pointwise", "claims")
"""The ways of judging whose scores are points of 1–10."""


RUBRIC_MEANING = (
    "What this judge goes by, with examples if you like; it is told whenever it judges, and only then."
)


class TribeJudge(Judge):
    """One of those who judge and don't fight."""

    rubric: str = Field("", description=RUBRIC_MEANING)


class Fighter(Participant):
    """One of those who answer instructions and judge the others' answers."""

    rubric: str = Field("", description=RUBRIC_MEANING)
    rating: float | None = Field(
        None,
        ge=-10_000,
        le=10_000,
        description="Rating at the start; SPARTA's is 10 or more. Default: 100 for SPARTA, 1000 for Elo.",
    )
    deviation: float = Field(0.5, gt=0, description="SPARTA's deviation σ at the start.")


class Matchmaking(Settings):
    """Who meets whom in duels; the defaults are SPARTA's."""

    random: float = Field(
        0.2, ge=0, le=1, description="Probability that an opponent is drawn from all others."
    )
    nearest: int = Field(3, ge=1, description="Else it is drawn from this many with the nearest ratings.")


class SpartaSettings(Settings):
    """The constants of SPARTA's rating update; the defaults are its code's."""

    initial_k: float = Field(10.0, gt=0, description="K at the start of an iteration.")
    least_k: float = Field(5.0, gt=0, description="K never falls below this.")
    decay: float = Field(0.9, gt=0, le=1, description="K shrinks by this factor in `decay_updates` updates.")
    decay_updates: float = Field(10.0, gt=0, description="See `decay`.")
    restart_decay: bool = Field(
        True, description="Whether K starts anew in every iteration, as in SPARTA's code."
    )
    least_gap: float = Field(
        0.01, gt=0, le=1, description="ε, the least rating-gap factor; raise it for runs under 300 duels."
    )
    least_deviation: float = Field(0.1, gt=0, description="σ never falls below this.")
    window: int = Field(10, ge=2, description="How many rating changes σ is taken over.")
    scale: float = Field(20.0, gt=0, description="S, what each step is divided by.")


class EloSettings(Settings):
    """The constants of Elo's rule."""

    k: float = Field(32.0, gt=0, le=1000, description="The largest change of one match.")
    scale: float = Field(400.0, ge=100, description="The rating difference with odds of ten to one.")


class DuelConfig(ScenarioConfig):
    """A tournament of duels or n-way contests."""

    scenario: Literal["duel"] = "duel"
    fighters: list[Fighter] = Field(
        min_length=2, description="Who answers; every fighter judges the matches that it is not in."
    )
    instructions: list[str] = Field(min_length=1, description="What is asked of the fighters.")
    iterations: int = Field(1, ge=1, description="How often the ratings move.")
    matches: int | None = Field(
        None,
        ge=1,
        description="How many instructions, drawn anew, an iteration uses. Default: all, in order.",
    )
    contest: Literal["duel", "n_way"] = Field(
        "duel", description="Two fighters an instruction, or all of them."
    )
    judges: list[TribeJudge] = Field([], description="Further judges, who don't fight.")
    fighters_judge: bool = Field(True, description="Whether fighters judge the matches that they are not in.")
    judging: Literal["pointwise", "pairwise", "claims", "likelihood", "none"] = Field(
        "pointwise",
        description="A judge reads one answer and scores it, or two in both orders and compares them; with "
        "`claims` it takes an answer apart into claims and scores each of these by itself, and their mean "
        "counts, which takes up to `most_claims` calls more a judgement; with `likelihood` its score is how "
        "probable the answer is as its own, the mean log-probability of the tokens; with `none` the `check` "
        "alone decides.",
    )
    most_claims: int = Field(
        MOST_CLAIMS,
        ge=1,
        le=10,
        description="With `judging: claims` how many claims a judge may find in an answer. Each may have "
        "200 characters, and the engine's context has to hold as many tokens for all of them.",
    )
    reference: str | None = Field(
        None,
        description="With `judging: likelihood` a policy whose mean log-probability is taken off, such as "
        "the model without an adapter: a score is then the judge's implicit reward.",
    )
    check: AnswerCheck | None = Field(
        None,
        description="What a program can tell of an answer: `least_words`, `most_words`, `matches`, `avoids`.",
    )
    held_out: list[str] = Field(
        [], description="Instructions that are not played: `palaestra evolve` measures progress on them."
    )
    judgements: int = Field(
        1,
        ge=1,
        le=20,
        description="How often each judge is asked the same, by `score_basis: sample`; the mean counts, and "
        "how much they differ is the judge's own noise.",
    )
    judge_budget: float = Field(
        1.0,
        gt=0,
        le=1,
        description="The share of an iteration's matches that are judged: those whose fighters' ratings are "
        "closest at its start, chance deciding between equal gaps. It saves the judges' calls on the others; "
        "all answers are asked for. It costs what the others would have told: they have no margin, move no "
        "rating and make no pairs, so that somebody who is rated wrongly, far from all, is found out later.",
    )
    score_basis: ScoreBasis = Field("expectation", description=BASIS_MEANING)
    abstain: Abstain = Field("never", description=ABSTAIN_MEANING)
    ties_below: float = Field(
        0.0,
        ge=0,
        description="Margins of matches below this are ties, in the unit of the scores: what the engine's "
        "rounding alone may make. In bfloat16 it moves an expected score of the embedded model by 0.07 "
        "points (standard deviation). Exports take `--margin`.",
    )
    ratings: Literal["sparta", "elo"] = Field("sparta", description="How ratings move.")
    weights: JudgeWeights = Field(
        "sparta",
        description="What a judge's word weighs: all the same (`uniform`), its current rating (`sparta`), "
        "or the odds that Elo gives that rating over the panel's mean (`elo`).",
    )
    freeze_ratings: bool = Field(False, description="Keep the ratings as they are at the start.")
    handicaps: Literal["none", "dynamic", "static"] = Field(
        "none",
        description="Factors 0, 0.1, 0.2 … on the scores of weak fighters from the third iteration on, "
        "SPARTA's number 2: `dynamic` for the lowest, then the two lowest and so on, `static` for one more "
        "in each, for good. "
        "SPARTA's code uses `sparta.scale: 10` with `dynamic`.",
    )
    matchmaking: Matchmaking = Field(Matchmaking(), description="Who meets whom in duels.")
    sparta: SpartaSettings = Field(SpartaSettings(), description="Constants of `ratings: sparta`.")
    elo: EloSettings = Field(EloSettings(), description="Constants of `ratings: elo`.")

    @field_validator("instructions", "held_out")
    @classmethod
    def _not_blank(cls, instructions: list[str]) -> list[str]:
        if any(not instruction.strip() for instruction in instructions):
            raise ValueError("an instruction is empty")
        return instructions

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Matches that nobody could judge, and names that collide."""
        yield from name_problems(fighters=self.fighters, judges=self.judges)
        yield from ((("check",), problem) for problem in (self.check.problems() if self.check else ()))
        for number, instruction in enumerate(self.held_out):
            if instruction in self.instructions:
                yield ("held_out", number), "an instruction that is played measures no progress; leave it out"
            if instruction in self.held_out[:number]:
                yield ("held_out", number), "it is there already; `measurements` repeats all of them"
        for number, fighter in enumerate(self.fighters):
            if self.ratings == "sparta" and fighter.rating is not None and fighter.rating < LEAST_RATING:
                yield ("fighters", number, "rating"), f"SPARTA's ratings are {LEAST_RATING:g} or more"
        yield from self._judging_problems()
        if self.matches is not None and self.matches > len(self.instructions):
            yield (
                ("matches",),
                f"{self.matches} matches need as many instructions, not {len(self.instructions)}",
            )

    def _judging_problems(self) -> Iterator[tuple[Location, str]]:
        """Answers that nobody could judge, or not so."""
        if self.judging == "none":
            if self.check is None:
                yield ("judging",), "without judging nothing tells answers apart; add a `check`"
        elif not self.judges and not self.fighters_judge:
            yield ("fighters_judge",), "nobody judges; add `judges` or let the fighters judge"
        elif not self.judges and len(self.fighters) < 3:
            yield (
                ("fighters",),
                f"{len(self.fighters)} fighters leave nobody outside a match to judge it; "
                "a tribe has 3 or more, or add `judges`",
            )
        if self.judging == "likelihood":
            yield from self._likelihood_problems()
        elif self.reference is not None:
            yield ("reference",), f"`judging: {self.judging}` has no log-probabilities to take it off"
        yield from abstain_problems(self.abstain, self.judging)
        if self.judge_budget < 1:
            yield from self._budget_problems()
        if self.judging not in IN_POINTS and self.handicaps != "none":
            yield ("handicaps",), f"handicaps scale points, and `judging: {self.judging}` has none"

    def _budget_problems(self) -> Iterator[tuple[Location, str]]:
        """Budgets that would save nothing."""
        if self.judging == "none":
            yield (
                ("judge_budget",),
                "with `judging: none` no judge is asked, so nothing is saved; leave it out",
            )
        elif self.contest == "n_way" and self.judging != "pairwise":
            yield (
                ("judge_budget",),
                f"in an n-way contest with `judging: {self.judging}` a judge scores an answer once for all "
                "of its matches, so none can be left out; take `judging: pairwise` or `contest: duel`",
            )

    def moot(self) -> Iterator[tuple[Location, str]]:
        """Judges that are one, repeats that can only be the same, and claims that nobody looks for."""
        if self.judging != "claims" and self.most_claims != MOST_CLAIMS:
            yield ("most_claims",), f"`judging: {self.judging}` finds no claims; leave this out"
        if self.judging == "none":
            return
        fighting: list[tuple[Location, Participant]] = [
            (("fighters", number), fighter) for number, fighter in enumerate(self.fighters)
        ]
        outside = [(("judges", number), judge) for number, judge in enumerate(self.judges)]
        judging = [*(fighting if self.fighters_judge else ()), *outside]
        yield from one_judge_problems(self, self.weights, judging)
        if self.judgements > 1 and not sampled(self, self.judging):
            yield (
                ("judgements",),
                "repeats of one expectation are one number; take `score_basis: sample`, or `judgements: 1`",
            )
        for location, judge in judging if self.judgements > 1 else ():
            if judge.policy in self.policies and self.policies[judge.policy].temperature == 0:
                yield (
                    (*location, "policy"),
                    f"{judge.policy!r} has temperature 0, so its repeated samples are one; raise it, or take "
                    "`judgements: 1`",
                )

    def _likelihood_problems(self) -> Iterator[tuple[Location, str]]:
        """Judges that can't weigh an answer, or don't differ from the reference, and what has no meaning."""
        if self.judgements > 1:
            yield ("judgements",), "a log-probability is the same each time; leave it at 1"
        if self.score_basis == "sample":
            yield ("score_basis",), "a log-probability is no sample; leave this out"
        if self.reference is not None:
            yield from self.policy_problems(("reference",), self.reference)
        base = self.policies.get(self.reference or "")
        fighting = self.fighters if self.fighters_judge else []
        for field, cast in (("fighters", fighting), ("judges", self.judges)):
            for number, judge in enumerate(cast):
                place = (field, number, "policy")
                yield from self.weighing_problems(place, judge.policy)
                own = self.policies.get(judge.policy)
                if base is None or own is None or own.engine not in self.engines:
                    continue
                if own.engine != base.engine:
                    yield place, f"the reference {self.reference!r} is on another engine, {base.engine!r}"
                elif self.engines[own.engine].serves_adapters and own.adapter == base.adapter:
                    told = f"{judge.policy!r} is the same model as the reference {self.reference!r}"
                    yield place, f"{told}, so every score is 0; give it an `adapter`"
