"""`kto`: one answer, and whether it is a good one."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from palaestra.runs.exports.format import Column, Format, Job, Row
from palaestra.runs.exports.parts import (
    AUTHOR,
    MESSAGES,
    PROVENANCE,
    SCORED,
    answer_column,
    author,
    provenance,
    said,
    scored,
)
from palaestra.runs.exports.samples import Sample, chat, score_of


def rows(sample: Sample, job: Job) -> Iterator[Row]:
    """Each scored answer with its label: whether its score is above the threshold."""
    for response in sample.scored():
        prompt = chat(response.turn.prompt) if not sample.revised else sample.prompt
        yield {
            "prompt": prompt,
            "completion": said(response.turn, job),
            "label": score_of(response) > job.threshold,
            **scored(sample, response),
            **author(response),
            **provenance(sample),
        }


FORMAT = Format(
    "kto",
    row="one answer, good or bad",
    loader="TRL `KTOTrainer`",
    columns={
        "prompt": Column(MESSAGES, "all that the author was shown; of a revision the question"),
        "completion": answer_column("the answer"),
        "label": Column(pl.Boolean, "whether it scores above --threshold"),
        **SCORED,
        **AUTHOR,
        **PROVENANCE,
    },
    of_sample=rows,
    options=("--threshold", "--thoughts"),
    trainer="palaestra.sims.training.methods:KTO",
    order=3,
)
