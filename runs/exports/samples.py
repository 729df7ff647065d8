"""What is comparable in a run: answers to the same question, with their scores.

Three sources make the same `Sample`: the answers that a scenario's panel judged, the answers
of a branched call with the outcomes that they led to, and single turns with their agent's
reward. The formats are made of samples and know nothing of scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

import orjson

from palaestra.agents.calls import Message, Prompt, turns
from palaestra.scenarios.core.trajectory import Critique, JudgeScore, Turn

Basis = Literal["panel", "truth", "outcome"]
ChatMessages = list[dict[str, str]]
FREE = ("text", "json")
"""The kinds of answer in which a model speaks for itself; a choice is one token of ours."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a sample's question.

    Attributes:
        turn: the call whose reply it is.
        episode: in which that call was made.
        score: in the sample's unit; None where nobody could tell.
        truth: what a program says of it, 0–1; None where none can tell.
        outcomes: the author's reward in each play of a branched call, paired over answers.
        critiques: what others said of it.
    """

    turn: Turn
    episode: int
    score: float | None
    truth: float | None = None
    outcomes: tuple[float, ...] = ()
    critiques: tuple[Critique, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers to one question.

    Attributes:
        run, scenario: where it was played.
        episode: in which it was asked; of a branched run, the episode that was branched.
        turns: of that episode, by call, where critics and judges can be looked up.
        asked: the prompt that all the answers are taken as answers to.
        responses: at least one.
        scores: what judges said of them, by call.
        unit: of the scores.
        basis: what the scores rest on; None where there are none.
        round: in which it was asked; None without rounds.
        revised: whether the second response revises the first.
        floor, margin: what the rules ask of a pair, see `Judged`.
        noise: the margin that may be the rounding of the judges' engines alone.
    """

    run: str
    scenario: str
    episode: int
    turns: Mapping[int, Turn]
    asked: Prompt
    responses: tuple[Response, ...]
    scores: tuple[JudgeScore, ...]
    unit: str
    basis: Basis | None
    round: int | None = None
    revised: bool = False
    floor: float | None = None
    margin: float = 0.0
    noise: float = 0.0

    @property
    def question(self) -> str:
        """Stands for what was asked, without what only some were shown: splits are made by it."""
        return prompt_id(self.prompt)

    @property
    def prompt(self) -> ChatMessages:
        """The question as chat messages."""
        return chat(self.asked)

    def scored(self) -> list[Response]:
        """The responses that say something and have a score."""
        return [r for r in self.responses if r.score is not None and not r.turn.failed]

    def only(self, responses: Sequence[Response]) -> Sample | None:
        """The sample with these of its responses; None where none is left."""
        revised = self.revised and len(responses) == len(self.responses)
        return replace(self, responses=tuple(responses), revised=revised) if responses else None


def chat(prompt: Prompt) -> ChatMessages:
    """A prompt as trainers take it: turns of the chat, neighbours of one role joined as engines join them."""
    return [{"role": role, "content": content} for role, content in turns(prompt)]


def prompt_id(messages: ChatMessages) -> str:
    """16 hexadecimal digits that stand for a prompt: equal prompts have equal ones."""
    return blake2b(orjson.dumps(messages), digest_size=8).hexdigest()


def shared_prompt(answered: list[Turn]) -> Prompt | None:
    """The messages that all these turns were shown, in order.

    What only some were shown (a persona, a stance) is left out; where that would leave out
    something that somebody said, the turns don't answer the same question: None.
    """
    first, *others = answered
    shared = {message.number for message in first.prompt}
    for turn in others:
        shared &= {message.number for message in turn.prompt}
    left_out: list[Message] = [
        message for turn in answered for message in turn.prompt if message.number not in shared
    ]
    if any(message.source is not None for message in left_out):
        return None
    return tuple(message for message in first.prompt if message.number in shared)


def score_of(response: Response) -> float:
    """The score of a response that has one."""
    assert response.score is not None
    return response.score
