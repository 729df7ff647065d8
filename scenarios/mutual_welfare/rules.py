"""The rules of mutual welfare; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Json, Text
from palaestra.agents.calls import Message, Question, Reply, Scalar
from palaestra.scenarios.core.config import Participant
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.mutual_welfare.blocks import Blocks, answer_form, from_json, from_tags, tagged_tokens
from palaestra.scenarios.mutual_welfare.config import MutualWelfareConfig
from palaestra.scenarios.mutual_welfare.correctness import CorrectnessJudgement, as_judged, judgement, passes
from palaestra.scenarios.mutual_welfare.events import (
    Correctness,
    MutualWelfareFound,
    WelfareAnswer,
    WelfarePayoff,
)
from palaestra.scenarios.mutual_welfare.payoffs import SELECTIONS, actions
from palaestra.scenarios.mutual_welfare.rewards import NOTHING, rewards, terms
from palaestra.scenarios.mutual_welfare.training import judged_answers
from palaestra.scenarios.parts.judging import ScoreBasis

BLIND_LABEL = "Answer"
PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class AskedBlock:
    """One answer that is asked for: by whom, to which question, which of the agent's candidates."""

    question: int
    shown: Message
    agent: Agent
    candidate: int


@dataclass(slots=True)
class GivenBlock:
    """What came of it: its call, its blocks (None where it failed), and how right it is to user and LLM."""

    asked: AskedBlock
    call: int
    blocks: Blocks | None
    correct: tuple[float, float] | None = None

    @property
    def place(self) -> tuple[int, str, int, int]:
        """The question, the agent, the candidate and the call, as events begin."""
        return self.asked.question, self.asked.agent.name, self.asked.candidate, self.call


class MutualWelfare(Episode[MutualWelfareConfig]):
    """Some questions, answered by all agents."""

    kind = "mutual_welfare"
    config_type = MutualWelfareConfig
    event_types = (WelfareAnswer, WelfarePayoff, Correctness, MutualWelfareFound)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("words", "form", "selection")
    reward_unit = "mutual welfare 0–1"

    @classmethod
    def judged(cls, config: MutualWelfareConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_answers`."""
        return judged_answers(trajectory)

    @classmethod
    def rewards(cls, config: MutualWelfareConfig, trajectory: Trajectory) -> dict[str, float]:
        """To each agent the mean mutual welfare of its answers; nothing where it is known of none."""
        found: dict[str, list[float]] = {}
        for told in trajectory.told(MutualWelfareFound):
            if told.mutual is not None:
                found.setdefault(told.agent, []).append(told.mutual)
        return {name: fmean(values) for name, values in found.items()}

    def play(self) -> Play:
        """All answers, all judgements, what they are worth."""
        self._gather()
        given = yield from self._answer()
        yield from self._judge([item for item in given if item.blocks is not None and item.blocks.valid])
        for item in given:
            self._reward(item)
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        self.topic = {"words": config.words}
        self.topic["selection"] = self.words(f"choose_by_{config.selection}")
        self.topic["form"] = self.words(f"form_{config.output}")
        self.assistants = [self._agent(declared, "rules") for declared in config.agents]
        self.judge = self._agent(config.judge, "judge_rules")

    def _agent(self, declared: Participant, rules: str) -> Agent:
        return self.seat(Agent, declared, self.words(rules), only_if_persona=True)

    def _numbers(self) -> list[int]:
        """The numbers of the questions that this episode asks."""
        count, questions = self.config.per_episode, self.config.questions
        self.cycled(questions, count)
        return [(self.index * count + turn) % len(questions) for turn in range(count)]

    def _answer(self) -> Asking[list[GivenBlock]]:
        config = self.config
        form = (
            Json(answer_form(config.words)) if config.output == "json" else Text(tagged_tokens(config.words))
        )
        asked = [
            AskedBlock(
                number,
                self.request("question", {"question": config.questions[number].text}),
                agent,
                candidate,
            )
            for number in self._numbers()
            for agent in self.assistants
            for candidate in range(config.candidates)
        ]
        replies = yield from self.asking(
            [
                item.agent.ask(
                    "answer", form, reading=[item.shown], question=item.question, candidate=item.candidate
                )
                for item in asked
            ]
        )
        given = []
        for item, reply in zip(asked, replies, strict=True):
            given.append(GivenBlock(item, reply.call, _blocks(reply)))
            self._record_answer(given[-1])
        return given

    def _record_answer(self, given: GivenBlock) -> None:
        question, blocks = self.config.questions[given.asked.question], given.blocks
        payoffs = blocks.payoffs if blocks else None
        cell = blocks.cell if blocks else None
        selected = {rule: select(payoffs) for rule, select in SELECTIONS.items()} if payoffs else {}
        told = {rule: ",".join(cells) for rule, cells in selected.items()}
        kept = agree = None
        if selected:
            agree = bool(actions(selected["sum"]) & actions(selected["product"]))
            if cell is not None:
                kept = actions([cell]) <= actions(selected[self.config.selection])
        self.record(
            WelfareAnswer(
                *given.place,
                question.kind,
                question.vague,
                blocks is not None and blocks.valid,
                cell,
                told.get("sum"),
                told.get("product"),
                kept,
                agree,
            )
        )
        for name, payoff in (payoffs or {}).items():
            self.record(WelfarePayoff(*given.place, name, payoff.llm, payoff.user))

    def _judge(self, given: Iterable[GivenBlock]) -> Asking[None]:
        """Have the program check what it can, and the judge the rest, blind; it sees the response alone."""
        asked = []
        for item in given:
            question, response = self.config.questions[item.asked.question], _response(item)
            wanted = judgement(question)
            if wanted is not None:
                asked.append((item, wanted))
            elif question.reference is not None:
                right = float(passes(question.reference, response))
                item.correct = right, right
                self.record(Correctness(*item.place, PROGRAM, right, right, PROGRAM))
        replies = yield from self.asking([self._judgement(item, wanted) for item, wanted in asked])
        for (item, wanted), reply in zip(asked, replies, strict=True):
            shares, basis = option_shares(reply, wanted, self.config.score_basis)
            if shares is not None:
                question = self.config.questions[item.asked.question]
                item.correct = as_judged(question, _response(item), wanted, shares)
            user, llm = item.correct or (None, None)
            self.record(Correctness(*item.place, self.judge.name, user, llm, basis))

    def _judgement(self, item: GivenBlock, wanted: CorrectnessJudgement) -> Question:
        question = self.config.questions[item.asked.question]
        answer = self.message("user", _response(item), BLIND_LABEL)
        return self.judge.ask(
            wanted.purpose,
            wanted.scale,
            {"reference": question.reference},
            reading=[item.asked.shown, answer],
            question=item.asked.question,
            author=item.asked.agent.name,
            candidate=item.asked.candidate,
        )

    def _reward(self, item: GivenBlock) -> None:
        """Record what an answer is worth: nothing without its blocks, unknown where nobody could tell."""
        found = terms(item.blocks) if item.blocks else None
        if found is not None and item.correct is not None:
            worth = rewards(found, *item.correct)
        elif found is None and item.blocks is not None:
            worth = NOTHING
        else:
            self.record(MutualWelfareFound(*item.place, None, None, None, None))
            return
        told = asdict(found) if found else {}
        self.record(MutualWelfareFound(*item.place, worth.user, worth.llm, worth.mutual, worth.mean, **told))

    def _outcome(self) -> dict[str, Scalar]:
        told = [event for _, event in self.events]
        answers = [event for event in told if isinstance(event, WelfareAnswer)]
        worth = [event for event in told if isinstance(event, MutualWelfareFound)]
        return {
            "questions": ", ".join(str(number) for number in dict.fromkeys(a.question for a in answers)),
            "answers": len(answers),
            "valid": sum(answer.valid for answer in answers),
            "user": _mean(event.user for event in worth),
            "llm": _mean(event.llm for event in worth),
            "mutual": _mean(event.mutual for event in worth),
            "kept": _mean(answer.kept for answer in answers),
            "rules_agree": _mean(answer.rules_agree for answer in answers),
            "failures": self.failures,
        }


def option_shares(
    reply: Reply, wanted: CorrectnessJudgement, basis: ScoreBasis
) -> tuple[tuple[float, ...] | None, str]:
    """The share of each of the judge's options, None for a failed reply; their basis, see `Correctness`."""
    if reply.failed:
        return None, "failed"
    if reply.probabilities is not None and basis == "expectation":
        return tuple(reply.probabilities), "probabilities"
    return tuple(float(option == reply.value) for option in wanted.scale.options), "sample"


def _blocks(reply: Reply) -> Blocks | None:
    """The blocks of a reply; None for a failed one."""
    if reply.failed:
        return None
    return from_json(reply.value) if isinstance(reply.value, dict) else from_tags(reply.text)


def _response(item: GivenBlock) -> str:
    return item.blocks.response if item.blocks else ""


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are known."""
    known = [float(value) for value in values if value is not None]
    return fmean(known) if known else None
