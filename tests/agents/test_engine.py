"""Engines as scenario files declare them, and what each kind declares of itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from palaestra.agents.engine import ENGINES, AnyEngine, EngineKind, EngineSettings, answering
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.engines.vllm import VllmEngine

ENGINE: TypeAdapter[EngineSettings] = TypeAdapter(AnyEngine)


class Unnamed(EngineSettings):
    """Settings whose kind has no name."""


def test_an_engine_without_a_kind_is_vllm_with_the_embedded_model() -> None:
    engine = ENGINE.validate_python({"context": 2048})
    assert isinstance(engine, VllmEngine)
    assert engine.model == "smollm2"


@pytest.mark.parametrize("name", [*ENGINES])
def test_settings_of_every_kind_written_out_and_read_again_are_the_same(name: str) -> None:
    required = {
        field: "m" for field, info in ENGINES[name].settings.model_fields.items() if info.is_required()
    }
    engine = ENGINE.validate_python({"kind": name, "max_restarts": 7, **required})
    assert type(engine) is ENGINES[name].settings
    assert engine.max_restarts == 7
    assert ENGINE.validate_python(ENGINE.dump_python(engine, mode="json")) == engine
    assert ENGINE.validate_python(engine) is engine


def test_the_schema_shows_every_kind_with_its_fields() -> None:
    shown = {each["properties"]["kind"]["const"]: each for each in ENGINE.json_schema()["oneOf"]}
    assert shown.keys() == set(ENGINES)
    for name, schema in shown.items():
        assert schema["properties"].keys() == ENGINES[name].settings.model_fields.keys()


def test_settings_of_no_engine_import_no_engine() -> None:
    code = (
        "import sys; from palaestra.agents.engine import ENGINES; [ENGINES[name] for name in ENGINES];"
        "print(sorted({'vllm', 'torch', 'openai', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_kind_needs_a_name_of_its_own() -> None:
    with pytest.raises(
        TypeError, match=r'Unnamed has no name of its own; give it one: kind: Literal\["mine"\]'
    ):
        EngineKind(Unnamed, "nowhere:Engine")


def test_where_a_kind_answers_is_where_its_class_is() -> None:
    assert str(answering("vllm")) == "palaestra.sims.engines.vllm_engine:Vllm"


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
        OpenAIEngine(model="m", url=url)
