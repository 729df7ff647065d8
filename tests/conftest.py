"""Fixtures shared by all tests: the real engine, started once for a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from palaestra.agents.policy import Policy
from support.real_engine import RealEngine, lora_adapter

# The machine that runs the tests may be slow: nothing depends on the clock.
settings.register_profile(
    "palaestra", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("palaestra")


@pytest.fixture(scope="session")
def real_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEngine]:
    """The real engine; every test that uses it belongs to the xdist group `engine`."""
    adapters = tmp_path_factory.mktemp("adapters")
    engine = RealEngine(
        {
            "base": Policy(max_tokens=24),
            "greedy": Policy(max_tokens=24, temperature=0),
            "first": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "first", 1)),
            "second": Policy(max_tokens=24, temperature=0, adapter=lora_adapter(adapters / "second", 2)),
        }
    )
    yield engine
    engine.close()
