"""`reward`: the pairs of `dpo` as whole conversations, which is what reward models read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from palaestra.runs.exports.format import Column, Job, Row
from palaestra.runs.exports.formats import dpo
from palaestra.runs.exports.parts import MESSAGES, PAIR, PROVENANCE
from palaestra.runs.exports.samples import Sample


def rows(sample: Sample, job: Job) -> Iterator[Row]:
    """The pairs of a sample, each answer behind the question."""
    for row in dpo.rows(sample, job):
        prompt = row.pop("prompt")
        yield row | {"chosen": prompt + row["chosen"], "rejected": prompt + row["rejected"]}


FORMAT = replace(
    dpo.FORMAT,
    name="reward",
    row="two conversations that differ in their last answer",
    loader="TRL `RewardTrainer`",
    columns={
        "chosen": Column(MESSAGES, "the conversation that ends with the better answer"),
        "rejected": Column(MESSAGES, "the one that ends with the worse"),
        **PAIR,
        **PROVENANCE,
    },
    of_sample=rows,
    trainer="",
    order=2,
)
