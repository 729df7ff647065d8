"""Palaestra: groups of LLM agents on one engine, and every word that they say.

    import palaestra

    run = palaestra.play("debate", ["episodes=2"], dry_run=True)
    run.table("opinion")

What stands in `__all__` is the public interface. Each name is imported when it is first used, so
`import palaestra` takes no engine, no torch and no matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palaestra.agents.agent import Agent
    from palaestra.agents.answers import Choice, Json, Likelihood, Text
    from palaestra.agents.calls import Call, Question, Reply
    from palaestra.agents.failures import BadInput, PalaestraError
    from palaestra.agents.trust import Allowed
    from palaestra.metrics.metric import Metric, metric
    from palaestra.metrics.plots.plot import Plot, plot
    from palaestra.runs.run import Run
    from palaestra.scenarios.core.config import Participant, ScenarioConfig
    from palaestra.scenarios.core.contract import check_contract
    from palaestra.scenarios.core.episode import Episode, Event, Play
    from palaestra.scenarios.core.load import Scenario
    from palaestra.sims.playing.api import load, play, resume

    __version__: str

__all__ = [
    "Agent",
    "Allowed",
    "BadInput",
    "Call",
    "Choice",
    "Episode",
    "Event",
    "Json",
    "Likelihood",
    "Metric",
    "PalaestraError",
    "Participant",
    "Play",
    "Plot",
    "Question",
    "Reply",
    "Run",
    "Scenario",
    "ScenarioConfig",
    "Text",
    "__version__",
    "check_contract",
    "load",
    "metric",
    "play",
    "plot",
    "resume",
]

_NAMES = {
    "agents.agent": ("Agent",),
    "agents.answers": ("Choice", "Json", "Likelihood", "Text"),
    "agents.calls": ("Call", "Question", "Reply"),
    "agents.failures": ("BadInput", "PalaestraError"),
    "agents.trust": ("Allowed",),
    "metrics.metric": ("Metric", "metric"),
    "metrics.plots.plot": ("Plot", "plot"),
    "runs.run": ("Run",),
    "scenarios.core.config": ("Participant", "ScenarioConfig"),
    "scenarios.core.contract": ("check_contract",),
    "scenarios.core.episode": ("Episode", "Event", "Play"),
    "scenarios.core.load": ("Scenario",),
    "sims.playing.api": ("load", "play", "resume"),
}
_HOMES = {name: f"palaestra.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return version("palaestra")
    if name not in _HOMES:
        raise AttributeError(f"module 'palaestra' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
