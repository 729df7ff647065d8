"""All that commands import where they use it, imported once, so that a fork of this process is quick."""

from __future__ import annotations

import gc
import importlib
import warnings

from palaestra.agents.engine import ENGINES
from palaestra.runs import measures
from palaestra.runs.exports.format import formats
from palaestra.scenarios.core.registry import SCENARIOS

MODULES = (
    "palaestra.metrics.comparison",
    "palaestra.metrics.outcomes",
    "palaestra.runs.exports.filtered",
    "palaestra.runs.exports.folder",
    "palaestra.runs.quality.filters",
    "palaestra.runs.quality.report",
    "palaestra.runs.record.repair",
    "palaestra.runs.report.page",
    "palaestra.runs.transcript",
    "palaestra.sims.engines.prompt_encoder",
    "palaestra.sims.engines.scripted_engine",
    "palaestra.sims.playing.branch",
    "palaestra.sims.playing.sweep",
    "palaestra.sims.training.evolution_table",
    "palaestra.sims.training.evolve",
    "rich.console",
    "rich.table",
)


def preload() -> None:
    """Import it."""
    with warnings.catch_warnings(action="ignore"):
        for name in MODULES:
            importlib.import_module(name)
        for found in (SCENARIOS, ENGINES):
            for name in found:
                found[name]
        formats()
        measures.plots()
    gc.collect()
    gc.freeze()  # or each fork looks through all of it, and so copies it
