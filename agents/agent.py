"""An agent: a name, a persona, what it has heard, what only it knows, and the mind it borrows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import mesa

from palaestra.agents.answers import Answer, Text
from palaestra.agents.calls import Message, Prompt, Question, Role, Scalar
from palaestra.agents.memory import Memory, MemorySettings

Layout = Literal["shared_prefix", "persona_first"]


class Stage(mesa.Model, ABC):
    """What an agent needs of its episode."""

    @property
    @abstractmethod
    def layout(self) -> Layout:
        """The order of prompts."""

    @abstractmethod
    def memory_of(self, name: str, policy: str) -> MemorySettings:
        """The memory that the agent `name`, whose calls `policy` answers, is to have."""

    @abstractmethod
    def message(self, role: Role, text: str, label: str = "", source: int | None = None) -> Message:
        """The message of this role, text, speaker and call quoted, made when there is none yet."""

    @abstractmethod
    def request(self, purpose: str, fill: dict[str, Scalar]) -> Message:
        """The message that asks for `purpose`."""


class Agent(mesa.Agent):
    """One participant of an episode.

    Args:
        model: the episode.
        name: unique in the episode.
        rules: what everybody in this agent's part is told, the head of its prompts.
        persona: who the agent is; only it sees this. "" for none.
        policy: name of the policy that answers its calls.

    Attributes:
        heard: the messages it has heard, in order; append-only.
        private: what only it knows beside its persona, in order.
        memory: what of `heard` its prompts hold.
    """

    def __init__(
        self, model: Stage, name: str, *, rules: str, persona: str = "", policy: str = "default"
    ) -> None:
        super().__init__(model)
        self.episode = model
        self.name = name
        self.policy = policy
        self.heard: list[Message] = []
        self.private: list[Message] = []
        self.memory = Memory(self, model.memory_of(name, policy))
        self._rules = model.message("system", rules)
        first = model.layout == "persona_first"
        self._persona = (model.message("system" if first else "user", persona),) if persona else ()

    def remember(self, text: str) -> None:
        """Add `text` to what only this agent knows."""
        self.private.append(self.episode.message("user", text))

    def ask(
        self,
        purpose: str,
        answer: Answer | None = None,
        fill: Mapping[str, Scalar] | None = None,
        reading: Sequence[Message] = (),
        **about: Scalar,
    ) -> Question:
        """A question with the template `purpose` as its request; rules yield it to have it answered.

        Args:
            purpose: name of the prompt template.
            answer: the kind of answer, free text by default.
            fill: values of the template's variables, beside `about` and the episode's topic.
            reading: messages that are shown with it only, after what was heard.
            about: facts of the question (the round, who is judged) that go to the log.
        """
        request = self.episode.request(purpose, {**about, **(fill or {})})
        heard, recalled = self.memory.recall(request)
        prompt = self._prompt(heard, reading, recalled, request)
        return Question(self.name, purpose, about, prompt, answer or Text(), self.policy, bool(heard))

    def ask_alone(
        self, purpose: str, answer: Answer, reading: Sequence[Message], **about: Scalar
    ) -> Question:
        """A question with the rules, `reading` and who the agent is, and nothing else that it heard."""
        prompt = self._prompt((), reading, (), self.episode.request(purpose, about))
        return Question(self.name, purpose, about, prompt, answer, self.policy, True)

    def ask_shorter(self, question: Question) -> Question | None:
        """The same as `question`, which was too long, with half as much of what was heard.

        None, from agents that have no shorter one, lets the question fail.
        """
        prompt, shortenable = self.memory.shorten(question.prompt)
        return replace(question, prompt=prompt, shortenable=shortenable)

    def _prompt(
        self,
        heard: Sequence[Message],
        reading: Sequence[Message],
        recalled: Sequence[Message],
        request: Message,
    ) -> Prompt:
        """The layout: what is shared comes first, so that agents share a prefix, or the persona does."""
        if self.episode.layout == "persona_first":
            return (*self._persona, self._rules, *heard, *reading, *self.private, *recalled, request)
        return (self._rules, *heard, *reading, *self._persona, *self.private, *recalled, request)
