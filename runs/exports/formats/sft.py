"""`sft`: one answer after what its author was shown; all there are, or those that score well."""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.runs.exports.format import Format, Job, Played, Row
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.parts import (
    AUTHOR,
    PROVENANCE,
    PURPOSE,
    SCORED,
    answer_column,
    author,
    provenance,
    said,
    scored,
)
from palaestra.runs.exports.samples import FREE, Response, Sample, chat, score_of
from palaestra.scenarios.core.trajectory import Turn


def good(sample: Sample, job: Job) -> Iterator[Row]:
    """The answers of a sample that score as much as is asked for."""
    least = job.options.at_least or 0.0
    for response in sample.scored():
        if score_of(response) >= least:
            yield _row(sample, response, job)


def all_of(played: Played, job: Job) -> Iterator[Row]:
    """Every turn of an episode in which a model spoke for itself."""
    for sample in played.samples.values():
        [response] = sample.responses
        if _learnt(response.turn, job.options) and job.takes(response.turn):
            yield _row(sample, response, job)


def _learnt(turn: Turn, options: ExportOptions) -> bool:
    """Whether a turn can be learnt: a choice is one token of ours, so only where its purpose is named."""
    return turn.answer["kind"] in FREE or bool(options.purposes)


def _row(sample: Sample, response: Response, job: Job) -> Row:
    prompt = chat(response.turn.prompt) if job.options.asked == "shown" else sample.prompt
    return {
        "messages": prompt + said(response.turn, job),
        "purpose": response.turn.purpose,
        **scored(sample, response),
        **author(response),
        **provenance(sample),
    }


FORMAT = Format(
    "sft",
    row="one answer, told apart by `purpose`",
    loader="TRL `SFTTrainer` (`messages`)",
    columns={
        "messages": answer_column("what the author was shown, or the question (--asked), and the answer"),
        "purpose": PURPOSE,
        **SCORED,
        **AUTHOR,
        **PROVENANCE,
    },
    of_sample=good,
    of_episode=all_of,
    options=("--at-least", "--asked", "--thoughts"),
    remedy="Take a smaller --at-least, or more of the --purpose and --policy; some scenarios ask no model.",
    trainer="palaestra.sims.training.methods:SFT",
    order=4,
)
