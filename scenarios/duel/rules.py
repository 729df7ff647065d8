"""The rules of duels and n-way contests; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.metrics.ratings.elo import EloConstants, update_elo
from palaestra.metrics.ratings.sparta import Reputation, SpartaConstants, SpartaRatings
from palaestra.scenarios.core.episode import Asking, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.core.trial import MakeTrial
from palaestra.scenarios.duel.config import START_RATING, DuelConfig
from palaestra.scenarios.duel.contest import Contest
from palaestra.scenarios.duel.events import Claim, Comparison, DuelAnswer, DuelJudgement, Match, Rating
from palaestra.scenarios.duel.judging import JudgedContests
from palaestra.scenarios.duel.matchmaking import handicaps, left_unjudged, matchmake
from palaestra.scenarios.duel.training import judged_contests
from palaestra.scenarios.parts.judging import judge_weights


class Duel(JudgedContests):
    """One tournament."""

    kind = "duel"
    config_type = DuelConfig
    event_types = (DuelAnswer, Claim, DuelJudgement, Comparison, Match, Rating)
    prompts_file = Path(__file__).parent / "prompts.yaml"

    @classmethod
    def judged(cls, config: DuelConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_contests`."""
        return judged_contests(config, trajectory)

    @classmethod
    def trials(cls, config: DuelConfig) -> Mapping[str, MakeTrial]:
        """See `trial.trials`."""
        from palaestra.scenarios.duel.trial import trials

        return trials(config)

    def play(self) -> Play:
        """Iterations of: matchmaking, all answers, all judgements, ratings match by match."""
        self._gather()
        for iteration in range(1, self.config.iterations + 1):
            contests = self._matchmake()
            yield from self._fight(iteration, contests)
            self._spare_judges(contests)
            yield from self._judge(contests)
            self._rate(iteration, contests)
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        rules = self.words("fighter_rules")
        in_the_author_s_place = config.judging == "likelihood"
        judge_rules = rules if in_the_author_s_place else self.words("judge_rules")
        self.fighters = {
            member.name: self.seat(Agent, member, rules, only_if_persona=True) for member in config.fighters
        }
        judging = (*(config.fighters if config.fighters_judge else ()), *config.judges)
        self.judges = {
            member.name: self.seat(Agent, member, judge_rules, only_if_persona=True) for member in judging
        }
        for member in judging:
            if member.rubric:
                self.judges[member.name].remember(self.words("rubric", rubric=member.rubric))
        start = START_RATING[config.ratings]
        self.outside_ratings = {judge.name: judge.rating or start for judge in config.judges}
        self.reputations = {f.name: Reputation(f.rating or start, f.deviation) for f in config.fighters}
        constants = config.sparta.model_dump(exclude={"restart_decay"})
        self.sparta = SpartaRatings(self.reputations, SpartaConstants(**constants))
        self.past: list[list[str]] = []
        self.matches: list[Match] = []
        self.contests: list[Contest] = []
        for name in self.fighters:
            self._record_rating(0, None, name, 0.0)

    @property
    def ratings(self) -> dict[str, float]:
        """The fighters' ratings now."""
        return {name: reputation.rating for name, reputation in self.reputations.items()}

    def _matchmake(self) -> list[Contest]:
        config = self.config
        instructions = config.instructions
        if config.matches is not None:
            instructions = self.random.sample(instructions, config.matches)
        sides: list[tuple[str, ...]] = [tuple(self.fighters)] * len(instructions)
        if config.contest == "duel":
            made = matchmake(
                len(instructions),
                self.ratings,
                self.random,
                chance=config.matchmaking.random,
                nearest=config.matchmaking.nearest,
            )
            sides = list(made)
        contests = [
            Contest(number, instruction, side)
            for number, (instruction, side) in enumerate(
                zip(instructions, sides, strict=True), start=len(self.contests)
            )
        ]
        self.contests += contests
        return contests

    def _fight(self, iteration: int, contests: list[Contest]) -> Asking[None]:
        asked = [(contest, name) for contest in contests for name in contest.contestants]
        questions = [
            self.fighters[name].ask(
                "answer", fill={"instruction": contest.instruction}, contest=contest.number
            )
            for contest, name in asked
        ]
        replies = yield from self.asking(questions)
        for (contest, name), reply in zip(asked, replies, strict=True):
            if not reply.failed:
                contest.answers[name] = self.message("user", reply.text, source=reply.call)
            message = contest.answers.get(name)
            passed = None
            if self.config.check is not None:
                passed = contest.passed[name] = not reply.failed and self.config.check.passes(reply.text)
            self.record(
                DuelAnswer(
                    contest.number,
                    iteration,
                    contest.instruction,
                    name,
                    self.fighters[name].policy,
                    None if message is None else message.source,
                    None if message is None else message.number,
                    passed,
                )
            )

    def _spare_judges(self, contests: list[Contest]) -> None:
        """Leave what the judges' budget doesn't reach unjudged."""
        for contest, pair in left_unjudged(contests, self.ratings, self.config.judge_budget, self.random):
            contest.unjudged.add(pair)

    def _rate(self, iteration: int, contests: list[Contest]) -> None:
        if self.config.sparta.restart_decay:
            self.sparta.restart_decay()
        factors = handicaps(self.config.handicaps, self.past)
        for contest in contests:
            for first, second in contest.pairs():
                match = self._match(contest, first, second, factors)
                self.matches.append(match)
                self.record(match)
                if match.margin is not None and not self.config.freeze_ratings:
                    self._update(iteration, match)
        ratings = self.ratings
        self.past.append(sorted(ratings, key=lambda name: ratings[name]))

    def _match(self, contest: Contest, first: str, second: str, factors: dict[str, float]) -> Match:
        """The pair's result over all judges outside it, by their weights of this moment."""
        if self.config.judging == "none":
            one, other = float(contest.passed[first]), float(contest.passed[second])
            return Match(contest.number, first, second, one, other, one - other, 0)
        abstain = self.config.abstain
        told = {judge: contest.pair_scores(judge, first, second, abstain) for judge in self.judges}
        usable = {judge: both for judge, both in told.items() if both is not None}
        if not usable:
            return Match(contest.number, first, second, None, None, None, 0)
        current = self.outside_ratings | self.ratings
        weights = judge_weights(self.config.weights, {judge: current[judge] for judge in usable})
        total = sum(weights.values())
        one, other = (
            sum(weights[judge] * both[side] for judge, both in usable.items())
            / total
            * factors.get(name, 1.0)
            for side, name in enumerate((first, second))
        )
        margin = one - other if abs(one - other) >= self.config.ties_below else 0.0
        return Match(contest.number, first, second, one, other, margin, len(usable))

    def _update(self, iteration: int, match: Match) -> None:
        assert match.margin is not None
        assert match.first_score is not None
        if self.config.ratings == "sparta":
            changes = self.sparta.update(match.first, match.second, match.margin)
        else:
            score = (1 + (match.margin > 0) - (match.margin < 0)) / 2
            if self.config.judging == "pairwise" and match.margin:
                score = match.first_score
            ratings = self.ratings
            constants = EloConstants(k=self.config.elo.k, scale=self.config.elo.scale)
            change = update_elo(ratings, match.first, match.second, score, constants)
            changes = change, -change
            for name, rating in ratings.items():
                self.reputations[name].rating = rating
        for name, change in zip((match.first, match.second), changes, strict=True):
            self._record_rating(iteration, match.contest, name, change)

    def _record_rating(self, iteration: int, contest: int | None, name: str, change: float) -> None:
        reputation = self.reputations[name]
        deviation = reputation.deviation if self.config.ratings == "sparta" else None
        self.record(Rating(iteration, contest, name, reputation.rating, deviation, change))

    def _outcome(self) -> dict[str, str | int | float | bool | None]:
        ratings = self.ratings
        leader = max(ratings, key=lambda name: ratings[name])
        passed = [event.passed for _, event in self.events if isinstance(event, DuelAnswer)]
        decided = [match.margin for match in self.matches if match.margin is not None]
        unjudged = sum(len(contest.unjudged) for contest in self.contests)
        return {
            "leader": leader,
            "leader_rating": ratings[leader],
            "spread": ratings[leader] - min(ratings.values()),
            "ties": decided.count(0.0) / len(decided) if decided else None,
            "passed": fmean(map(bool, passed)) if self.config.check is not None else None,
            "undecided": len(self.matches) - len(decided) - unjudged,
            "unjudged": unjudged,
            "failures": self.failures,
        }
