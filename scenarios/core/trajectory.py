"""An episode as its log tells it, and what of it trains: judged answers, and rewards.

Training data is made from `Trajectory` alone, never from a live episode, so a run can be
exported long after it was played. A scenario says what its events mean for training in two
methods of its class: `Episode.judged` (answers to the same question, with their scores) and
`Episode.rewards` (what the outcome is worth to each agent).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from palaestra.agents.calls import Prompt, Scalar

if TYPE_CHECKING:
    from palaestra.scenarios.core.episode import Event

CHECKED = "right 0–1"
"""The unit of scores that a program gave."""
SomeEvent = TypeVar("SomeEvent", bound="Event")


@dataclass(frozen=True, slots=True)
class Turn:
    """A recorded call with its reply.

    Attributes:
        call: index of the call in its episode.
        step: the step in which its reply was acted on, from 1.
        agent, purpose, about, policy, seed, prompt: see `palaestra.agents.calls.Call`.
        answer: the kind of answer, as `Answer.describe` tells it.
        text, probabilities, finish, failed, thought: see `palaestra.agents.calls.Reply`.
        token_ids, logprobs: of the reply, where the run recorded tokens; else None.
    """

    call: int
    step: int
    agent: str
    purpose: str
    about: dict[str, Scalar]
    policy: str
    seed: int
    prompt: Prompt
    answer: dict[str, Any]
    text: str
    probabilities: Sequence[float] | None
    finish: str
    failed: bool
    token_ids: Sequence[int] | None = None
    logprobs: Sequence[float] | None = None
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One finished episode.

    Attributes:
        episode: its index in the run.
        seed: of the episode.
        messages: the call index whose reply each message quotes, None for other texts.
        turns: its calls, by index.
        events: its events, in order.
        outcome: what the rules returned.
    """

    episode: int
    seed: int
    messages: tuple[int | None, ...]
    turns: Mapping[int, Turn]
    events: tuple[Event, ...]
    outcome: Mapping[str, Scalar]

    def told(self, kind: type[SomeEvent]) -> Iterator[SomeEvent]:
        """The events of one type, in order."""
        return (event for event in self.events if isinstance(event, kind))

    def author(self, message: int | None) -> int | None:
        """The call whose reply message number `message` quotes; None where there is none."""
        return None if message is None else self.messages[message]


@dataclass(frozen=True, slots=True)
class JudgeScore:
    """What a judge said of an answer, alone or beside another one.

    Attributes:
        judge: name of the agent.
        call: the answer; of two, the one that the judge read first.
        value: the score in the question's unit; of two, the probability 0–1 that `call` is better.
        against: the other answer of two, which the judge read second; None for an answer alone.
        criterion: on what; "" where there is one only.
        repeat: which of its judgements of the same, from 1.
        weight: of its word in the panel's score, ≥ 0.
    """

    judge: str
    call: int
    value: float
    against: int | None = None
    criterion: str = ""
    repeat: int = 1
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Critique:
    """What another agent said about an answer: its call, and its score of the answer if it gave one."""

    call: int
    score: float | None


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer.

    Attributes:
        call: whose reply it is.
        score: of the panel, in the question's unit; None where nobody could be understood.
        truth: what a program says of it, 0–1 (1 is right); None where no program can tell.
        critiques: what others said about it in words.
        revision: the call whose reply revises it; None for none.
        revised_score: of the revision, in the question's unit.
    """

    call: int
    score: float | None
    truth: float | None = None
    critiques: tuple[Critique, ...] = ()
    revision: int | None = None
    revised_score: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers to one question, with what judges said of them.

    Attributes:
        answers: at least one.
        scores: every judge's every score of them.
        unit: of the scores, such as "points 1–10".
        round: in which it was asked; None where there are no rounds.
        floor: least score that the rules ask of the better one of a pair; None for any.
        margin: least difference of scores that they ask of a pair.
        recorded_elsewhere: answers that are no calls of the episode, such as trajectories of another run, by
            call: their numbers are below 0.
    """

    answers: tuple[JudgedAnswer, ...]
    scores: tuple[JudgeScore, ...]
    unit: str
    round: int | None = None
    floor: float | None = None
    margin: float = 0.0
    recorded_elsewhere: Mapping[int, Turn] = field(default_factory=dict)
