"""The rules of free debate; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from statistics import fmean

from mesa import DataCollector

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice, Text
from palaestra.agents.calls import Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.core.trial import MakeTrial
from palaestra.scenarios.debate.config import DebateConfig, Debater
from palaestra.scenarios.debate.events import DebateOpinion, DebateSpeech, Verdict
from palaestra.scenarios.debate.training import judged_speeches
from palaestra.scenarios.parts.abstaining import counting
from palaestra.scenarios.parts.judging import (
    POINTS,
    Preference,
    Score,
    expected_value,
    judge_weights,
    panel_scores,
    panel_shares,
    points,
    preference,
)
from palaestra.scenarios.parts.opinion_scale import OPINION, SCALE


class Speaker(Agent):
    """A debater.

    Attributes:
        opinion: as it last told it, −2.5 … 2.5; None before it is asked.
        stance: the side it speaks for; `position` says so in the prompts' words, and `task` asks for it.
    """

    opinion: float | None = None
    stance: str = ""
    position: str = ""
    task: str = ""


class Debate(Episode[DebateConfig]):
    """One debate on one motion."""

    kind = "debate"
    config_type = DebateConfig
    event_types = (DebateOpinion, DebateSpeech, Score, Preference, Verdict)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("motion", "rounds", "words")

    @classmethod
    def judged(cls, config: DebateConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_speeches`."""
        return judged_speeches(config, trajectory)

    @classmethod
    def trials(cls, config: DebateConfig) -> Mapping[str, MakeTrial]:
        """See `trial.trials`."""
        from palaestra.scenarios.debate.trial import trials

        return trials(config)

    reward_unit = "panel score 0–1"

    @classmethod
    def rewards(cls, config: DebateConfig, trajectory: Trajectory) -> dict[str, float]:
        """Each debater's score by the panel, points of 1–10 brought to 0–1 as probabilities are."""
        scores = {v.agent: v.score for v in trajectory.told(Verdict) if v.score is not None}
        if config.judging == "pairwise":
            return scores
        return {name: (score - 1) / 9 for name, score in scores.items()}

    def play(self) -> Play:
        """Opinions, rounds of speeches, opinions again, the panel's verdict."""
        self._gather()
        yield from self._ask_opinions("before")
        for number in range(1, self.config.rounds + 1):
            yield from self._round(number)
        yield from self._ask_opinions("after")
        scores = yield from (self._compare() if self.config.judging == "pairwise" else self._judge())
        return self._verdict(scores)

    def _gather(self) -> None:
        config = self.config
        (motion,) = self.cycled(config.motions)
        self.topic = {"motion": motion, "rounds": config.rounds}
        self.topic["words"] = config.words
        rules = self.words("debater_rules")
        self.debaters = [self._debater(declared, rules) for declared in config.debaters]
        by_name = {debater.name: debater for debater in self.debaters}
        heard_by = config.hearing.listeners(list(by_name), self.run_seed)
        self.listeners = {name: [by_name[other] for other in others] for name, others in heard_by.items()}

        rules = self.words("judge_rules")
        panel = self.random.sample(config.judges, config.panel or len(config.judges))
        self.judges = [self.seat(Agent, judge, rules, template="judge_persona") for judge in panel]
        order = self.random.sample(range(1, len(self.debaters) + 1), len(self.debaters))
        self.labels = {name: f"Speaker {number}" for name, number in zip(by_name, order, strict=True)}
        self.datacollector = DataCollector(
            model_reporters={
                "speeches": lambda episode: sum(isinstance(e, DebateSpeech) for _, e in episode.events)
            },
            agenttype_reporters={Speaker: {"name": "name", "stance": "stance", "opinion": "opinion"}},
        )

    def _debater(self, declared: Debater, rules: str) -> Speaker:
        position = self.words(f"position_{declared.stance}")
        speaker = self.seat(Speaker, declared, rules, position=position)
        speaker.stance, speaker.position = declared.stance, position
        speaker.task = self.words(f"task_{declared.stance}")
        return speaker

    def _ask_opinions(self, moment: str) -> Asking[None]:
        if not self.config.opinions:
            return
        replies = yield [debater.ask("opinion", OPINION, when=moment) for debater in self.debaters]
        for debater, reply in zip(self.debaters, replies, strict=True):
            opinion = None if reply.failed else SCALE[str(reply.value)]
            expected = None
            if reply.probabilities is not None and not reply.failed:
                expected = expected_value(SCALE.values(), reply.probabilities)
            debater.opinion = opinion
            self.record(DebateOpinion(debater.name, debater.stance, moment, opinion, expected))
            if moment == "before" and opinion is not None:
                debater.remember(self.words("opinion_memory", opinion=str(reply.value)))

    def _round(self, number: int) -> Asking[None]:
        groups = [self.debaters]
        if self.config.speaking == "sequential":
            groups = [[debater] for debater in self.debaters]
        for group in groups:
            replies = yield [
                debater.ask("argue", Text(), {"task": debater.task}, round=number) for debater in group
            ]
            for debater, reply in zip(group, replies, strict=True):
                self._speak(debater, number, reply)

    def _speak(self, debater: Speaker, number: int, reply: Reply) -> None:
        if reply.failed:
            self.record(DebateSpeech(debater.name, number, None))
            return
        listeners = self.listeners[debater.name]
        for agent in (*listeners, *self.judges):
            if not agent.heard:
                agent.heard.append(self.request("heard", {}))
        said = self.say(debater.name, reply, to=listeners)
        if self.judges:
            self.say(self.labels[debater.name], reply, to=self.judges)
        self.record(DebateSpeech(debater.name, number, said.number))

    def _judge(self) -> Asking[dict[str, float]]:
        """Every judge scores every debater on every criterion."""
        asked = [
            (judge, debater.name, criterion, description)
            for judge in self.judges
            for debater in self.debaters
            for criterion, description in self.config.rubric.items()
        ]
        replies = yield [
            judge.ask(
                "score",
                POINTS,
                fill={"speaker": self.labels[name], "description": description},
                contestant=name,
                criterion=criterion,
            )
            for judge, name, criterion, description in asked
        ]
        scores = [
            Score(judge.name, name, self.labels[name], criterion, *points(reply, self.config.score_basis))
            for (judge, name, criterion, _), reply in zip(asked, replies, strict=True)
        ]
        for score in scores:
            self.record(score)
        return panel_scores(scores, self._weights())

    def _compare(self) -> Asking[dict[str, float]]:
        """Every judge compares every two debaters on every criterion, in both orders."""
        asked = [
            (judge, first.name, second.name, criterion, description)
            for judge in self.judges
            for first, second in permutations(self.debaters, 2)
            for criterion, description in self.config.rubric.items()
        ]
        labels = self.labels
        replies = yield [
            judge.ask(
                "compare",
                Choice((labels[first], labels[second])),
                {"first": labels[first], "second": labels[second], "description": description},
                of=f"{first} or {second}",
                criterion=criterion,
            )
            for judge, first, second, criterion, description in asked
        ]
        preferences = [
            Preference(
                judge.name,
                first,
                second,
                criterion,
                *preference(reply, self.config.score_basis, labels[first]),
            )
            for (judge, first, second, criterion, _), reply in zip(asked, replies, strict=True)
        ]
        for item in preferences:
            self.record(item)
        abstain = self.config.abstain
        among = [] if abstain == "never" else [debater.name for debater in self.debaters]
        return panel_shares(counting(preferences, abstain), self._weights(), among)

    def _weights(self) -> dict[str, float]:
        ratings = {judge.name: judge.rating or 100.0 for judge in self.config.judges}
        return judge_weights(self.config.weights, {judge.name: ratings[judge.name] for judge in self.judges})

    def _verdict(self, by_debater: dict[str, float]) -> dict[str, Scalar]:
        by_stance: dict[str, list[float]] = {}
        for debater in self.debaters:
            if self.judges:
                self.record(Verdict(debater.name, debater.stance, by_debater.get(debater.name)))
            if debater.name in by_debater:
                by_stance.setdefault(debater.stance, []).append(by_debater[debater.name])
        winner, margin = winning_stance({stance: fmean(values) for stance, values in by_stance.items()})
        if self.config.abstain != "never" and len(by_debater) < len(self.debaters):
            winner, margin = None, None
        return {"motion": self.topic["motion"], "winner": winner, "margin": margin, "shift": self._shift()}

    def _shift(self) -> float | None:
        """Mean change of opinion over the debaters who told both, −5 … 5."""
        told: dict[str, dict[str, float]] = {}
        for _, event in self.events:
            if isinstance(event, DebateOpinion) and event.opinion is not None:
                told.setdefault(event.agent, {})[event.moment] = event.opinion
        changes = [both["after"] - both["before"] for both in told.values() if len(both) == 2]
        return fmean(changes) if changes else None


def winning_stance(scores: dict[str, float]) -> tuple[str | None, float | None]:
    """The stance with the highest score and its lead over the next one.

    Args:
        scores: mean score of each stance.

    Returns:
        The stance ("tie" within 1e-9) and the lead in points; None and None with fewer
        than two stances.
    """
    if len(scores) < 2:
        return None, None
    best, second = sorted(scores, key=lambda stance: -scores[stance])[:2]
    lead = scores[best] - scores[second]
    return ("tie", 0.0) if lead < 1e-9 else (best, lead)
