"""`dpo`: two answers to one question, the better one chosen."""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.runs.exports.chance import agreement_by_chance
from palaestra.runs.exports.format import Format, Job, Row
from palaestra.runs.exports.pairing import pairs
from palaestra.runs.exports.parts import PAIR, PROMPT, PROVENANCE, answer_column, pair_facts, provenance, said
from palaestra.runs.exports.samples import Sample


def rows(sample: Sample, job: Job) -> Iterator[Row]:
    """The pairs of a sample, chosen before rejected."""
    prompt = sample.prompt
    taken = list(pairs(sample, job.options.pairs, job.left_out))
    chance = agreement_by_chance(sample, job.options.pairs) if taken else None
    for pair in taken:
        yield {
            "prompt": prompt,
            "chosen": said(pair.chosen.turn, job),
            "rejected": said(pair.rejected.turn, job),
            **pair_facts(sample, pair, chance),
            **provenance(sample),
        }


FORMAT = Format(
    "dpo",
    row="two answers to one question",
    loader="TRL `DPOTrainer` (conversational, explicit prompt)",
    columns={
        **PROMPT,
        "chosen": answer_column("the better answer"),
        "rejected": answer_column("the worse one"),
        **PAIR,
        **PROVENANCE,
    },
    of_sample=rows,
    compares=True,
    options=("--pairs", "--margin", "--floor", "--thoughts"),
    remedy="Take smaller --margin and --floor, or more of the --purpose and --policy.",
    trainer="palaestra.sims.training.methods:DPO",
    order=1,
)
