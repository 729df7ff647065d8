"""The episode core: rules that ask and never wait.

An episode is a Mesa model whose `play` is a generator: it yields the questions that it wants
answered now and receives the replies. One `step` is one such exchange. It holds no I/O
and takes all chance from its own seeded generators, so the same replies always lead it
through the same states: that is what makes resuming, replaying and branching possible.

Here are the words in which rules are written. What was said is kept by `transcript`, what is
asked by `exchange`.
"""

from __future__ import annotations

import json
import zlib
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, cast

from palaestra.agents.agent import Agent, Layout, Stage
from palaestra.agents.calls import Call, Message, Question, Reply, Role, Scalar, derive_seed
from palaestra.agents.memory import MemorySettings
from palaestra.agents.prompts import Prompts, read_prompts
from palaestra.scenarios.core.config import Participant, ScenarioConfig
from palaestra.scenarios.core.exchange import Exchange
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.core.transcript import Transcript
from palaestra.scenarios.core.trial import MakeTrial
from palaestra.scenarios.parts.population import Person

Config = TypeVar("Config", bound=ScenarioConfig)
AnyAgent = TypeVar("AnyAgent", bound=Agent)
Responder = Callable[[list[Call]], list[Reply]]
Returned = TypeVar("Returned")
Item = TypeVar("Item")
Asking = Generator[list[Question], list[Reply], Returned]
"""A part of the rules: yields what it asks now, receives the replies, returns what came of it."""
Play = Asking[dict[str, Scalar]]
"""The rules; they return the outcome."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in an episode, for the log and its tables.

    Subclasses are dataclasses whose fields are scalars. The table of a type has the name `table`, by
    default that of the class in snake case; its columns are named after the fields.
    """

    table = ""


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


SCALARS = (str, int, float, bool, NoneType)
MOST_SILENCES = 10_000
"""How often rules may ask nothing before they go on: endless loops end there."""
EVERYWHERE: tuple[type[Event], ...] = (Persona,)
"""Event types beside those that a scenario declares."""


class Episode(Stage, Generic[Config]):
    """One play of a scenario: one seed, one cast, one topic.

    Args:
        config: the scenario; or leave it out and give its fields as keywords, as
            `mesa.batch_run` does.
        index: number of the episode in its run, from 0.
        seed: the run's seed; the config's by default.
        respond: what `step` asks for replies, such as `palaestra.agents.scripted.scripted_replies`.
            A scheduler hands them to `advance` instead.
        prompts: the templates; read from the scenario's folder by default.

    Attributes:
        number: of the episode in its log; `index`, unless it is a branch of another run's episode.
        transcript: what was said.
        exchange: what was asked.
        events: every event, with the step in which it happened.
        outcome: what `play` returned, once `running` is False.
        topic: what `topic_variables` stand for; `play` fills it in.
        item: which item of a list this episode plays, as a number that is the item's in every run and
            file; None where it plays none. Episodes of one item aren't independent of each other.
        persons: of the population, by the name of the agent who plays them.
        failures: how many of the questions that `asking` put had no valid answer.
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
        super().__init__(rng=self.episode_seed)
        self.number = index
        self.respond = respond
        self.prompts = prompts or read_prompts(
            self.prompts_file, tuple(config.prompts.items()), self.topic_variables
        )
        self.transcript = Transcript(lambda: (agent.name for agent in self._cast()))
        self.events: list[tuple[int, Event]] = []
        self.outcome: dict[str, Scalar] = {}
        self.topic: dict[str, Scalar] = {}
        self.item: int | None = None
        self.failures = 0
        self._play: Play | None = None
        self._handed: Sequence[Reply] | None = None
        self.persons = self._people_the_cast()
        own = {agent.name: agent.memory for _, agent in self.config.declared_agents()}
        self._memories = {name: memory for name, memory in own.items() if memory is not None}
        memories_ask = any(m.kind != "window" for m in (self.config.memory, *self._memories.values()))
        seed_of = partial(derive_seed, self.run_seed, index)
        self.exchange = Exchange(index, seed_of, self._cast, memories_ask)

    reward_unit: ClassVar[str] = ""
    """What `rewards` are measured in; "" where the outcome is worth nothing to anybody."""

    @classmethod
    def judged(cls, config: Config, trajectory: Trajectory) -> Iterator[Judged]:
        """The questions of a finished episode whose answers were judged; none by default."""
        return iter(())

    @classmethod
    def trials(cls, config: Config) -> Mapping[str, MakeTrial]:
        """What puts planted pairs to its judges, by way of judging, the file's own first.

        See `palaestra.scenarios.core.trial`. Empty, as by default, where its judges can't be tried.
        """
        return {}

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
        """The rules: yield lists of questions, receive the replies, return the outcome."""

    @property
    def layout(self) -> Layout:
        """The order of its prompts."""
        return self.config.layout

    @property
    def messages(self) -> list[Message]:
        """Every message of the episode, by number."""
        return self.transcript.messages

    @property
    def pending(self) -> list[Call]:
        """The calls that wait for replies, the first ones being asked now; empty once it is over."""
        self.begin()
        return self.exchange.pending

    def begin(self) -> None:
        """Let the rules go up to what they ask first; once they have begun, this does nothing."""
        if self._play is None:
            made: object = self.play()
            if not isinstance(made, Generator):
                told = f"play() returned a {type(made).__name__}, so it is no generator"
                raise TypeError(f"{told}: it must yield lists of questions")
            self._play = made
            self._go_on(None)

    def step(self) -> None:
        """One exchange: have the pending calls answered by `respond`, and let the rules go on.

        Raises:
            RuntimeError: there is no `respond`.
        """
        calls, replies, self._handed = self.pending, self._handed, None
        if not self.running:
            return
        if replies is None:
            if self.respond is None:
                raise RuntimeError("an episode without `respond` needs its replies: advance(replies)")
            replies = self.respond(calls)
        answered = self.exchange.take(replies)
        if answered is not None:
            self._go_on(answered)
        collector = getattr(self, "datacollector", None)
        if collector is not None and self.respond is not None:
            collector.collect(self)

    def advance(self, replies: Sequence[Reply]) -> None:
        """A `step` with these replies instead of those of `respond`.

        Args:
            replies: one for each pending call, in order.

        Raises:
            ValueError: there are more or fewer.
        """
        if len(replies) != len(self.pending):
            raise ValueError(f"{len(replies)} replies to {len(self.pending)} calls")
        self._handed = replies
        self.step()  # Mesa's, which counts it

    def _go_on(self, replies: list[Reply] | None) -> None:
        """Let the rules act on the replies to what they asked, up to what they ask next or their end."""
        assert self._play is not None
        try:
            wanted = next(self._play) if replies is None else self._play.send(replies)
            for _ in range(MOST_SILENCES):
                self._refuse_what_is_no_question(wanted)
                if wanted:
                    break
                wanted = self._play.send([])
            else:
                self._refuse(RuntimeError(f"play() yielded no question {MOST_SILENCES} times in a row"))
        except StopIteration as stop:
            self._end(stop.value)
        else:
            self.exchange.ask(wanted)

    def _refuse_what_is_no_question(self, wanted: object) -> None:
        """Raise, at the line that yielded it, what `wanted` is instead of a list of questions."""
        if isinstance(wanted, (list, tuple)):
            odd = next((item for item in wanted if not isinstance(item, Question)), None)
            if odd is None:
                return
            told = f"play() yields lists of questions, not a list with a {type(odd).__name__}"
        else:
            told = f"play() yields lists of questions, not a {type(wanted).__name__}"
        self._refuse(TypeError(f"{told}: yield [agent.ask(…), …]"))

    def _refuse(self, error: Exception) -> NoReturn:
        """Raise `error` where the rules yielded last; rules that catch it don't go on either."""
        assert self._play is not None
        with suppress(StopIteration):
            self._play.throw(error)
        raise error

    def _end(self, outcome: dict[str, Scalar] | None) -> None:
        if not isinstance(outcome, (dict, NoneType)):
            raise TypeError(f"play() returns an outcome by names; its outcome is {outcome!r}, no dict")
        for name, value in (outcome or {}).items():
            if not isinstance(value, SCALARS):
                raise TypeError(f"the outcome's {name!r} is {value!r}, no scalar")
        self.outcome = outcome or {}
        self.running = False
        # Mesa before 3.4.1 numbers agents in a dictionary of its class that keeps every episode alive.
        getattr(Agent, "_ids", {}).pop(self, None)

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

    def cycled(self, items: Sequence[Item], each: int = 1) -> list[Item]:
        """The next `each` of `items` that this episode plays: episode after episode goes on in the list.

        Statistics count episodes that play the same as one observation, see `item`; where selections
        overlap, as the list is no multiple of `each`, all of them are one.
        """
        chosen = [items[(self.index * each + turn) % len(items)] for turn in range(each)]
        overlapping = len(items) % each > 0
        self.item = zlib.crc32(repr(list(items) if overlapping else chosen).encode())
        return chosen

    def asking(self, questions: list[Question]) -> Asking[list[Reply]]:
        """The replies to `questions`; those without a valid answer count as `failures`."""
        replies = yield questions
        self.failures += sum(reply.failed for reply in replies)
        return replies

    def message(self, role: Role, text: str, label: str = "", source: int | None = None) -> Message:
        """The message of this role, label and text; a new one only if there is none yet."""
        return self.transcript.message(role, text, label, source)

    def say(self, speaker: str, reply: Reply, to: Iterable[Agent]) -> Message:
        """Let `to` hear `reply` under the name `speaker`, and nobody else."""
        return self.transcript.say(speaker, reply, to)

    def request(self, purpose: str, fill: dict[str, Scalar]) -> Message:
        """The message that asks for `purpose`, its variables taken from `fill` and the topic."""
        return self.message("user", self.prompts.render(purpose, {**self.topic, **fill}))

    def words(self, purpose: str, **fill: Scalar) -> str:
        """The text of template `purpose`, its variables taken from `fill` and the topic."""
        return self.prompts.render(purpose, {**self.topic, **fill})

    def record(self, event: Event) -> None:
        """Put `event` into the log.

        Raises:
            TypeError: its type is none of `event_types`, or it holds something that is no scalar.
        """
        kind = type(event)
        if kind not in self.event_types and kind not in EVERYWHERE:
            raise TypeError(f"{kind.__name__} is not among `event_types`")
        for name in kind.__dataclass_fields__:
            if not isinstance(getattr(event, name), SCALARS):
                raise TypeError(f"{kind.__name__}.{name} is {getattr(event, name)!r}, no scalar")
        self.events.append((self.steps, event))
