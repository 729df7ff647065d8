"""An export format: one answer as text, with its score."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from palaestra.runs.exports.format import Column, Format, Job, Row
from palaestra.runs.exports.parts import PROMPT, PROVENANCE, SCORED, provenance, scored
from palaestra.runs.exports.samples import Sample


def rows(sample: Sample, job: Job) -> Iterator[Row]:
    """A row for each answer to a question; what is left out is counted by its reason."""
    for response in sample.scored():
        if not response.turn.text:
            job.left_out["answers without words"] += 1
            continue
        yield {
            "prompt": sample.prompt,
            "text": response.turn.text,
            **scored(sample, response),
            **provenance(sample),
        }


FORMAT = Format(
    "my_format",
    row="one answer as text, with its score",
    loader="what reads JSON lines, such as `polars.read_ndjson`",
    columns={**PROMPT, "text": Column(pl.String, "the answer"), **SCORED, **PROVENANCE},
    of_sample=rows,
)
