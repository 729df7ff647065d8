"""The episode core: rules that ask and never wait.

An episode is a Mesa model whose `play` is a generator: it yields the calls that it wants
answered now and receives their replies. One `step` is one such exchange. It holds no I/O
and takes all chance from its own seeded generators, so the same replies always lead it
through the same states: that is what makes resuming, replaying and branching possible.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

import mesa

from palaestra.agents.agent import Agent, Layout, Stage
from palaestra.agents.answers import Answer
from palaestra.agents.calls import OVERFLOW, Call, Message, Prompt, Reply, Role, Scalar, derive_seed
from palaestra.agents.memory import Memory, MemorySettings
from palaestra.agents.prompts import Prompts, read_prompts
from palaestra.scenarios.core.config import Participant, ScenarioConfig
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.parts.population import Person

Config = TypeVar("Config", bound=ScenarioConfig)
AnyAgent = TypeVar("AnyAgent", bound=Agent)
Responder = Callable[[list[Call]], list[Reply]]
Returned = TypeVar("Returned")
Asking = Generator[list[Call], list[Reply], Returned]
"""A part of the rules: yields the calls wanted now, receives their replies, returns what came of it."""
Play = Asking[dict[str, Scalar]]
"""The rules; they return the outcome."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in an episode, for the log and its tables.

    Subclasses are dataclasses whose fields are scalars; the table of a type is named
    after its class in snake case, its columns after the fields.
    """


@dataclass(frozen=True, slots=True)
class Persona(Event):
    """Who of a population an agent plays; any scenario may record it.

    Attributes:
        agent: who plays.
        person: number of the person in the population.
        text: the persona.
        attributes: the person's values by name, as JSON.
    """

    agent: str
    person: int
    text: str
    attributes: str


EVERYWHERE: tuple[type[Event], ...] = (Persona,)
"""Event types beside those that a scenario declares."""


class Episode(Stage, Generic[Config]):
    """One play of a scenario: one seed, one cast, one topic.

    Args:
        config: the scenario; or leave it out and give its fields as keywords, as
            `mesa.batch_run` does.
        index: number of the episode in its run, from 0.
        seed: the run's seed; the config's by default.
        respond: what answers calls when `step` gets no replies, such as
            `palaestra.agents.scripted.scripted_replies`. A scheduler passes replies instead.
        prompts: the templates; read from the scenario's folder by default.

    Attributes:
        number: of the episode in its log; `index`, unless it is a branch of another run's episode.
        call_seed: gives the seed of a call by its index.
        messages: every message of the episode, by number.
        events: every event, with the step in which it happened.
        outcome: what `play` returned, once `running` is False.
        persons: of the population, by the name of the agent who plays them.
        failures: how many of the calls that `asking` made had no valid answer.
    """

    kind: ClassVar[str]
    config_type: ClassVar[type[ScenarioConfig]]
    event_types: ClassVar[tuple[type[Event], ...]]
    prompts_file: ClassVar[Path]
    topic_variables: ClassVar[tuple[str, ...]] = ()
    """What `topic` holds once the episode plays; every prompt may use it."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        index: int = 0,
        seed: int | None = None,
        respond: Responder | None = None,
        prompts: Prompts | None = None,
        **fields: Any,
    ) -> None:
        if config is None:
            config = cast(Config, self.config_type.model_validate({"scenario": self.kind, **fields}))
        self.config: Config = config
        self.index = index
        self.run_seed = config.seed if seed is None else seed
        self.episode_seed = derive_seed(self.run_seed, "episode", index)
        super().__init__(seed=self.episode_seed)
        self.number = index
        self.call_seed: Callable[[int], int] = partial(derive_seed, self.run_seed, index)
        self.respond = respond
        self.prompts = prompts or read_prompts(
            self.prompts_file, tuple(config.prompts.items()), self.topic_variables
        )
        self.messages: list[Message] = []
        self.answers: list[Answer] = []
        self.events: list[tuple[int, Event]] = []
        self.outcome: dict[str, Scalar] = {}
        self.topic: dict[str, Scalar] = {}
        self.failures = 0
        self._message_numbers: dict[tuple[str, str, str | int], Message] = {}
        self._answer_numbers: dict[Answer, int] = {}
        self._calls_made = 0
        self._play: Play | None = None
        self._pending: list[Call] = []
        self.persons = self._people_the_cast()
        self._wanted: list[Call] = []
        self._replies: dict[int, Reply] = {}
        self._kept: dict[int, tuple[Memory, Call]] = {}
        own = {agent.name: agent.memory for _, agent in self.config.declared_agents()}
        self._memories = {name: memory for name, memory in own.items() if memory is not None}
        declared = (self.config.memory, *self._memories.values())
        self._memories_ask = any(memory.kind != "window" for memory in declared)

    reward_unit: ClassVar[str] = ""
    """What `rewards` are measured in; "" where the outcome is worth nothing to anybody."""

    @classmethod
    def judged(cls, config: Config, trajectory: Trajectory) -> Iterator[Judged]:
        """The questions of a finished episode whose answers were judged; none by default."""
        return iter(())

    @classmethod
    def rewards(cls, config: Config, trajectory: Trajectory) -> dict[str, float]:
        """What the outcome is worth to each agent, in `reward_unit`, more is better; by default nothing."""
        return {}

    def _people_the_cast(self) -> dict[str, Person]:
        """Let people of the population play the agents without a persona, by a chance of its own."""
        if self.config.population is None:
            return {}
        seed = derive_seed(self.episode_seed, "population")
        drawn = self.config.population.choose(self.config.unplayed(), seed)
        self.config = self.config.with_personas({person.agent: person.text for person in drawn})
        for person in drawn:
            values = json.dumps(dict(person.values), ensure_ascii=False)
            self.record(Persona(person.agent, person.number, person.text, values))
        return {person.agent: person for person in drawn}

    @abstractmethod
    def play(self) -> Play:
        """The rules: yield lists of calls, receive their replies, return the outcome."""

    @property
    def layout(self) -> Layout:
        """The order of its prompts."""
        return self.config.layout

    @property
    def pending(self) -> list[Call]:
        """The calls that wait for replies; empty once the episode is over."""
        if self._play is None:
            self._play = self.play()
            self._exchange(None)
        return self._pending

    def step(self, replies: list[Reply] | None = None) -> None:
        """One exchange: hand the pending calls' replies to the rules.

        Args:
            replies: one for each pending call, in order; asked of `respond` by default.
        """
        calls = self.pending
        if not self.running:
            return
        if replies is None:
            if self.respond is None:
                raise RuntimeError("an episode without `respond` needs its replies: step(replies)")
            replies = self.respond(calls)
        for call, reply in zip(calls, replies, strict=True):
            reply.call = call.index
            self._replies[call.index] = reply
        self._pending = self._ask_shorter()
        if not self._pending:
            wanted = [self._replies.pop(call.index) for call in self._wanted]
            self._keep_memories()
            self._exchange(wanted)
        collector = getattr(self, "datacollector", None)
        if collector is not None and self.respond is not None:
            collector.collect(self)

    def _exchange(self, replies: list[Reply] | None) -> None:
        assert self._play is not None
        try:
            wanted = next(self._play) if replies is None else self._play.send(replies)
            while not wanted:
                wanted = self._play.send([])
            self._wanted = list(wanted)
            self._pending = [*wanted, *self._upkeep()]
        except StopIteration as stop:
            self._pending = []
            self.outcome = stop.value or {}
            self.running = False
            # Mesa 3.3 counts agents in a class-level dictionary that would keep every episode alive.
            getattr(mesa.Agent, "_ids", {}).pop(self, None)

    def _ask_shorter(self) -> list[Call]:
        """The calls of the rules whose prompts were too long, in shorter words."""
        again = []
        for position, call in enumerate(self._wanted):
            if self._replies[call.index].finish == OVERFLOW:
                del self._replies[call.index]
                agent = next(agent for agent in self._cast() if agent.name == call.agent)
                self._wanted[position] = shorter = agent.ask_shorter(call)
                again.append(shorter)
        return again

    def _upkeep(self) -> list[Call]:
        """What memories ask beside the rules."""
        for memory in dict.fromkeys(agent.memory for agent in self._cast()) if self._memories_ask else ():
            for call in memory.upkeep():
                self._kept[call.index] = memory, call
        return [call for _, call in self._kept.values()]

    def _keep_memories(self) -> None:
        for index, (memory, call) in self._kept.items():
            memory.take(call, self._replies.pop(index))
        self._kept.clear()

    def _cast(self) -> Iterator[Agent]:
        return (agent for agent in self.agents if isinstance(agent, Agent))

    def memory_of(self, name: str, policy: str) -> MemorySettings:
        """The memory that the agent `name` is to have: its own or the scenario's."""
        return self._memories.get(name, self.config.memory).of_context(self.config.context_of(policy))

    def seat(
        self,
        kind: type[AnyAgent],
        declared: Participant,
        rules: str,
        *,
        template: str = "persona",
        only_if_persona: bool = False,
        **fill: Scalar,
    ) -> AnyAgent:
        """The agent that plays `declared`.

        Args:
            kind: of agent.
            declared: its name, persona and policy.
            rules: the text of what it is told of its part.
            template: name of the one that tells it who it is, from its name, persona and `fill`.
            only_if_persona: whether it is told nothing, not even its name, when it has no persona.
            fill: values of further variables of the template.
        """
        persona = ""
        if declared.persona or not only_if_persona:
            persona = self.words(template, name=declared.name, persona=declared.persona, **fill)
        return kind(self, declared.name, rules=rules, persona=persona, policy=declared.policy)

    def asking(self, calls: list[Call]) -> Asking[list[Reply]]:
        """The replies to `calls`; those without a valid answer count as `failures`."""
        replies = yield calls
        self.failures += sum(reply.failed for reply in replies)
        return replies

    def message(self, role: Role, text: str, label: str = "", source: int | None = None) -> Message:
        """The message of this role, label and text; a new one only if there is none yet."""
        key = (role, label, text if source is None else source)
        found = self._message_numbers.get(key)
        if found is None:
            found = Message(len(self.messages), role, text, label, source)
            self._message_numbers[key] = found
            self.messages.append(found)
        return found

    def say(self, speaker: str, reply: Reply, to: Iterable[Agent]) -> Message:
        """Let `to` hear `reply` under the name `speaker`, and nobody else."""
        message = self.message("user", reply.text, speaker, reply.call)
        for agent in to:
            agent.heard.append(message)
        return message

    def request(self, purpose: str, fill: dict[str, Scalar]) -> Message:
        """The message that asks for `purpose`, its variables taken from `fill` and the topic."""
        return self.message("user", self.words(purpose, **fill))

    def words(self, purpose: str, **fill: Scalar) -> str:
        """The text of template `purpose`, its variables taken from `fill` and the topic."""
        return self.prompts.render(purpose, {**self.topic, **fill})

    def call(
        self,
        agent: Agent,
        purpose: str,
        answer: Answer,
        prompt: Prompt,
        about: dict[str, Scalar],
        shortenable: bool = False,
    ) -> Call:
        """A new call, numbered and seeded."""
        index = self._calls_made
        self._calls_made += 1
        seed = self.call_seed(index)
        return Call(index, agent.name, purpose, about, prompt, answer, agent.policy, seed, shortenable)

    def answer_number(self, answer: Answer) -> int:
        """The number of `answer` among the kinds of answers that this episode's calls asked for."""
        number = self._answer_numbers.get(answer)
        if number is None:
            number = self._answer_numbers[answer] = len(self.answers)
            self.answers.append(answer)
        return number

    def record(self, event: Event) -> None:
        """Put `event` into the log."""
        self.events.append((self.steps, event))
