"""`critiques`: an answer, and what somebody said of it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from palaestra.runs.exports.format import Column, Format, Job, Row
from palaestra.runs.exports.parts import AUTHOR, PROMPT, PROVENANCE, UNIT, author, provenance
from palaestra.runs.exports.samples import Sample


def rows(sample: Sample, _job: Job) -> Iterator[Row]:
    """Each answer once for each critique of it in words."""
    prompt = sample.prompt
    for response in sample.responses:
        for critique in response.critiques:
            turn = sample.turns[critique.call]
            yield {
                "prompt": prompt,
                "output": response.turn.text,
                "judgment": turn.text,
                "score": critique.score,
                "unit": sample.unit,
                "critic": turn.agent,
                "critic_call": turn.call,
                **author(response),
                **provenance(sample),
            }


FORMAT = Format(
    "critiques",
    row="an answer and what somebody said of it",
    loader="CUT (`prompt`, `output`, `judgment`)",
    columns={
        **PROMPT,
        "output": Column(pl.String, "the answer"),
        "judgment": Column(pl.String, "what the critic said of it"),
        "score": Column(pl.Float64, "the critic's, in `unit`; null where it gave none"),
        "unit": UNIT,
        "critic": Column(pl.String, "who said it"),
        "critic_call": Column(pl.Int64, "the call in which it was said"),
        **AUTHOR,
        **PROVENANCE,
    },
    of_sample=rows,
    compares=True,
    remedy="Only scenarios whose judges give reasons have any, such as peer_feedback.",
    order=6,
)
