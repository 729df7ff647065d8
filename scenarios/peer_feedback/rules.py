"""The rules of peer feedback; the package's docstring is their summary."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mesa.discrete_space import Cell, FixedAgent, OrthogonalMooreGrid

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Answer, Choice, Text
from palaestra.agents.calls import Message, Question, Scalar
from palaestra.scenarios.core.config import Participant
from palaestra.scenarios.core.episode import AnyAgent, Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.parts.judging import points
from palaestra.scenarios.peer_feedback.config import PeerFeedbackConfig
from palaestra.scenarios.peer_feedback.events import Draft, Feedback, Observation, Revision
from palaestra.scenarios.peer_feedback.memory import AnswerMemory, Recalled
from palaestra.scenarios.peer_feedback.training import judged_drafts
from palaestra.scenarios.peer_feedback.world import Label, Place, back_scatter, labels, neighbours, places

SCALE = Choice(tuple(str(rating) for rating in range(1, 8)))
CRITERIA = ("alignment", "engagement")
BLIND_LABEL = "Answer"


class Peer(Agent, FixedAgent):
    """One who lives on the grid, in its `cell`.

    Attributes:
        label: whether it began with good or bad memories.
        answers_given: its questions and answers.
    """

    label: Label = "good"
    answers_given: AnswerMemory

    @property
    def place(self) -> Place:
        """Row and column of its cell."""
        assert self.cell is not None
        row, column = self.cell.coordinate
        return row, column


@dataclass(slots=True)
class GivenFeedback:
    """What one peer says to a draft, see `Feedback`."""

    peer: Peer
    local: bool
    rating: float | None = None
    basis: str = "failed"
    reason: Message | None = None


@dataclass(slots=True)
class Work:
    """What becomes of a draft; `asked` is the message of its question."""

    author: Peer
    question: str
    asked: Message
    draft: Message
    feedback: list[GivenFeedback]
    revision: Message | None = None

    @property
    def ratings(self) -> list[tuple[float, Message | None]]:
        """The peers' ratings, 1–7, with their reasons, the harshest last; none that failed."""
        rated = [(given.rating, given.reason) for given in self.feedback if given.rating is not None]
        return sorted(rated, key=lambda pair: -pair[0])


@dataclass(slots=True)
class Seen:
    """What the observer makes of an answer, see `Observation`."""

    work: Work
    moment: str
    criterion: str
    answer: Message
    score: float | None = None
    basis: str = "failed"
    reason: int | None = None


class PeerFeedback(Episode[PeerFeedbackConfig]):
    """Some rounds of questions in one world."""

    kind = "peer_feedback"
    config_type = PeerFeedbackConfig
    event_types = (Draft, Feedback, Revision, Observation)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("words",)

    @classmethod
    def judged(cls, config: PeerFeedbackConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_drafts`."""
        return judged_drafts(config, trajectory)

    def play(self) -> Play:
        """In each round drafts, feedback, revisions and the observer's ratings."""
        self.topic = {"words": self.config.words}
        self._settle()
        for number in range(1, self.config.rounds + 1):
            works = yield from self._draft(number)
            yield from self._give_feedback(number, works)
            yield from self._revise(number, works)
            yield from self._observe(number, works)
            for work in works:
                if work.revision:
                    answer = self.message(
                        "user", work.revision.text, "Your answer then", work.revision.source
                    )
                    work.author.answers_given.keep(work.question, answer)
        # Mesa registers each grid's own class of cells for pickling, for as long as the process lives.
        copyreg.dispatch_table.pop(self.grid.cell_klass, None)
        return self._result()

    def _settle(self) -> None:
        """Put the peers on the grid, row by row, with their first memories."""
        config = self.config
        size = (config.size, config.size)
        self.grid: OrthogonalMooreGrid[Cell] = OrthogonalMooreGrid(size, capacity=1, random=self.random)
        label = labels(config.world, config.size, self.random)
        prior = {"good": config.good_memories, "bad": config.bad_memories}
        self.at: dict[Place, Peer] = {}
        for declared, place in zip(config.peers, places(config.size), strict=True):
            peer = self.at[place] = self._agent(Peer, declared, "peer_rules")
            peer.cell, peer.label, peer.answers_given = self.grid[place], label[place], AnswerMemory()
            pairs = prior[peer.label]
            for pair in self.random.sample(pairs, min(config.prior, len(pairs))):
                peer.answers_given.keep(pair.question, self.message("user", pair.answer, "Your answer then"))
        self.observer = self._agent(Agent, config.observer, "observer_rules")

    def _agent(self, kind: type[AnyAgent], declared: Participant, rules: str) -> AnyAgent:
        return self.seat(kind, declared, self.words(rules), only_if_persona=True)

    def _draft(self, number: int) -> Asking[list[Work]]:
        """Ask each peer the next question of the file; return the drafts that were understood."""
        peers, questions = list(self.at.values()), self.config.questions
        first = (self.index * self.config.rounds + number - 1) * len(peers)
        asked = []
        for position, peer in enumerate(peers, first):
            question = questions[position % len(questions)]
            memory = peer.answers_given.nearest(question, self.config.distance)
            asked.append((peer, question, self.request("question", {"question": question}), memory))
        replies = yield from self.asking(
            [
                peer.ask(
                    "draft",
                    Text(),
                    {"question": question},
                    reading=[shown, *self._shown(memory)],
                    round=number,
                )
                for peer, question, shown, memory in asked
            ]
        )
        works = []
        for (peer, question, shown, memory), reply in zip(asked, replies, strict=True):
            draft = None
            if not reply.failed:
                draft = self.message("user", reply.text, peer.name, reply.call)
                works.append(Work(peer, question, shown, draft, self._scatter(peer)))
            distance = memory.distance if memory else None
            message = draft.number if draft else None
            self.record(Draft(peer.name, peer.label, *peer.place, number, question, distance, message))
        return works

    def _shown(self, memory: Recalled | None) -> list[Message]:
        """A remembered question and its answer, as the one who remembers is shown them."""
        if memory is None:
            return []
        return [self.request("recalled", {"question": memory.question}), memory.answer]

    def _scatter(self, author: Peer) -> list[GivenFeedback]:
        """The peers who are to give feedback to `author`."""
        config = self.config
        near = neighbours(config.size)[author.place]
        others = [place for place in self.at if place != author.place and place not in near]
        dropout = None if config.scope == "local" else config.dropout
        chosen = back_scatter(near, others, config.quota, dropout, self.random)
        return [GivenFeedback(self.at[place], place in near) for place in chosen]

    def _give_feedback(self, number: int, works: list[Work]) -> Asking[None]:
        asked = [(work, given) for work in works for given in work.feedback]
        replies = yield from self.asking([self._feedback("rate", SCALE, number, *pair) for pair in asked])
        for (_, given), reply in zip(asked, replies, strict=True):
            given.rating, given.basis = points(reply, self.config.score_basis, SCALE)
        if not self.config.score_only:
            rated = [pair for pair in asked if pair[1].rating is not None]
            replies = yield from self.asking(
                [self._feedback("explain", Text(), number, *pair) for pair in rated]
            )
            for (_, given), reply in zip(rated, replies, strict=True):
                if not reply.failed:
                    label = f"A peer who gave {_whole(given.rating)} of 7"
                    given.reason = self.message("user", reply.text, label, reply.call)
        for work, given in asked:
            who = work.author.name, given.peer.name, given.local
            reason = given.reason.number if given.reason else None
            self.record(Feedback(*who, number, given.rating, given.basis, work.draft.number, reason))

    def _feedback(
        self, purpose: str, answer: Answer, number: int, work: Work, given: GivenFeedback
    ) -> Question:
        memory = given.peer.answers_given.nearest(work.question, self.config.distance)
        return given.peer.ask(
            purpose,
            answer,
            {"rating": _whole(given.rating)},
            reading=[work.asked, work.draft, *self._shown(memory)],
            round=number,
            author=work.author.name,
        )

    def _revise(self, number: int, works: list[Work]) -> Asking[None]:
        replies = yield from self.asking([self._revision(number, work) for work in works])
        for work, reply in zip(works, replies, strict=True):
            if not reply.failed:
                work.revision = self.message("user", reply.text, work.author.name, reply.call)
            ratings = [rating for rating, _ in work.ratings]
            mean = fmean(ratings) if ratings else None
            message = work.revision.number if work.revision else None
            self.record(Revision(work.author.name, number, mean, len(ratings), work.draft.number, message))

    def _revision(self, number: int, work: Work) -> Question:
        """The question for a revision; it shows the mean rating, then the reasons, the harshest last."""
        told = []
        if work.ratings:
            mean = fmean(rating for rating, _ in work.ratings)
            told.append(self.request("mean_rating", {"mean": f"{mean:.1f}"}))
        reasons = [reason for _, reason in work.ratings if reason]
        if reasons:
            told += [self.request("reasons", {}), *reasons]
        fill: dict[str, Scalar] = {"question": work.question}
        own = self.message("user", work.draft.text, "Your answer", work.draft.source)
        return work.author.ask("revise", Text(), fill, reading=[work.asked, own, *told], round=number)

    def _observe(self, number: int, works: list[Work]) -> Asking[None]:
        asked = [
            Seen(work, moment, criterion, answer)
            for work in works
            for moment, answer in (("before", work.draft), ("after", work.revision))
            if answer
            for criterion in CRITERIA
        ]
        replies = yield from self.asking(
            [self._observation("observe", SCALE, number, seen) for seen in asked]
        )
        for seen, reply in zip(asked, replies, strict=True):
            seen.score, seen.basis = points(reply, self.config.score_basis, SCALE)
        if self.config.observer_reasons:
            rated = [seen for seen in asked if seen.score is not None]
            replies = yield from self.asking(
                [self._observation("observe_reason", Text(), number, seen) for seen in rated]
            )
            for seen, reply in zip(rated, replies, strict=True):
                if not reply.failed:
                    seen.reason = self.message("user", reply.text, source=reply.call).number
        for seen in asked:
            what = seen.work.author.name, number, seen.moment, seen.criterion
            self.record(Observation(*what, seen.score, seen.basis, seen.answer.number, seen.reason))

    def _observation(self, purpose: str, answer: Answer, number: int, seen: Seen) -> Question:
        """A question that shows the observer what was asked and the answer, and not whose it is."""
        blind = self.message("user", seen.answer.text, BLIND_LABEL, seen.answer.source)
        return self.observer.ask(
            purpose,
            answer,
            {"meaning": self.words(seen.criterion), "rating": _whole(seen.score)},
            reading=[seen.work.asked, blind],
            round=number,
            author=seen.work.author.name,
            moment=seen.moment,
            criterion=seen.criterion,
        )

    def _result(self) -> dict[str, Scalar]:
        scores: dict[tuple[str, int, str], dict[str, float]] = {}
        ratings = []
        for _, event in self.events:
            if isinstance(event, Observation) and event.score is not None:
                key = event.agent, event.round, event.criterion
                scores.setdefault(key, {})[event.moment] = event.score
            elif isinstance(event, Feedback) and event.rating is not None:
                ratings.append(event.rating)
        result: dict[str, Scalar] = {}
        for criterion in CRITERIA:
            for moment in ("before", "after"):
                both = [
                    s[moment] for (_, _, about), s in scores.items() if about == criterion and len(s) == 2
                ]
                result[f"{criterion}_{moment}"] = fmean(both) if both else None
        return result | {"rating": fmean(ratings) if ratings else None, "failures": self.failures}


def _whole(rating: float | None) -> int | None:
    """A rating as it is told: the nearest whole number."""
    return None if rating is None else round(rating)
