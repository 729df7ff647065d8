"""What every scenario file may declare, whatever its rules."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agents.agent import Layout
from agents.policy import EngineSettings, Policy, Settings, VllmEngine

Location = tuple[str | int, ...]


class ScenarioConfig(Settings):
    """The fields common to all scenarios; each scenario adds its own."""

    scenario: str = Field(description="The kind of scenario, see `palaestra scenarios`.")
    title: str = Field("", description="Shown in listings and transcripts.")
    episodes: int = Field(1, ge=1, description="How many episodes a run plays.")
    seed: int = Field(0, ge=0, description="Seed of the run; every episode and call derives its own from it.")
    live: int = Field(64, ge=1, description="Most episodes under way at once.")
    layout: Layout = Field(
        "shared_prefix",
        description="Order of a prompt: `shared_prefix` puts what agents share first (fast), "
        "`persona_first` puts who the agent is first (some models stay in character better).",
    )
    retries: int = Field(2, ge=0, description="How often an answer that can't be parsed is asked again.")
    engines: dict[str, EngineSettings] = Field(
        {"default": VllmEngine()}, description="The engines, by name. Default: the embedded model on vLLM."
    )
    policies: dict[str, Policy] = Field(
        {"default": Policy()},
        description="The policies that agents may name. `default` is taken by all others.",
    )
    prompts: dict[str, str] = Field({}, description="Prompt templates that replace the scenario's own.")

    def agent_policies(self) -> Iterator[tuple[Location, str]]:
        """Where in the file a policy is named, and the name; scenarios with agents override this."""
        return iter(())

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Impossible combinations: where in the file, and what is wrong. Scenarios add theirs."""
        for name, policy in self.policies.items():
            if policy.engine not in self.engines:
                known = ", ".join(self.engines)
                yield ("policies", name, "engine"), f"no engine {policy.engine!r}; the engines are: {known}"
            elif policy.adapter is not None and self.engines[policy.engine].kind != "vllm":
                yield ("policies", name, "adapter"), "adapters need an engine of kind vllm"
        for location, name in self.agent_policies():
            if name not in self.policies:
                yield location, f"no policy {name!r}; the policies are: {', '.join(self.policies)}"

    @model_validator(mode="after")
    def _refuse_problems(self) -> ScenarioConfig:
        for location, message in self.problems():
            raise PydanticCustomError("impossible", "{message}", {"message": message, "location": location})
        return self


def repeated(names: list[str]) -> Iterator[tuple[int, str]]:
    """Positions and names that already stand earlier in `names`."""
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name in seen:
            yield position, name
        seen.add(name)
