"""The rules of a paper review; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Message, Question, Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Event, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.core.trial import MakeTrial
from palaestra.scenarios.paper_review.config import PaperReviewConfig
from palaestra.scenarios.paper_review.scores import CRITERIA, OVERALL, in_words, paired, scale, spread
from palaestra.scenarios.parts.anonymity import without_name
from palaestra.scenarios.parts.judging import points

VERDICT = Choice(("accept", "reject"))


@dataclass(frozen=True, slots=True)
class Review(Event):
    """A review: by whom, under which label, in which message; None when nothing could be said."""

    reviewer: str
    label: str
    message: int | None


@dataclass(frozen=True, slots=True)
class ReviewScore(Event):
    """A reviewer's score on one criterion.

    Attributes:
        reviewer: who scored.
        moment: "before" or "after" the rebuttal; after it only the overall score is asked again.
        criterion: soundness, presentation, contribution (1–4), confidence (1–5) or overall (1–10).
        score: expected where `basis` is "probabilities", chosen where "sample"; None when the
            answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
    """

    reviewer: str
    moment: str
    criterion: str
    score: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Rebuttal(Event):
    """The author's answer.

    Attributes:
        author: who answers.
        reviewer: whose review it answers; None for all of them.
        message: the message that others read; None when nothing could be said.
    """

    author: str
    reviewer: str | None
    message: int | None


@dataclass(frozen=True, slots=True)
class ReviewDecision(Event):
    """The chair's decision.

    Attributes:
        chair: who decided.
        decision: "accept" or "reject", as chosen; None when it could not be parsed.
        accept: probability of accepting, 0–1; 0 or 1 where `basis` is "sample", None where "failed".
        basis: "probabilities", "sample" or "failed".
        message: the meta-review; None when nothing could be said.
    """

    table = "decision"

    chair: str
    decision: str | None
    accept: float | None
    basis: str
    message: int | None


class Referee(Agent):
    """A reviewer.

    Attributes:
        number: under which others know it, from 1.
        review: its review as others read it, once it is written.
        scores: its scores before the rebuttal, by criterion.
        revised: its overall score after it, 1–10.
    """

    number: int = 0
    review: Message | None = None
    scores: Mapping[str, float] = {}
    revised: float | None = None

    @property
    def label(self) -> str:
        """What others call it."""
        return f"Reviewer {self.number}"


class PaperReview(Episode[PaperReviewConfig]):
    """One paper under review."""

    kind = "paper_review"
    config_type = PaperReviewConfig
    event_types = (Review, ReviewScore, Rebuttal, ReviewDecision)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("title", "abstract", "words")
    reward_unit = "probability 0–1"

    @classmethod
    def trials(cls, config: PaperReviewConfig) -> Mapping[str, MakeTrial]:
        """See `trial.trials`."""
        from palaestra.scenarios.paper_review.trial import trials

        return trials(config)

    @classmethod
    def rewards(cls, config: PaperReviewConfig, trajectory: Trajectory) -> dict[str, float]:
        """To the author the probability that the chair accepts; nothing where it gave no valid answer."""
        accept = next(trajectory.told(ReviewDecision)).accept
        return {} if accept is None else {config.author.name: accept}

    def play(self) -> Play:
        """Reviews, scores, rebuttal, revised scores, decision."""
        self._gather()
        yield from self._review()
        yield from self._rate()
        self._publish_reviews()
        yield from self._rebut()
        yield from self._revise()
        decision = yield from self._decide()
        before, after = paired(
            {referee.name: referee.scores.get(OVERALL) for referee in self.referees},
            {referee.name: referee.revised for referee in self.referees},
        )
        return {
            "paper": self.topic["title"],
            "decision": decision.decision,
            "accept": decision.accept,
            "overall_before": fmean(before) if before else None,
            "overall_after": fmean(after) if after else None,
            "spread_before": spread(before),
            "spread_after": spread(after),
            "failures": self.failures,
        }

    def _gather(self) -> None:
        config = self.config
        (paper,) = self.cycled(config.papers)
        self.topic = {"title": paper.title, "abstract": paper.abstract, "words": config.words}
        self.author = self.seat(Agent, config.author, self.words("author_rules"))
        self.chair = self.seat(Agent, config.chair, self.words("chair_rules"))
        order = self.random.sample(range(1, len(config.reviewers) + 1), len(config.reviewers))
        self.referees = []
        rules = self.words("reviewer_rules")
        for reviewer, number in zip(config.reviewers, order, strict=True):
            expertise = self.words("expertise", expertise=reviewer.expertise) if reviewer.expertise else ""
            referee = self.seat(Referee, reviewer, rules, template="reviewer_persona", expertise=expertise)
            referee.number = number
            self.referees.append(referee)
        shown = [self.request("paper", {})]
        self.author.heard += shown
        if config.blind == "single":
            shown.append(self.request("byline", {"author": config.author.name}))
        for agent in (*self.referees, self.chair):
            agent.heard += shown

    def _publish(self, agent: Agent, label: str, reply: Reply) -> Message | None:
        """What others may read of a reply: without its speaker's name; None if nothing was said."""
        if reply.failed:
            return None
        text = without_name(reply.text, agent.name)
        return self.message("user", text, label, reply.call if text == reply.text else None)

    def _review(self) -> Asking[None]:
        replies = yield from self.asking([referee.ask("review") for referee in self.referees])
        for referee, reply in zip(self.referees, replies, strict=True):
            referee.review = self._publish(referee, referee.label, reply)
            self.record(Review(referee.name, referee.label, number_of(referee.review)))
            if not reply.failed:
                referee.private.append(
                    self.message("user", reply.text, f"Your review, as {referee.label}", reply.call)
                )

    def _rate(self) -> Asking[None]:
        asked = [(referee, criterion) for referee in self.referees for criterion in CRITERIA]
        replies = yield from self.asking([self._rating(*pair, "rate", "before") for pair in asked])
        scores: dict[str, dict[str, float]] = {referee.name: {} for referee in self.referees}
        for (referee, criterion), reply in zip(asked, replies, strict=True):
            score = self._score(referee, "before", criterion, reply)
            if score is not None:
                scores[referee.name][criterion] = score
        for referee in self.referees:
            referee.scores = scores[referee.name]
            if referee.scores:
                referee.remember(self.words("own_scores", scores=in_words(referee.scores)))

    def _rating(self, referee: Referee, criterion: str, purpose: str, moment: str) -> Question:
        highest, description = CRITERIA[criterion]
        fill: dict[str, Scalar] = {"description": description, "lowest": 1, "highest": highest}
        return referee.ask(purpose, scale(criterion), fill, criterion=criterion, moment=moment)

    def _score(self, referee: Referee, moment: str, criterion: str, reply: Reply) -> float | None:
        score, basis = points(reply, self.config.score_basis, scale(criterion))
        self.record(ReviewScore(referee.name, moment, criterion, score, basis))
        return score

    def _publish_reviews(self) -> None:
        """Author and chair read all reviews with their scores; reviewers each other's, if they may."""
        for referee in sorted(self.referees, key=lambda referee: referee.number):
            told = self._told(referee, "scores_told", referee.scores)
            readers: list[Agent] = [self.author, self.chair]
            if self.config.visible_reviews:
                readers += [other for other in self.referees if other is not referee]
            for agent in readers:
                agent.heard += [message for message in (referee.review, told) if message]

    def _told(self, referee: Referee, purpose: str, scores: Mapping[str, float]) -> Message | None:
        """The announcement of a reviewer's scores; None where there are none."""
        if not scores:
            return None
        return self.request(purpose, {"reviewer": referee.label, "scores": in_words(scores)})

    def _rebut(self) -> Asking[None]:
        reviewed = [referee for referee in self.referees if referee.review]
        if not reviewed:
            return
        answered: list[Referee | None] = [None]
        questions = [self.author.ask("rebut_jointly")] if self.config.rebuttal == "joint" else []
        if self.config.rebuttal == "per_review":
            answered = list(reviewed)
            questions = [
                self.author.ask("rebut", reviewer=referee.label, to=referee.name) for referee in reviewed
            ]
        replies = yield from self.asking(questions)
        for referee, reply in zip(answered, replies, strict=True):
            label = f"Author to {referee.label}" if referee else "Author"
            said = self._publish(self.author, label, reply)
            self.record(Rebuttal(self.author.name, referee.name if referee else None, number_of(said)))
            if said:
                to_all = referee is None or self.config.visible_reviews
                for agent in (*(self.referees if to_all else [referee]), self.chair):
                    agent.heard.append(said)

    def _revise(self) -> Asking[None]:
        replies = yield from self.asking(
            [self._rating(referee, OVERALL, "revise", "after") for referee in self.referees]
        )
        for referee, reply in zip(self.referees, replies, strict=True):
            referee.revised = self._score(referee, "after", OVERALL, reply)
            if referee.revised is not None:
                told = self._told(referee, "revision_told", {OVERALL: referee.revised})
                self.chair.heard += [told] if told else []

    def _decide(self) -> Asking[ReviewDecision]:
        (summary,) = yield from self.asking([self.chair.ask("meta_review")])
        message = None
        if not summary.failed:
            message = self.message("user", summary.text, "Your meta-review", summary.call)
            self.chair.private.append(message)
        (reply,) = yield from self.asking([self.chair.ask("decide", VERDICT)])
        chosen, accept, basis = None, None, "failed"
        if not reply.failed:
            chosen = str(reply.value)
            accept, basis = float(chosen == "accept"), "sample"
            if reply.probabilities is not None and self.config.score_basis == "expectation":
                accept, basis = reply.probabilities[0], "probabilities"
        decision = ReviewDecision(self.chair.name, chosen, accept, basis, number_of(message))
        self.record(decision)
        return decision


def number_of(message: Message | None) -> int | None:
    """The number of a message that there may be."""
    return message.number if message else None
