"""Engines and policies as scenario files declare them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from palaestra.agents.policy import EngineSettings, OpenAIEngine, Policy, VllmEngine

ENGINE: TypeAdapter[EngineSettings] = TypeAdapter(EngineSettings)


def test_an_engine_without_a_kind_is_vllm_with_the_embedded_model() -> None:
    engine = ENGINE.validate_python({"context": 2048})
    assert isinstance(engine, VllmEngine)
    assert engine.model == "smollm2"


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000/v1",
        "ftp://host/v1",
        "http://",
        "https://me:secret@host/v1",
        "https://host/v1?key=secret",
    ],
)
def test_a_server_needs_a_plain_address_without_secrets(url: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        OpenAIEngine(kind="openai", model="m", url=url)


def test_sampling_stays_in_its_range() -> None:
    with pytest.raises(ValidationError):
        Policy(temperature=2.5)
    with pytest.raises(ValidationError):
        Policy(top_p=0)
