"""An engine: its settings, the class that answers, and what tells Palaestra of both."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Literal

from palaestra import Call, Choice, Json, Reply
from palaestra.agents.calls import turns
from palaestra.agents.engine import EngineKind, EngineSettings
from palaestra.agents.failures import EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.agents.scripted import scripted_reply
from pydantic import Field


class MyEngineSettings(EngineSettings):
    """What a scenario file may set; a description tells a field's meaning, and its unit if it has one."""

    kind: Literal["my_engine"] = "my_engine"
    phrases: list[str] = Field(["Yes.", "No.", "Why?"], description="What it says.")


class MyEngine:
    """Says one of its phrases. Import what is heavy in `start`: the module is read for its settings too."""

    def __init__(self, settings: MyEngineSettings, policies: Mapping[str, Policy]) -> None:
        self._phrases = settings.phrases

    async def start(self) -> None:
        """Load the model, or reach the server; a reason and a remedy where that fails."""
        if not self._phrases:
            raise EngineUnavailable("there is nothing to say", "Set `phrases` of the engine.")

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """The reply to `call`: a new one each time, its text of the kind that `call.answer` asks for."""
        random = Random(seed)
        prompt = sum(len(text) // 4 for _, text in turns(call.prompt))
        match call.answer:
            case Choice(options):
                alike = (1 / len(options),) * len(options)
                return Reply(random.choice(options), probabilities=alike, prompt_tokens=prompt)
            case Json():
                return scripted_reply(call, attempt=attempt)  # any text that fits `call.answer.schema`
        return Reply(random.choice(self._phrases), prompt_tokens=prompt, output_tokens=2)

    async def close(self) -> None:
        """Let go of everything."""

    def identity(self) -> dict[str, str]:
        """What answered, for the run folder. Never a secret."""
        return {"kind": "my_engine", "model": "phrases"}


ENGINE = EngineKind(MyEngineSettings, MyEngine)
