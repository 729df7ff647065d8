"""Reviewers put to planted pairs: two papers on one question, each with an answer as its abstract."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from palaestra.scenarios.core.episode import Play
from palaestra.scenarios.core.trial import MakeTrial, TrialByEpisodes, TrialPair, TrialVerdict
from palaestra.scenarios.paper_review.config import Paper, PaperReviewConfig
from palaestra.scenarios.paper_review.rules import PaperReview
from palaestra.scenarios.paper_review.scores import OVERALL

REVIEWING = "review"
"""The way of judging: a reviewer writes a review first, and scores the paper with that before it."""


def trials(config: PaperReviewConfig) -> dict[str, MakeTrial]:
    """What tries the reviewers of `config`; nothing where people who are others in each episode review."""
    if config.population is not None and not all(reviewer.persona for reviewer in config.reviewers):
        return {}
    return {REVIEWING: partial(ReviewTrial, config)}


class ReviewedAlone(PaperReview):
    """A paper that is reviewed and scored, with no rebuttal and no decision."""

    def play(self) -> Play:
        """Reviews, then scores."""
        self._gather()
        yield from self._review()
        yield from self._rate()
        return {}


class ReviewTrial(TrialByEpisodes[ReviewedAlone]):
    """Reviewers at work on planted pairs, a paper for each answer.

    Args:
        config: whose reviewers are tried.
        pairs: what they review.
        only: the names of the reviewers; None: all.
    """

    def __init__(
        self, config: PaperReviewConfig, pairs: Sequence[TrialPair], only: Collection[str] | None
    ) -> None:
        self._names = [r.name for r in config.reviewers if only is None or r.name in only]
        reviewers = [reviewer for reviewer in config.reviewers if reviewer.name in self._names]
        author = config.author.model_copy(update={"name": self.contestants[0]})
        tried = config.model_copy(update={"reviewers": reviewers, "author": author})
        papers = [
            Paper(title=pair.question, abstract=text) for pair in pairs for text in (pair.one, pair.two)
        ]
        super().__init__(
            [
                ReviewedAlone(tried.model_copy(update={"papers": [paper]}), index=number)
                for number, paper in enumerate(papers)
            ]
        )

    def verdicts(self) -> Iterator[TrialVerdict]:
        """See `Trial`: the overall score."""
        for number, episode in enumerate(self.episodes):
            referees = {referee.name: referee for referee in episode.referees}
            for name in self._names:
                call = self.first(number, name, criterion=OVERALL)
                score = referees[name].scores.get(OVERALL)
                yield TrialVerdict(number // 2, name, (number % 2,), score, call)
