"""How the judges of a tournament judge: what they are asked of each answer or pair, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Answer, Likelihood
from palaestra.agents.calls import Message, Question, Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode
from palaestra.scenarios.duel.claims import claims_answer, claims_in, over_claims
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.contest import Contest
from palaestra.scenarios.duel.events import Claim, Comparison, DuelJudgement
from palaestra.scenarios.parts.judging import POINTS, PREFERENCE, likelihood, points, preference


@dataclass(frozen=True, slots=True)
class Judging:
    """One judgement that is wanted.

    Attributes:
        contest, judge: who judges in which contest.
        answers: whose answer, or whose two in the order in which they are read.
        repeat: which of the judge's judgements of the same, from 1.
    """

    contest: Contest
    judge: str
    answers: tuple[str, ...]
    repeat: int


class JudgedContests(Episode[DuelConfig]):
    """The part of a tournament in which its `judges`, by name, judge contests."""

    judges: dict[str, Agent]

    def _judge(self, contests: Sequence[Contest]) -> Asking[None]:
        """All judgements of these contests, in one exchange; by claims in two."""
        if self.config.judging == "none":
            return
        pairwise = self.config.judging == "pairwise"
        wanted = [
            Judging(contest, judge, answers, repeat)
            for contest in contests
            for answers in (contest.ordered_pairs() if pairwise else contest.single_answers())
            for judge in self.judges
            if judge not in (answers if self.config.contest == "n_way" else contest.contestants)
            for repeat in range(1, self.config.judgements + 1)
        ]
        questions = [self._judgement(each) for each in wanted]
        replies = iter((yield from self.asking([each for several in questions for each in several])))
        said = [[next(replies) for _ in several] for several in questions]
        if self.config.judging == "claims":
            found = yield from self._by_claims(wanted, [reply for (reply,) in said])
        else:
            found = [self._read(several) for several in said]
        for each, (value, basis) in zip(wanted, found, strict=True):
            self._note(each, value, basis)

    def _note(self, of: Judging, value: float | None, basis: str) -> None:
        contest, judge, answers, repeat = of.contest, of.judge, of.answers, of.repeat
        if value is not None:
            contest.told.setdefault((judge, *answers), []).append(value)
        if len(answers) == 1:
            self.record(DuelJudgement(contest.number, judge, answers[0], repeat, value, basis))
        else:
            first, second = answers
            self.record(Comparison(contest.number, judge, first, second, repeat, value, basis))

    def _read(self, replies: list[Reply]) -> tuple[float | None, str]:
        """What a judgement says, and on what basis."""
        if self.config.judging == "likelihood":
            return likelihood(*replies)
        read = preference if self.config.judging == "pairwise" else points
        return read(replies[0], self.config.score_basis)

    def _judgement(self, wanted: Judging) -> list[Question]:
        """The questions that make one judgement, or by claims begin it."""
        if self.config.judging == "likelihood":
            return self._weighing(wanted)
        answers = wanted.answers
        reading = [self._instruction(wanted.contest)]
        heads = ("shown",) if len(answers) == 1 else ("shown_first", "shown_second")
        for head, name in zip(heads, answers, strict=True):
            reading += [self.message("user", self.words(head)), wanted.contest.answers[name]]
        if self.config.judging == "claims":
            most = self.config.most_claims
            return [self._asked(wanted, "claims", claims_answer(most), reading, fill={"most": most})]
        purpose, answer = ("score", POINTS) if len(answers) == 1 else ("compare", PREFERENCE)
        return [self._asked(wanted, purpose, answer, reading)]

    def _asked(
        self,
        wanted: Judging,
        purpose: str,
        answer: Answer,
        reading: Sequence[Message],
        fill: dict[str, Scalar] | None = None,
        **about: Scalar,
    ) -> Question:
        """What the judge is asked once it has read `reading`."""
        about = {"contest": wanted.contest.number, "of": ", ".join(wanted.answers), **about}
        if self.config.judgements > 1:
            about["repeat"] = wanted.repeat
        return self.judges[wanted.judge].ask(purpose, answer, fill, reading, **about)

    def _instruction(self, contest: Contest) -> Message:
        return self.message("user", self.words("instruction", instruction=contest.instruction))

    def _by_claims(
        self, wanted: Sequence[Judging], replies: Sequence[Reply]
    ) -> Asking[list[tuple[float | None, str]]]:
        """What each judgement says once its judge, who listed an answer's claims, has scored each of them."""
        claims = [claims_in(reply) for reply in replies]
        head = self.message("user", self.words("claim_shown"))
        questions = [
            self._asked(
                each,
                "score_claim",
                POINTS,
                [self._instruction(each.contest), head, self.message("user", text)],
                claim=number,
            )
            for each, texts in zip(wanted, claims, strict=True)
            for number, text in enumerate(texts, start=1)
        ]
        scores = iter((yield from self.asking(questions)))
        found = []
        for each, texts in zip(wanted, claims, strict=True):
            scored = [points(next(scores), self.config.score_basis) for _ in texts]
            for number, (text, (score, basis)) in enumerate(zip(texts, scored, strict=True), start=1):
                contest, (fighter,) = each.contest.number, each.answers
                self.record(Claim(contest, each.judge, fighter, each.repeat, number, text, score, basis))
            found.append(over_claims(scored))
        return found

    def _weighing(self, wanted: Judging) -> list[Question]:
        """How probable the judge finds an answer where it is asked as the author was; then the reference."""
        contest, (author,) = wanted.contest, wanted.answers
        asked = self.judges[wanted.judge].ask(
            "answer",
            Likelihood(contest.answers[author].text),
            {"instruction": contest.instruction},
            contest=contest.number,
            of=author,
        )
        weighed = replace(asked, purpose="weigh")
        base = self.config.reference
        if base is None:
            return [weighed]
        return [weighed, replace(weighed, policy=base, about={**weighed.about, "reference": True})]
