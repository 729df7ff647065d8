"""What README.md and docs/servers.md show of engines can be copied into a file as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.bounded_yaml import read
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.trust import NOTHING
from palaestra.scenarios.core.load import check

CHECKOUT = Path(__file__).parents[2]
SERVERS = (CHECKOUT / "docs" / "servers.md").read_text(encoding="utf-8")
NAMES = ["vLLM", "SGLang", "llama.cpp", "Ollama", "LM Studio"]
NAMES += ["TGI", "OpenAI", "Mistral", "DeepSeek", "OpenRouter"]


def blocks(text: str) -> list[dict[str, Any]]:
    """The engines of each YAML block."""
    found = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [block["engines"] for block in map(read, found) if "engines" in block]


def section(name: str) -> str:
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", SERVERS, re.DOTALL | re.MULTILINE)
    assert found, f"docs/servers.md has no section {name}"
    return found[1]


SHOWN = {"README": blocks((CHECKOUT / "README.md").read_text(encoding="utf-8"))}
SHOWN |= {name: blocks(section(name)) for name in NAMES}


@pytest.mark.parametrize("place", SHOWN)
def test_the_engines_that_are_shown_are_valid(place: str) -> None:
    debaters = [{"name": name, "stance": "for"} for name in ("Ann", "Bo")]
    assert SHOWN[place]
    for engines in SHOWN[place]:
        check({"scenario": "debate", "motions": ["M."], "debaters": debaters, "engines": engines}, "a.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_a_server_s_engines_need_no_permission_and_its_sources_are_told(name: str) -> None:
    for engine in SHOWN[name][0].values():
        settings = OpenAIEngine.model_validate(engine)
        assert [need.refusal(NOTHING) for need in settings.needs()] in ([], [None])
    assert "\nSources: " in section(name)


def test_each_server_has_a_row_and_a_section_in_the_same_order() -> None:
    rows = re.findall(r"^\| ([^|]+?) \|", SERVERS, re.MULTILINE)
    assert rows[1:] == NAMES
    assert len(re.findall(r"^```yaml", SERVERS, re.MULTILINE)) == len(NAMES)
