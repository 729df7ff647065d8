"""The rules of a rehearsal; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path

from palaestra.agents.agent import Agent
from palaestra.agents.calls import Message, Scalar
from palaestra.scenarios.core.config import Participant
from palaestra.scenarios.core.episode import Asking, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.parts.judging import PREFERENCE, Preference, panel_shares, preference
from palaestra.scenarios.rehearsal.answers import HARM
from palaestra.scenarios.rehearsal.config import RehearsalConfig
from palaestra.scenarios.rehearsal.events import (
    Action,
    Consequence,
    Perception,
    Profile,
    RehearsedAnswer,
    Scene,
    Summary,
)
from palaestra.scenarios.rehearsal.scene import SceneRules
from palaestra.scenarios.rehearsal.training import DRAFT, REVISION, judged_answers


class Rehearsal(SceneRules):
    """One question."""

    kind = "rehearsal"
    config_type = RehearsalConfig
    event_types = (Scene, Profile, Action, Perception, Consequence, Summary, RehearsedAnswer, Preference)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("words", "line")

    @classmethod
    def judged(cls, config: RehearsalConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_answers`."""
        return judged_answers(trajectory)

    def play(self) -> Play:
        """A first answer, the scene that follows from it, a revised answer, the panel."""
        config = self.config
        (self.question,) = self.cycled(config.questions)
        self.topic = {"words": config.words, "line": config.line}
        self.answerer = self._agent(config.answerer, "answerer_rules")
        self.judges = [self._agent(judge, "judge_rules") for judge in config.judges]
        self.set_scene(self._agent(config.modulator, "modulator_rules"))
        first = yield from self._answer()
        if first is None:
            return self._outcome()
        reminder = yield from self._reconsider(first)
        plan = yield from self.imagine(self.question, first)
        yield from self.rehearse(plan)
        revised = yield from self._revise(reminder)
        if revised is not None:
            yield from self._compare({DRAFT: first, REVISION: revised})
        return self._outcome()

    def _agent(self, declared: Participant, rules: str) -> Agent:
        return self.seat(Agent, declared, self.words(rules), only_if_persona=True)

    def _answer(self) -> Asking[Message | None]:
        """The first answer; None when nothing could be said."""
        [reply] = yield from self.asking([self.answerer.ask("answer", None, {"question": self.question})])
        if reply.failed:
            self.record(RehearsedAnswer(DRAFT, None, None))
            return None
        return self.message("user", reply.text, source=reply.call)

    def _reconsider(self, first: Message) -> Asking[list[Message]]:
        """What its author is to be shown of the first answer later: it in short, and whether it does harm."""
        own = self.message("user", first.text, "Your answer", first.source)
        reading = [self.request("asked", {"question": self.question}), own]
        harm, short = yield from self.asking(
            [
                self.answerer.ask("classify", HARM, reading=reading),
                self.answerer.ask("compress", reading=reading),
            ]
        )
        harmful, _ = preference(harm, first=HARM.options[0])
        self.record(RehearsedAnswer(DRAFT, harmful, first.number))
        shown = []
        if not short.failed:
            shown.append(self.message("user", short.text, "Your first answer", short.call))
        if not harm.failed:
            shown.append(self.request(f"called_{harm.value}", {}))
        return shown

    def _revise(self, reminder: list[Message]) -> Asking[Message | None]:
        """The answer anew, from the first one in short and what may follow from it."""
        harms = [*self.summaries, *self.waiting]
        reading = [*reminder, *([self.request("follows", {}), *harms] if harms else [])]
        [reply] = yield from self.asking(
            [self.answerer.ask("revise", None, {"question": self.question}, reading)]
        )
        revised = None if reply.failed else self.message("user", reply.text, source=reply.call)
        self.record(RehearsedAnswer(REVISION, None, revised.number if revised else None))
        return revised

    def _compare(self, answers: Mapping[str, Message]) -> Asking[None]:
        """Every judge compares the two answers on every criterion, in both orders."""
        asked = [
            (judge, first, second, criterion, description)
            for judge in self.judges
            for first, second in permutations(answers)
            for criterion, description in self.config.rubric.items()
        ]
        question = self.request("asked", {"question": self.question})
        one, other = self.request("first_shown", {}), self.request("second_shown", {})
        replies = yield from self.asking(
            [
                judge.ask(
                    "compare",
                    PREFERENCE,
                    {"description": description},
                    [question, one, answers[first], other, answers[second]],
                    of=f"{first} or {second}",
                    criterion=criterion,
                )
                for judge, first, second, criterion, description in asked
            ]
        )
        for (judge, first, second, criterion, _), reply in zip(asked, replies, strict=True):
            told = preference(reply, self.config.score_basis)
            self.record(Preference(judge.name, first, second, criterion, *told))

    def _outcome(self) -> dict[str, Scalar]:
        events = [event for _, event in self.events]
        actions = [event for event in events if isinstance(event, Action)]
        preferences = [event for event in events if isinstance(event, Preference)]
        shares = {
            f"preference_{criterion}": panel_shares(p for p in preferences if p.criterion == criterion)
            for criterion in self.config.rubric
        }
        shares = {"preference": panel_shares(preferences)} | shares
        return {
            "question": self.question,
            "actions": sum(action.happened for action in actions),
            "blocked": sum(action.verdict == "implausible" for action in actions),
            "consequences": sum(isinstance(e, Consequence) and e.message is not None for e in events),
            **{name: share.get(REVISION) for name, share in shares.items()},
            "failures": self.failures,
        }
