"""`reward`: the pairs of `dpo` as whole conversations, which is what reward models read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from palaestra.runs.exports.format import Job, Row
from palaestra.runs.exports.formats import dpo
from palaestra.runs.exports.parts import PAIR, PROVENANCE, answer_column
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
        "chosen": answer_column("the conversation that ends with the better answer"),
        "rejected": answer_column("the one that ends with the worse"),
        **PAIR,
        **PROVENANCE,
    },
    of_sample=rows,
    trainer="",
    order=2,
)
