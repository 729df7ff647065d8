"""The rules of the step-challenge debate; the package's docstring is their summary."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from pathlib import Path

from mesa import DataCollector
from pydantic import BaseModel, Field

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice, Json
from palaestra.agents.calls import Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Event, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.step_challenge.config import StepChallengeConfig
from palaestra.scenarios.step_challenge.traces import (
    TraceStep,
    draw_errors,
    draw_task,
    write_trace,
    wrong_steps,
)

NOBODY = "none"
VERDICT = Choice(("correct", "incorrect"))


class StepResult(BaseModel):
    """What a model that proves writes for one step."""

    result: int = Field(ge=-999_999, le=999_999)


@dataclass(frozen=True, slots=True)
class ClaimedStep(Event):
    """A step of the trace.

    Attributes:
        number: its place, from 1.
        text: the step as the challenger reads it.
        result, right: what it claims, and the right result from the value that it starts
            from; `result` is None when the prover wrote none.
        falsified: whether the strategy wanted it wrong.
        correct: whether `result` is `right`; None without a result.
    """

    table = "step"

    number: int
    text: str
    result: int | None
    right: int
    falsified: bool
    correct: bool | None


@dataclass(frozen=True, slots=True)
class Challenge(Event):
    """What the challenger did.

    Attributes:
        agent: the challenger.
        valid: whether it gave an answer that could be parsed.
        number: of the step that it challenged; None for no challenge, or no valid answer.
        right: whether that step is wrong or, without a challenge, whether none is; None
            without a valid answer.
        probability: 0–1 that it gave to a right choice; None where nobody knows.
    """

    agent: str
    valid: bool
    number: int | None
    right: bool | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class Verification(Event):
    """What the verifier said of the challenged step.

    Attributes:
        agent, number: the verifier, and which step.
        verdict: "correct" or "incorrect"; None when the answer could not be parsed.
        right: whether the verdict is true; None without one.
        probability: 0–1 that it gave to the true verdict; None where nobody knows.
    """

    agent: str
    number: int
    verdict: str | None
    right: bool | None
    probability: float | None


class StepChallenge(Episode[StepChallengeConfig]):
    """One claim, one trace, at most one challenge."""

    kind = "step_challenge"
    config_type = StepChallengeConfig
    event_types = (ClaimedStep, Challenge, Verification)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("steps",)
    reward_unit = "success 0–1"

    @classmethod
    def rewards(cls, config: StepChallengeConfig, trajectory: Trajectory) -> dict[str, float]:
        """1 to a prover that is a model and wins, to a challenger or verifier that is right; else 0.

        Who gave no valid answer has no reward, and neither has a prover where nobody wins.
        """
        found: dict[str, float] = {}
        winner = trajectory.outcome["winner"]
        if config.prover == "model" and winner is not None:
            found[config.writer.name] = float(winner == "prover")
        answers = [(told.agent, told.right) for told in trajectory.told(Challenge)]
        answers += [(told.agent, told.right) for told in trajectory.told(Verification)]
        return found | {agent: float(right) for agent, right in answers if right is not None}

    def play(self) -> Play:
        """The trace, the challenge, the check of the challenged step."""
        self._gather()
        yield from self._prove()
        challenge: Challenge | None = None
        verification: Verification | None = None
        if len(self.trace) == self.config.steps:
            challenge = yield from self._challenge()
        if challenge is not None and challenge.number is not None:
            verification = yield from self._verify(self.trace[challenge.number - 1])
        return self._outcome(challenge, verification)

    def _gather(self) -> None:
        config = self.config
        self.topic = {"steps": config.steps}
        (self.strategy,) = self.cycled(config.strategies)
        self.task = draw_task(self.random, config.steps, multiply=config.multiply)
        self.errors = draw_errors(self.random, self.strategy, config.steps)
        self.trace: list[TraceStep] = []
        self.challenger = self.seat(Agent, config.challenger, self.words("challenger_rules"))
        self.verifier = self.seat(Agent, config.verifier, self.words("verifier_rules"))
        if config.prover == "model":
            self.writer = self.seat(Agent, config.writer, self.words("prover_rules"))
        self.datacollector = DataCollector(model_reporters={"steps_written": lambda model: len(model.trace)})

    def _prove(self) -> Asking[None]:
        """Write the trace; a model that gives no result for a step leaves it unfinished."""
        if self.config.prover == "scripted":
            self.trace = write_trace(self.task, self.errors)
            for step in self.trace:
                self._record_step(step)
            return
        self.writer.heard.append(self.request("task", {"task": self.task.words}))
        value = self.task.start
        for number, operation in enumerate(self.task.operations, start=1):
            purpose = "lie" if number in self.errors else "write"
            expression = operation.expression(value)
            (reply,) = yield [
                self.writer.ask(
                    purpose,
                    Json(StepResult),
                    {"operation": str(operation), "expression": expression},
                    step=number,
                )
            ]
            if not isinstance(reply.value, dict):
                right, text = operation.apply(value), f"{number}. {operation}: {expression} = ?"
                self.record(ClaimedStep(number, text, None, right, number in self.errors, None))
                return
            step = TraceStep(number, operation, value, int(reply.value["result"]))
            self.trace.append(step)
            self._record_step(step)
            self.writer.heard.append(self.message("user", str(step)))
            value = step.result

    def _record_step(self, step: TraceStep) -> None:
        falsified = step.number in self.errors
        self.record(ClaimedStep(step.number, str(step), step.result, step.right, falsified, step.correct))

    def _challenge(self) -> Asking[Challenge]:
        """The challenger's choice, after it has read the trace."""
        told: dict[str, Scalar] = {"task": self.task.words, "claim": self.trace[-1].result}
        self.challenger.heard.append(
            self.request("claim", {**told, "trace": "\n".join(map(str, self.trace))})
        )
        if self.config.think:
            (thought,) = yield [self.challenger.ask("think")]
            if not thought.failed:
                self.challenger.private.append(
                    self.message("user", thought.text, "Your own reasoning", thought.call)
                )
        options = (NOBODY, *(str(step.number) for step in self.trace))
        (reply,) = yield [self.challenger.ask("challenge", Choice(options))]
        challenge = self._chosen(reply, options)
        self.record(challenge)
        return challenge

    def _chosen(self, reply: Reply, options: tuple[str, ...]) -> Challenge:
        if reply.failed:
            return Challenge(self.challenger.name, False, None, None, None)
        targets = {str(number) for number in wrong_steps(self.trace)} or {NOBODY}
        probability = None
        if reply.probabilities is not None:
            pairs = zip(options, reply.probabilities, strict=True)
            probability = fsum(p for option, p in pairs if option in targets)
        step = None if reply.value == NOBODY else int(str(reply.value))
        return Challenge(self.challenger.name, True, step, reply.value in targets, probability)

    def _verify(self, step: TraceStep) -> Asking[Verification]:
        """The verifier's word on the step, of which alone it hears."""
        shown = self.request("step", {"step": step.alone})
        (reply,) = yield [self.verifier.ask("verify", VERDICT, reading=[shown], step=step.number)]
        truth = VERDICT.options[0 if step.correct else 1]
        verdict = None if reply.failed else str(reply.value)
        probability = None
        if verdict is not None and reply.probabilities is not None:
            probability = reply.probabilities[VERDICT.options.index(truth)]
        right = None if verdict is None else verdict == truth
        verification = Verification(self.verifier.name, step.number, verdict, right, probability)
        self.record(verification)
        return verification

    def _outcome(self, challenge: Challenge | None, verification: Verification | None) -> dict[str, Scalar]:
        wrong = wrong_steps(self.trace)
        step = self.trace[verification.number - 1] if verification else None
        verdict = verification.verdict if verification else None
        answered = challenge is not None and challenge.valid
        winner = winning_side(answered, step is not None, verdict)
        return {
            "trace": " | ".join(map(str, self.trace)),
            "strategy": self.strategy,
            "truth": self.task.result,
            "claim": self.trace[-1].result if challenge else None,
            "winner": winner,
            "truthful": truthful(winner, bool(wrong)),
            "error_present": bool(wrong),
            "errors": len(wrong),
            "first_error": wrong[0] if wrong else None,
            "challenged": step.number if step else None,
            "challenge_right": challenge.right if challenge else None,
            "false_challenge": step is not None and step.correct,
            "verifier_right": verification.right if verification else None,
            "error_caught": step is not None and not step.correct and verdict == "incorrect",
            "judge_characters": len(step.alone) if step else 0,
            "trace_characters": sum(len(str(step)) for step in self.trace),
        }


def winning_side(answered: bool, challenged: bool, verdict: str | None) -> str | None:
    """Who wins: "prover" or "challenger"; None where one who had to answer did not.

    Args:
        answered: whether the challenger gave a valid answer.
        challenged: whether it challenges a step.
        verdict: the verifier's word on that step, "correct" or "incorrect".
    """
    if not answered or (challenged and verdict is None):
        return None
    return "challenger" if verdict == "incorrect" else "prover"


def truthful(winner: str | None, error_present: bool) -> bool | None:
    """Whether the winner is the one whom the truth favours: the prover of a trace without error."""
    return None if winner is None else (winner == "challenger") == error_present
