"""An agent: a name, a persona, what it has heard, what only it knows, and the mind it borrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import mesa

from agents.answers import Answer, Text
from agents.calls import Call, Message, Prompt, Role, Scalar

Layout = Literal["shared_prefix", "persona_first"]


class Stage(Protocol):
    """What an agent needs of its episode."""

    @property
    def layout(self) -> Layout:
        """The order of prompts."""

    def message(self, role: Role, text: str) -> Message:
        """The message of this role and text, made when there is none yet."""

    def request(self, purpose: str, fill: dict[str, Scalar]) -> Message:
        """The message that asks for `purpose`."""

    def call(
        self, agent: Agent, purpose: str, answer: Answer, prompt: Prompt, about: dict[str, Scalar]
    ) -> Call:
        """A new call of `agent`."""


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
    ) -> Call:
        """A call with the template `purpose` as its request.

        Args:
            purpose: name of the prompt template.
            answer: the kind of answer, free text by default.
            fill: values of the template's variables, beside `about` and the episode's topic.
            reading: messages that are shown in this call only, after what was heard.
            about: facts of the call (the round, who is judged) that go to the log.
        """
        request = self.episode.request(purpose, {**about, **(fill or {})})
        return self.episode.call(self, purpose, answer or Text(), self._prompt(reading, request), about)

    def _prompt(self, reading: Sequence[Message], request: Message) -> Prompt:
        """The layout: what is shared comes first, so that agents share a prefix, or the persona does."""
        if self.episode.layout == "persona_first":
            return (*self._persona, self._rules, *self.heard, *reading, *self.private, request)
        return (self._rules, *self.heard, *reading, *self._persona, *self.private, request)
