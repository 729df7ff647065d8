"""What every scenario file may declare, whatever its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import prod
from types import NoneType
from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from palaestra.agents.agent import Layout
from palaestra.agents.budget import Limits
from palaestra.agents.declared import Problems, refuse
from palaestra.agents.engine import ENGINES, AnyEngine, EngineSettings, unweighed
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.limits import MOST_AGENTS, MOST_EPISODES, MOST_LIVE, MOST_POINTS, MOST_RETRIES
from palaestra.agents.memory import MemorySettings
from palaestra.agents.policy import Policy, Settings
from palaestra.scenarios.parts.population import PeopleDrawn

Location = tuple[str | int, ...]
SweptValues = Annotated[list[JsonValue], Field(min_length=1)]
UNSWEPT = ("scenario", "sweep")
"""What a sweep can't vary: it compares runs of one scenario."""
AGENTLESS = (str, int, float, NoneType, Policy, PeopleDrawn)
"""Where no agents are looked for in a declaration."""


class Participant(Settings):
    """An agent as a scenario file declares it; scenarios add fields of their own."""

    name: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        min_length=1, max_length=60, description="Unique in the scenario."
    )
    persona: str = Field("", description="Who this is, in a sentence or two; only this agent is told.")
    policy: str = Field("default", description="The policy that answers for this agent.")
    memory: MemorySettings | None = Field(
        None, description="What of all that it heard its prompts hold. Default: the scenario's `memory`."
    )


class ScenarioConfig(Settings):
    """The fields common to all scenarios; each scenario adds its own."""

    scenario: str = Field(description="The kind of scenario, see `palaestra scenarios`.")
    title: str = Field("", description="Shown in listings and transcripts.")
    episodes: int = Field(1, ge=1, le=MOST_EPISODES, description="How many episodes a run plays.")
    seed: int = Field(0, ge=0, description="Seed of the run; every episode and call derives its own from it.")
    live: int = Field(64, ge=1, le=MOST_LIVE, description="Most episodes under way at once.")
    layout: Layout = Field(
        "shared_prefix",
        description="Order of a prompt: `shared_prefix` puts what agents share first (fast), "
        "`persona_first` puts who the agent is first (some models stay in character better).",
    )
    retries: int = Field(
        2, ge=0, le=MOST_RETRIES, description="How often an answer that can't be parsed is asked again."
    )
    engines: dict[str, AnyEngine] = Field(
        {"default": VllmEngine()}, description="The engines, by name. Default: the embedded model on vLLM."
    )
    policies: dict[str, Policy] = Field(
        {"default": Policy()},
        description="The policies that agents may name; who names none takes `default`.",
    )
    limits: Limits = Field(
        Limits(),
        description="What a run may take over all its sittings, each run of a sweep or an evolution for "
        "itself. It stops there, and goes on where a limit is raised.",
    )
    memory: MemorySettings = Field(
        MemorySettings(), description="What of all that agents heard their prompts hold."
    )
    prompts: dict[str, str] = Field({}, description="Prompt templates that replace the scenario's own.")
    population: PeopleDrawn | None = Field(
        None,
        description="Who plays the agents without a persona: people of a population, others in each episode.",
    )
    sweep: dict[str, SweptValues] | list[dict[str, JsonValue]] = Field(
        {},
        description="What to vary: lists of values by dotted path, of which all combinations are played, "
        "such as `rounds: [1, 3]`; or a list of settings, each played as it is. The first is the baseline.",
    )

    def declared_agents(self) -> Iterator[tuple[Location, Participant]]:
        """All agents that the file declares, in the order of its fields, and where."""
        return _declared(self, ())

    def used_engines(self) -> dict[str, EngineSettings]:
        """The engines that a policy uses, by name: those that a run starts."""
        used = {policy.engine for policy in self.policies.values()}
        return {name: settings for name, settings in self.engines.items() if name in used}

    def context_of(self, policy: str) -> int | None:
        """The context of the engine that answers for `policy`, tokens; None where the file doesn't say."""
        engine = self.engines[self.policies[policy].engine] if policy in self.policies else None
        return engine.context if engine is not None else None

    def unplayed(self) -> list[str]:
        """The names of all agents without a persona, in the order of the file's fields."""
        return [agent.name for _, agent in self.declared_agents() if not agent.persona]

    def with_personas(self, personas: Mapping[str, str]) -> Self:
        """A copy in which the agents of these names have these personas."""

        def give(agent: Participant) -> Participant:
            return agent.model_copy(update={"persona": personas.get(agent.name, agent.persona)})

        cast: Self = _recast(self, give)
        return cast

    def problems(self) -> Problems:
        """What is impossible by the rules of a scenario: where in the file, and what is wrong."""
        return iter(())

    def moot(self) -> Problems:
        """What could be played and would say nothing: refused of a file, and no obstacle to reading a run."""
        return iter(())

    def policy_problems(self, location: Location, name: str) -> Problems:
        """That there is no policy `name`, which the file names at `location`."""
        if name not in self.policies:
            yield location, f"no policy {name!r}; the policies are: {', '.join(self.policies)}"

    def weighing_problems(self, location: Location, name: str) -> Problems:
        """That the engine of the policy `name`, which the file names at `location`, can't weigh texts."""
        policy = self.policies.get(name)
        engine = None if policy is None else self.engines.get(policy.engine)
        if policy is not None and engine is not None and not engine.weighs_texts:
            what, remedy = unweighed(policy.engine, engine)
            yield location, f"{what}; {remedy[0].lower()}{remedy[1:]}"

    def _common_problems(self) -> Problems:
        """What is impossible whatever the rules."""
        for name, policy in self.policies.items():
            if policy.engine not in self.engines:
                known = ", ".join(self.engines)
                yield ("policies", name, "engine"), f"no engine {policy.engine!r}; the engines are: {known}"
            else:
                yield from _unserved(("policies", name), policy, self.engines[policy.engine])
        swept = (
            self.sweep
            if isinstance(self.sweep, dict)
            else {k: v for point in self.sweep for k, v in point.items()}
        )
        for key in swept:
            if key.split(".")[0] in UNSWEPT:
                yield ("sweep",), f"a sweep can't vary `{key}`"
        if self.population is not None:
            for place, message in self.population.problems(len(self.unplayed())):
                yield ("population", *place), message
        points = prod(map(len, self.sweep.values())) if isinstance(self.sweep, dict) else len(self.sweep)
        if points > MOST_POINTS:
            yield ("sweep",), f"a sweep of {points:,} points; at most {MOST_POINTS:,} are played"
        seen = set()
        for number, (location, agent) in enumerate(self.declared_agents(), 1):
            if number > MOST_AGENTS:
                yield location, f"more than {MOST_AGENTS:,} agents"
            yield from self.policy_problems((*location, "policy"), agent.policy)
            if (location[:-1], agent.name) in seen:
                yield (*location, "name"), f"two agents are named {agent.name!r}"
            seen.add((location[:-1], agent.name))
        yield from self._memory_problems()
        yield from self._spend_problems()

    def _spend_problems(self) -> Problems:
        for name, engine in self.used_engines().items() if self.limits.spend is not None else ():
            if engine.prices is None and not engine.free:
                yield (
                    ("limits", "spend"),
                    f"nobody knows what is spent: engine {name!r} has no prices; give them per million "
                    f"tokens (engines.{name}.prices: {{prompt: 0.15, output: 0.6}}), zeros where it is free",
                )

    def _memory_problems(self) -> Problems:
        known = [engine.context for engine in self.engines.values() if engine.context is not None]
        largest = max(known) if known and len(known) == len(self.engines) else None
        declared: list[tuple[Location, MemorySettings]] = [(("memory",), self.memory)]
        declared += [
            ((*location, "memory"), member.memory)
            for location, member in self.declared_agents()
            if member.memory is not None
        ]
        for location, memory in declared:
            if largest is not None and memory.tokens is not None and memory.tokens >= largest:
                yield (
                    (*location, "tokens"),
                    f"a memory of {memory.tokens} tokens doesn't fit a context of {largest}",
                )

    @model_validator(mode="after")
    def _refuse_problems(self) -> ScenarioConfig:
        refuse(chain(self._common_problems(), self.problems()))
        return self


def _unserved(place: Location, policy: Policy, engine: EngineSettings) -> Problems:
    """What a policy wants that its engine doesn't have."""
    if policy.adapter is not None and not engine.serves_adapters:
        kinds = [name for name, kind in ENGINES.items() if kind.settings.serves_adapters]
        yield (*place, "adapter"), f"adapters need an engine of kind {' or '.join(kinds)}"
    if policy.think.kind == "native" and not engine.thinks:
        message = f"an engine of kind {engine.kind} has no thoughts of its own; choose `think: scratchpad`"
        yield (*place, "think"), message
    if policy.normalise == "answer" and not engine.weighs_texts:
        what, _ = unweighed(policy.engine, engine)
        yield (*place, "normalise"), f"{what}, nor a whole option; leave it at `options`"


def _declared(node: object, place: Location) -> Iterator[tuple[Location, Participant]]:
    """The agents in a declaration, and where."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(node, Participant):
        yield place, node
    elif isinstance(node, Settings):
        items = _fields(node)
    elif isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list | tuple):
        items = enumerate(node)
    for key, item in items:
        if not isinstance(item, AGENTLESS):
            yield from _declared(item, (*place, key))


def _recast(node: Any, give: Callable[[Participant], Participant]) -> Any:
    """A copy of a declaration in which `give` replaces each agent; what declares none is left as it is."""
    if isinstance(node, Participant):
        return give(node)
    if isinstance(node, list | tuple):
        items = [_recast(item, give) for item in node]
        return items if isinstance(node, list) else tuple(items)
    if isinstance(node, dict):
        return {key: _recast(item, give) for key, item in node.items()}
    if isinstance(node, Settings) and not isinstance(node, AGENTLESS):
        return node.model_copy(update={name: _recast(item, give) for name, item in _fields(node)})
    return node


def _fields(node: Settings) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(node, name)) for name in type(node).model_fields)


def name_problems(**casts: Sequence[Participant]) -> Problems:
    """Names that two agents share, whatever their case and outer spaces; keywords are the file's fields."""
    seen: dict[str, str] = {}
    for field, cast in casts.items():
        for position, member in enumerate(cast):
            key = " ".join(member.name.split()).casefold()
            if key in seen:
                same = seen[key] if seen[key] == member.name else f"{seen[key]} and {member.name}"
                yield (field, position, "name"), f"two agents are named {same!r}"
            seen.setdefault(key, member.name)
