"""Whether judges prefer answers of their own policy: planted pairs have none, so a run's answers tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf
from pathlib import Path

import polars as pl

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.self_preference import self_preference
from palaestra.runs.audits.verdict import SURE, SWAYED, signed
from palaestra.runs.exports.format import Job
from palaestra.runs.exports.formats import dpo
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.exports.source import Source

UNMEASURED = "self-preference: not measured"


def of_themselves(run: Path) -> Iterator[str]:
    """How much more each policy's judges like its answers than other judges do, a line each."""
    job = Job(Source(run), ExportOptions(("dpo",), pairs=PairRule("all")), Counter(), None)
    try:
        rows = [row for sample in job.source.samples() for row in dpo.rows(sample, job)]
    except BadInput:
        rows = []
    found = self_preference(pl.DataFrame(rows, schema=dpo.FORMAT.schema()))
    for policy, estimate in found.items():
        interval = estimate.interval(SURE)
        prefers = interval is not None and interval[0] > 0 and estimate.value >= SWAYED
        told = "self: its judges favour its own answers" if prefers else "likes its own answers more by"
        yield f"policy {policy}: {told} {signed(estimate, inf)}"
    if not found:
        yield f"{UNMEASURED}: no policy judged answers of its own that others judged too"
